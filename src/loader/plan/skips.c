#include "loader/plan/skips.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"

static int compare(const void *a, const void *b) {
  const batch_loader_skip *x = a, *y = b;
  if (x->epoch != y->epoch) return x->epoch < y->epoch ? -1 : 1;
  return (x->first > y->first) - (x->first < y->first);
}

static uint64_t end_of(const batch_loader_skip *skip) {
  return skip->first + skip->count;
}

static bool check(const batch_loader_skip *skip, size_t i) {
  uint64_t end;
  if (skip->epoch >= BATCH_LOADER_ENDLESS)
    return error_fail(BATCH_ERROR_INVALID_ARGUMENT, "skips[%zu].epoch is %llu, expected below %u", i,
                      (unsigned long long)skip->epoch, BATCH_LOADER_ENDLESS);
  return !__builtin_add_overflow(skip->first, skip->count, &end) ||
         error_fail(BATCH_ERROR_OVERFLOW,
                    "skips[%zu] is %llu places from %llu on, expected an end below 2^64", i,
                    (unsigned long long)skip->count, (unsigned long long)skip->first);
}

/* Makes one of those that overlap or touch, in place; returns how many are left. list: sorted. */
static size_t merge(batch_loader_skip *list, size_t n) {
  size_t kept = 0;
  for (size_t i = 0; i < n; i++) {
    batch_loader_skip *last = kept > 0 ? &list[kept - 1] : NULL;
    if (list[i].count == 0) continue;
    if (!last || last->epoch != list[i].epoch || end_of(last) < list[i].first)
      list[kept++] = list[i];
    else if (end_of(last) < end_of(&list[i]))
      last->count = end_of(&list[i]) - last->first;
  }
  return kept;
}

/* list: [n], sorted here. */
static bool take_up(skips *s, batch_loader_skip *list, size_t n, uint64_t epoch) {
  qsort(list, n, sizeof *list, compare);
  n = merge(list, n);
  for (; n > BATCH_LOADER_MAX_SKIPS && list->epoch < epoch; n--) list++;
  if (n > BATCH_LOADER_MAX_SKIPS)
    return error_fail(BATCH_ERROR_INVALID_ARGUMENT,
                      "skips come to %zu intervals that do not touch, expected at most %d", n,
                      BATCH_LOADER_MAX_SKIPS);
  s->count = (uint32_t)n;
  memcpy(s->list, list, n * sizeof *list);
  return true;
}

bool skips_init(skips *s, const batch_loader_skip *given, size_t n, const batch_loader_skip *saved, size_t m,
                uint64_t epoch) {
  s->count = 0;
  if (n + m == 0) return true;
  batch_loader_skip *list = n <= SIZE_MAX / sizeof *list - m ? malloc((n + m) * sizeof *list) : NULL;
  if (!list) return error_fail(BATCH_ERROR_OUT_OF_MEMORY, "no memory for %zu skips", n);
  bool good = true;
  for (size_t i = 0; good && i < n; i++) good = check(&given[i], i);
  if (good && n > 0) memcpy(list, given, n * sizeof *list);
  if (good && m > 0) memcpy(list + n, saved, m * sizeof *list);
  good = good && take_up(s, list, n + m, epoch);
  free(list);
  return good;
}

uint64_t skips_next(const skips *s, uint64_t epoch) {
  for (uint32_t i = 0; i < s->count; i++)
    if (s->list[i].epoch >= epoch) return s->list[i].epoch;
  return UINT64_MAX;
}

uint64_t skips_kept(const skips *s, uint64_t epoch, uint64_t place) {
  uint64_t kept = place;
  for (uint32_t i = 0; i < s->count; i++) {
    const batch_loader_skip *skip = &s->list[i];
    if (skip->epoch != epoch || skip->first >= place) continue;
    kept -= end_of(skip) < place ? skip->count : place - skip->first;
  }
  return kept;
}

/* A place after `*place`, or it: *place is the place if nothing from interval i on were skipped. Returns the first
   interval that is behind it. */
static uint32_t move_on(const skips *s, uint64_t epoch, uint32_t i, uint64_t *place) {
  while (i < s->count &&
         (s->list[i].epoch < epoch || (s->list[i].epoch == epoch && s->list[i].first <= *place))) {
    bool here = s->list[i].epoch == epoch;
    if (here && __builtin_add_overflow(*place, s->list[i].count, place)) *place = UINT64_MAX;
    i++;
  }
  return i;
}

uint64_t skips_place(const skips *s, uint64_t epoch, uint64_t kept) {
  move_on(s, epoch, 0, &kept);
  return kept;
}

void skips_places(const skips *s, uint64_t epoch, uint64_t kept, uint32_t n, uint64_t *places) {
  uint32_t behind = move_on(s, epoch, 0, &kept);
  for (uint32_t i = 0; i < n; behind = move_on(s, epoch, behind, &kept)) {
    bool more = behind < s->count && s->list[behind].epoch == epoch;
    uint64_t next = more ? s->list[behind].first : UINT64_MAX;
    while (i < n && kept < next) places[i++] = kept++;
    if (kept == UINT64_MAX && i < n) places[i++] = kept;
  }
}
