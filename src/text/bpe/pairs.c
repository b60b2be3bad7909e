#include "text/bpe/pairs.h"

#include <stdlib.h>

bool pairs_init(pairs *p, uint64_t seed, int32_t room) {
  *p = (pairs){.of = reallocarray(NULL, (size_t)room + 1, sizeof *p->of), .room = room, .seed = seed};
  return slots_init(&p->found, (uint32_t)room) && p->of;
}

void pairs_free(pairs *p) {
  free(p->of);
  slots_free(&p->found);
}

static bool grow(pairs *p) {
  slots found;
  if (p->room > INT32_MAX / 4) return false;
  pair *grown = reallocarray(p->of, 2 * (size_t)p->room + 1, sizeof *grown);
  if (grown) p->of = grown;
  if (!grown || !slots_init(&found, 2 * (uint32_t)p->room)) return false;
  for (size_t at = 0; at <= p->found.mask; at++) {
    uint32_t slot = p->found.table[at], number = slot_number(&p->found, slot);
    if (slot) slots_put(&found, pairs_hash(p, grown[number]), number);
  }
  slots_free(&p->found);
  p->found = found;
  p->room *= 2;
  return true;
}

bool pairs_set(pairs *p, pair of, int32_t number) {
  if (number == p->room && !grow(p)) return false;
  int32_t old = pairs_find(p, of.left, of.right);
  uint64_t hash = pairs_hash(p, of);
  p->of[number] = of;
  if (old == NO_PAIR)
    slots_put(&p->found, hash, (uint32_t)number);
  else
    slots_change(&p->found, hash, (uint32_t)old, (uint32_t)number);
  return true;
}
