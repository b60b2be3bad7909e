/* The invariants of a ring (docs/ring.md, under the same numbers), for a ring that nobody is changing. */
#ifndef HEADRACE_TESTS_RING_INVARIANTS_H
#define HEADRACE_TESTS_RING_INVARIANTS_H

#include "sync/ring.h"

#include <stddef.h>

/* Whether the group of the entry at `at` is in one of those from `first` on too. */
static inline bool ring_group_is_before(const ring *r, uint64_t first, uint64_t at) {
  uint64_t word = atomic_load_explicit(ring_slot(r, at), memory_order_relaxed);
  while (ring_count(word) > 1 && ring_distance(at, first) > 0) {
    uint64_t other = atomic_load_explicit(ring_slot(r, first), memory_order_relaxed);
    if (ring_count(other) > 1 && ring_handle(other) == ring_handle(word)) return true;
    first += ring_count(other);
  }
  return false;
}

/* Returns the sentence that does not hold, with its number; NULL: all hold. */
static inline const char *ring_invariants(const ring *r) {
  uint64_t head = atomic_load_explicit(&r->head, memory_order_relaxed), at = ring_head_start(head), word;
  uint64_t hint = atomic_load_explicit(&r->tail_hint, memory_order_relaxed);
  uint64_t cached = atomic_load_explicit(&r->cached_head, memory_order_relaxed), first = at;
  bool hint_is_end = ring_distance(hint, at) <= 0, closed = false;
  for (;;) {
    word = atomic_load_explicit(ring_slot(r, at), memory_order_relaxed);
    if (ring_ahead(r, at, word) != 1) break;
    closed = ring_handle(word) == RING_CLOSED_HANDLE;
    if (closed) break;
    if (ring_handle(word) == 0) return "1: an entry names a batch or a group";
    if (ring_count(word) > RING_GROUP_MOST) return "1: an entry is of 1 to RING_GROUP_MOST handles";
    for (uint32_t i = 0; ring_count(word) > 1 && i < ring_count(word); i++)
      if (atomic_load_explicit(&group_at(r->groups, (uint32_t)ring_handle(word))->handles[i],
                               memory_order_relaxed) == 0)
        return "1: a group in an entry holds as many handles as the entry says";
    if (ring_group_is_before(r, first, at)) return "1: a group in an entry is in no other";
    at += ring_count(word);
    if (ring_distance(at, hint) == 0) hint_is_end = true;
  }
  if (!closed && ring_ahead(r, at, word) > 0) return "2: the slot of the tail is unfilled, or the mark";
  if (!closed && ring_ahead(r, at, word) <= -(INT64_C(1) << (RING_TURN_BITS - 1)) + 1)
    return "3: no slot lags by half of all turns";
  if (ring_distance(ring_head_position(head), first) != ring_head_taken(head) ||
      ring_distance(ring_head_position(head), at) > 0)
    return "4: head is inside the entry that it counts from, or at the tail";
  if (ring_distance(at, ring_head_position(head)) > (int64_t)r->capacity)
    return "5: at most capacity handles are inside";
  if (ring_distance(at, first) > (int64_t)r->mask)
    return "6: the tail is not on the slot of the entry at head";
  if (!hint_is_end || ring_distance(hint, at) > 0)
    return "7: the hint is the end of an entry, at most the tail";
  if (ring_distance(cached, ring_head_position(head)) > 0) return "8: the cached head is an earlier head";
  return NULL;
}

#endif
