#include "text/bpe/merge.h"

#include <string.h>

size_t merge_ids(const merges *all, int32_t *ids, size_t count) {
  for (;;) {
    const merge *lowest = NULL;
    size_t at = 0;
    for (size_t i = 0; i + 1 < count; i++) {
      const merge *m = merges_find(all, ids[i], ids[i + 1]);
      if (!m || (lowest && m->rank >= lowest->rank)) continue;
      lowest = m;
      at = i;
    }
    if (!lowest) return count;
    ids[at] = lowest->id;
    memmove(ids + at + 1, ids + at + 2, (count - at - 2) * sizeof *ids);
    count--;
  }
}
