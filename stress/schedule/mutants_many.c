/* Wrong rings, each wrong in one thing that ring.h and group.c take care of where several go in or come out at once. */
#include "schedule/small_queue.h"
#include "schedule/wrong_push_many.h"

#define PUSHES(name, flaw)                                                                                   \
  static ring_status push_many_##name(ring *r, const uint32_t *handles, uint32_t k, uint32_t *pushed) {      \
    return push_many_flawed(r, handles, k, pushed, flaw);                                                    \
  }                                                                                                          \
  static void name(small_queue_parts *p) {                                                                   \
    p->push_many = push_many_##name;                                                                         \
  }

PUSHES(steps_by_one, PUSH_STEPS_BY_ONE)
PUSHES(unfilled_exactly, PUSH_UNFILLED_EXACTLY)
PUSHES(hint_inside, PUSH_HINT_INSIDE)
PUSHES(says_all, PUSH_SAYS_ALL)
PUSHES(written_late, PUSH_WRITES_LATE)
PUSHES(full_by_cached, PUSH_FULL_BY_CACHED)
PUSHES(room_for_one, PUSH_ROOM_FOR_ONE)
PUSHES(group_kept, PUSH_KEEPS_GROUP)
PUSHES(group_given_by_push, PUSH_GIVES_GROUP)

/* One by one, as it was before there were groups. */
static ring_status push_many_one_by_one(ring *r, const uint32_t *handles, uint32_t k, uint32_t *pushed) {
  ring_status status = RING_OK;
  for (*pushed = 0; *pushed < k && *pushed < RING_GROUP_MOST; ++*pushed)
    if ((status = ring_push(r, handles[*pushed])) != RING_OK) break;
  return *pushed > 0 ? RING_OK : status;
}

static void one_by_one(small_queue_parts *p) {
  p->push_many = push_many_one_by_one;
}

const mutant pushed_one_by_one = {"push_many puts in one by one", one_by_one};

/* What pop may get wrong with an entry that is a group. */
typedef enum pop_flaw {
  POP_RIGHT,
  POP_GIVES_EARLY, /* the group goes back before the CAS of head, whether it succeeds or not */
  POP_GIVES_TWICE, /* by the last one and by the last but one */
  POP_GIVES_NEVER,
  POP_FIRST_OF_ALL, /* the handle is always the first of the group */
  POP_HEAD_FORGETS, /* head does not say how many of its entry have gone */
  POP_READS_LATE    /* the handle is read after the CAS of head */
} pop_flaw;

static void give(ring *r, uint64_t word) {
  uint32_t name = (uint32_t)ring_handle(word);
  group_give(r->groups, &name, 1);
}

static void give_after(ring *r, uint64_t word, uint32_t left, pop_flaw flaw) {
  if (left == 0 && flaw != POP_GIVES_EARLY && flaw != POP_GIVES_NEVER) give(r, word);
  if (left == 1 && flaw == POP_GIVES_TWICE) give(r, word);
}

static ring_status pop_flawed(ring *r, uint32_t *handle, pop_flaw flaw) {
  for (;;) {
    uint64_t head = atomic_load_explicit(&r->head, memory_order_seq_cst), start = ring_head_start(head);
    uint64_t word = atomic_load_explicit(ring_slot(r, start), memory_order_seq_cst);
    if (ring_ahead(r, start, word) != 1 || ring_count(word) == 1) return ring_pop(r, handle);
    uint32_t count = ring_count(word), left = count - ring_head_taken(head) - 1;
    uint64_t next = ring_head_after(head, 1, count), at = flaw == POP_FIRST_OF_ALL ? 0 : head;
    if (flaw == POP_HEAD_FORGETS) next = ring_head_word(ring_head_position(head) + 1, 0);
    uint32_t first = ring_first(r, at, word);
    if (left == 0 && flaw == POP_GIVES_EARLY) give(r, word);
    uint64_t seen = head;
    if (!atomic_compare_exchange_strong_explicit(&r->head, &seen, next, memory_order_seq_cst,
                                                 memory_order_seq_cst))
      continue;
    *handle = flaw == POP_READS_LATE ? ring_first(r, at, word) : first;
    give_after(r, word, left, flaw);
    return RING_OK;
  }
}

#define POPS(name, flaw)                                                                                     \
  static ring_status pop_##name(ring *r, uint32_t *handle) {                                                 \
    return pop_flawed(r, handle, flaw);                                                                      \
  }                                                                                                          \
  static void name(small_queue_parts *p) {                                                                   \
    p->pop = pop_##name;                                                                                     \
  }

POPS(group_given_early, POP_GIVES_EARLY)
POPS(group_given_twice, POP_GIVES_TWICE)
POPS(group_never_given, POP_GIVES_NEVER)
POPS(first_of_all, POP_FIRST_OF_ALL)
POPS(head_forgets, POP_HEAD_FORGETS)
POPS(read_late, POP_READS_LATE)

static ring_status push_many_right(ring *r, const uint32_t *handles, uint32_t k, uint32_t *pushed) {
  return push_many_flawed(r, handles, k, pushed, PUSH_RIGHT);
}

static ring_status pop_right(ring *r, uint32_t *handle) {
  return pop_flawed(r, handle, POP_RIGHT);
}

static void right_copies(small_queue_parts *p) {
  p->push_many = push_many_right;
  p->pop = pop_right;
}

const mutant without_flaw = {"the same copies without a flaw", right_copies};

/* pop_many gives back a group of which it has left some. */
static ring_status pop_many_giving_all(ring *r, uint32_t *handles, uint32_t k, uint32_t *taken) {
  uint64_t head = atomic_load_explicit(&r->head, memory_order_seq_cst), start = ring_head_start(head),
           seen = head;
  uint64_t word = atomic_load_explicit(ring_slot(r, start), memory_order_seq_cst);
  uint32_t left = ring_count(word) - ring_head_taken(head);
  if (ring_ahead(r, start, word) != 1 || left <= k) return ring_pop_many(r, handles, k, taken);
  for (uint32_t i = 0; i < k; i++) handles[i] = ring_first(r, head + i, word);
  if (!atomic_compare_exchange_strong_explicit(&r->head, &seen, ring_head_after(head, k, ring_count(word)),
                                               memory_order_seq_cst, memory_order_seq_cst))
    return ring_pop_many(r, handles, k, taken);
  *taken = k;
  give(r, word);
  return RING_OK;
}

static void group_given_with_some_left(small_queue_parts *p) {
  p->pop_many = pop_many_giving_all;
}

/* The slots are one too few: what goes in at the tail may fall on the entry that head is in. */
static void init_one_slot_less(ring *r, _Atomic uint64_t *slots, uint32_t capacity, uint64_t first_turn,
                               group_store *groups) {
  ring_init(r, slots, capacity - 1, first_turn, groups);
  r->capacity = capacity;
}

static void one_slot_less(small_queue_parts *p) {
  p->init = init_one_slot_less;
}

const mutant many_mutants[MANY_MUTANTS] = {
    {"push_many steps over an entry by one", steps_by_one},
    {"push_many takes an earlier turn for a filled slot", unfilled_exactly},
    {"push_many raises the hint into its group", hint_inside},
    {"push_many says k in the entry, and room for fewer", says_all},
    {"push_many writes the handles once they are published", written_late},
    {"push_many knows FULL by the cached head", full_by_cached},
    {"push_many looks for room for one", room_for_one},
    {"push_many keeps a group that it does not need", group_kept},
    {"push_many gives back the group that it pushed", group_given_by_push},
    {"push_many puts in one by one", one_by_one},
    {"pop gives the group back before its CAS", group_given_early},
    {"pop gives the group back twice", group_given_twice},
    {"pop never gives the group back", group_never_given},
    {"pop takes the first of the group again", first_of_all},
    {"head forgets how many of its entry have gone", head_forgets},
    {"pop reads the group after its CAS", read_late},
    {"pop_many gives back a group with some left", group_given_with_some_left},
    {"one slot too few", one_slot_less}};
