/* How a ring lies in memory: its words, slots and positions, and how they are read (docs/ring.md, Layout). ring.h says
   what is done with them. */
#ifndef HEADRACE_SYNC_RING_LAYOUT_H
#define HEADRACE_SYNC_RING_LAYOUT_H

#include "group.h"
#include "handle.h"
#include "port.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#ifndef RING_TURN_BITS
#define RING_TURN_BITS (HANDLE_COUNT_BITS - GROUP_COUNT_BITS)
#endif
/* The fewest slots: so a turn comes again after 2^(RING_TURN_BITS + RING_MIN_SHIFT) handles at the earliest. */
#ifndef RING_MIN_SHIFT
#define RING_MIN_SHIFT 10
#endif

#define RING_TURN_MASK     ((UINT64_C(1) << RING_TURN_BITS) - 1)
#define RING_TURN_SHIFT    (HANDLE_BITS + GROUP_COUNT_BITS)
#define RING_CLOSED_HANDLE HANDLE_END
#define RING_GROUP_MOST    GROUP_MOST /* so many handles go in at once at most */
#define RING_POP_MOST      256u       /* so many come out at once at most */
/* With more slots than 2^HANDLE_BITS positions would wrap out of step with turns. */
#define RING_MAX_CAPACITY (HANDLE_END + 1 - RING_GROUP_MOST)

typedef struct ring {
  /* Written by ring_init only. */
  _Alignas(PORT_LINE) _Atomic uint64_t *slots; /* [m], m a power of two >= capacity + RING_GROUP_MOST */
  group_store *groups;                         /* NULL: handles go in one by one */
  uint64_t mask;                               /* m - 1 */
  uint32_t shift;                              /* log2 m */
  uint32_t capacity;
  /* The next handle to take, see ring_head_position; consumers CAS it. */
  _Alignas(PORT_LINE) _Atomic uint64_t head;
  /* Producers store both: the end of an entry, so a position <= the tail, and some earlier position of head. */
  _Alignas(PORT_LINE) _Atomic uint64_t tail_hint;
  _Atomic uint64_t cached_head;
  port_crowd late_producers, late_consumers; /* who have lost a CAS */
} ring;

/* log2 of the slots that a capacity takes. The entry that head is in may begin RING_GROUP_MOST - 1 before it; what
   goes in at the tail, the closing mark too, must not fall on its slot. */
static inline uint32_t ring_shift_for(uint32_t capacity) {
  uint32_t shift = RING_MIN_SHIFT;
  while ((UINT64_C(1) << shift) < (uint64_t)capacity + RING_GROUP_MOST) shift++;
  return shift;
}

static inline uint64_t ring_handle(uint64_t word) {
  return handle_of(word);
}

static inline uint32_t ring_count(uint64_t word) {
  return (uint32_t)(word >> HANDLE_BITS & GROUP_COUNT_MASK) + 1;
}

static inline uint64_t ring_turn_of(const ring *r, uint64_t position) {
  return (position >> r->shift) & RING_TURN_MASK;
}

static inline uint64_t ring_word(uint64_t turn, uint32_t count, uint64_t handle) {
  return (turn & RING_TURN_MASK) << RING_TURN_SHIFT | (uint64_t)(count - 1) << HANDLE_BITS | handle;
}

static inline _Atomic uint64_t *ring_slot(const ring *r, uint64_t position) {
  return &r->slots[position & r->mask];
}

/* Positions are numbers modulo 2^(64 - GROUP_COUNT_BITS): how far b is before a. */
static inline int64_t ring_distance(uint64_t a, uint64_t b) {
  return (int64_t)((a - b) << GROUP_COUNT_BITS) >> GROUP_COUNT_BITS;
}

/* What head says: how many handles before the position belong to the same entry, which have gone, and the position. */
#define RING_POSITION_BITS (64 - GROUP_COUNT_BITS)
#define RING_POSITION_MASK ((UINT64_C(1) << RING_POSITION_BITS) - 1)
static inline uint64_t ring_head_position(uint64_t head) {
  return head & RING_POSITION_MASK;
}
static inline uint32_t ring_head_taken(uint64_t head) {
  return (uint32_t)(head >> RING_POSITION_BITS);
}
static inline uint64_t ring_head_word(uint64_t position, uint32_t taken) {
  return (uint64_t)taken << RING_POSITION_BITS | (position & RING_POSITION_MASK);
}
/* Where the entry begins. What is above the bits of a position says nothing. */
static inline uint64_t ring_head_start(uint64_t head) {
  return head - ring_head_taken(head);
}
/* head after `some` more of its entry, which is of `count`. */
static inline uint64_t ring_head_after(uint64_t head, uint32_t some, uint32_t count) {
  if (count == 1) return ring_head_position(head + 1);
  uint32_t taken = ring_head_taken(head) + some;
  return ring_head_word(head + some, taken == count ? 0 : taken);
}

/* How many turns the word seen in position's slot is past that of a slot that may be filled for position. 1: position
   has been filled, and no later one; more: a later one has; less: it has not been filled. */
static inline int64_t ring_ahead(const ring *r, uint64_t position, uint64_t word) {
  uint64_t difference = (word >> RING_TURN_SHIFT) - (position >> r->shift); /* modulo all turns */
  return (int64_t)(difference << (64 - RING_TURN_BITS)) >> (64 - RING_TURN_BITS);
}

/* Makes an empty ring over slots[1 << ring_shift_for(capacity)], 1 <= capacity <= RING_MAX_CAPACITY, whose groups
   come from a store that several rings may share. first_turn is 0 but for tests of the wrap. Not yet shared, so relaxed
   will do. */
static inline void ring_init(ring *r, _Atomic uint64_t *slots, uint32_t capacity, uint64_t first_turn,
                             group_store *groups) {
  r->slots = slots;
  r->groups = groups;
  r->shift = ring_shift_for(capacity);
  r->mask = (UINT64_C(1) << r->shift) - 1;
  r->capacity = capacity;
  for (uint64_t i = 0; i <= r->mask; i++)
    atomic_store_explicit(&slots[i], ring_word(first_turn, 1, 0), memory_order_relaxed);
  uint64_t first = first_turn << r->shift;
  atomic_store_explicit(&r->head, ring_head_word(first, 0), memory_order_relaxed);
  atomic_store_explicit(&r->tail_hint, first, memory_order_relaxed);
  atomic_store_explicit(&r->cached_head, first, memory_order_relaxed);
  r->late_producers = r->late_consumers = (port_crowd){0};
}

/* The end of the entry in position's slot, which was seen `ahead` >= 1 turns ahead: nothing before it is unfilled. */
static inline uint64_t ring_end_of(const ring *r, uint64_t position, uint64_t word, int64_t ahead) {
  return position + ((uint64_t)(ahead - 1) << r->shift) + ring_count(word);
}

#endif
