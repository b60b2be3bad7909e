#include "text/bpe/merges.h"

#include <stdlib.h>

static merge *place_of(const merges *all, const merge *m) {
  size_t at = merges_place(all, m->left, m->right);
  while (all->table[at].left >= 0 && (all->table[at].left != m->left || all->table[at].right != m->right))
    at = (at + 1) & all->mask;
  return &all->table[at];
}

static bool grow(merges *all) {
  size_t places = all->table ? 2 * (all->mask + 1) : 1024;
  merges grown = {reallocarray(NULL, places, sizeof *grown.table), all->count, places - 1, all->seed};
  if (!grown.table) return false;
  for (size_t i = 0; i < places; i++) grown.table[i].left = -1;
  for (size_t i = 0; all->table && i <= all->mask; i++)
    if (all->table[i].left >= 0) *place_of(&grown, &all->table[i]) = all->table[i];
  free(all->table);
  *all = grown;
  return true;
}

bool merges_add(merges *all, merge m) {
  if ((!all->table || all->count > all->mask / 2) && !grow(all)) return false;
  merge *place = place_of(all, &m);
  if (place->left < 0) all->count++;
  *place = m;
  return true;
}

void merges_free(merges *all) {
  free(all->table);
}
