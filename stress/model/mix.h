/* Small mixes of the calls of a ring with groups, or with MIX_LIST of a list of such rings. What the threads were
   answered must be what a queue answers that takes one call after another, in some order that keeps to each thread's;
   that order ends with what is inside in the end. What was written before an element was pushed is seen by who pops it
   or peeks at it, nobody pops what another one has, and every group is free when the ring is empty. That the order also
   agrees with other things that happen is the part of the clients with witnesses.

   Elements are 1 to 15; a state of the queue is a word of four bits each, the front lowest, and MIX_CLOSED. */
#ifndef HEADRACE_STRESS_MODEL_MIX_H
#define HEADRACE_STRESS_MODEL_MIX_H

#ifndef MODEL_GROUP
#define MODEL_GROUP 2
#endif
#include "model/model.h"

#ifdef MIX_LIST
#include "model/list.h"
#define MIX_CAPACITY 15
#define MIX_OF(call) ring_list_##call
#define mix_store    list_groups
#define mix_pop_one  list_pop
#define mix_begin()  list_prepare(0)
#else
#include "model/groups.h"
#include "sync/ring.h"
static ring tested;
static group_store mix_store;
static _Atomic uint64_t mix_slots[8];
#define MIX_OF(call)         ring_##call
#define mix_pop_one(element) ring_pop(&tested, element)
#define mix_begin()          ring_init(&tested, mix_slots, MIX_CAPACITY, MIX_TURN, &mix_store)
#endif

/* What a client defines, beside model_threads (3 at most), MIX_CAPACITY (3 at most) and model_thread. MIX_TURN: the first.
   MIX_KEPT: groups that there are not. MIX_PEEKS: threads peek, so who pops an element is not alone with it. */
static void mix_prepare(void);
#ifndef MIX_TURN
#define MIX_TURN 0
#endif
#ifndef MIX_KEPT
#define MIX_KEPT 0
#endif
#ifndef MIX_PEEKS
#define MIX_PEEKS false
#endif

enum { MIX_MAIN = 3, MIX_CALLS = 8 };
#define MIX_CLOSED (UINT64_C(1) << 60)
#define MIX_NEVER  UINT64_MAX

typedef enum mix_kind { MIX_PUSH, MIX_POP, MIX_PEEK, MIX_CLOSE, MIX_IS_FULL, MIX_IS_EMPTY } mix_kind;

/* What a call was answered: count elements, or true or false as the status. */
typedef struct mix_call {
  mix_kind kind;
  unsigned status;
  unsigned count;
  uint64_t elements;
} mix_call;

static mix_call mix_calls[MIX_MAIN + 1][MIX_CALLS];
static unsigned mix_done[MIX_MAIN + 1];
static unsigned mix_written[16]; /* not atomic: the ring must publish it */

static inline void mix_note(unsigned thread, mix_kind kind, unsigned status, unsigned count,
                            const uint32_t *handles) {
  mix_call *call = &mix_calls[thread][mix_done[thread]++];
  call->kind = kind;
  call->status = status;
  call->count = count;
  call->elements = 0;
  for (unsigned i = 0; i < count; i++) call->elements |= (uint64_t)handles[i] << 4 * i;
}

/* Pushes first, first + 1 and so on. */
static inline void mix_push_many(unsigned thread, uint32_t first, uint32_t k) {
  uint32_t handles[4], pushed;
  for (uint32_t i = 0; i < k; i++) {
    handles[i] = first + i;
    mix_written[first + i] = first + i;
  }
  ring_status status = MIX_OF(push_many)(&tested, handles, k, &pushed);
  assert(pushed <= k && (status == RING_OK) == (pushed > 0));
  mix_note(thread, MIX_PUSH, status, pushed, handles);
}

static inline void mix_push(unsigned thread, uint32_t element) {
  mix_written[element] = element;
  ring_status status = MIX_OF(push)(&tested, element);
  mix_note(thread, MIX_PUSH, status, status == RING_OK, &element);
}

/* Whoever has popped an element has it alone. */
static inline void mix_own(uint32_t element) {
  assert(mix_written[element] == element);
  if (!MIX_PEEKS) mix_written[element] = 0;
}

static inline void mix_pop_many(unsigned thread, uint32_t k) {
  uint32_t handles[4], taken;
  ring_status status = MIX_OF(pop_many)(&tested, handles, k, &taken);
  assert(taken <= k && (status == RING_OK) == (taken > 0));
  /* NOLINTNEXTLINE(clang-analyzer-core.CallAndMessage): so many have been written */
  for (uint32_t i = 0; i < taken; i++) mix_own(handles[i]);
  mix_note(thread, MIX_POP, status, taken, handles);
}

static inline ring_status mix_pop(unsigned thread) {
  uint32_t element = 0;
  ring_status status = mix_pop_one(&element);
  if (status == RING_OK) mix_own(element);
  mix_note(thread, MIX_POP, status, status == RING_OK, &element);
  return status;
}

static inline bool mix_keep(uint32_t handle) {
  return handle != 0;
}
static inline void mix_drop(uint32_t handle) {
  (void)handle;
}

static inline void mix_peek(unsigned thread) {
  uint32_t element = 0;
  ring_status status = MIX_OF(peek)(&tested, mix_keep, mix_drop, &element);
  if (status == RING_OK) assert(mix_written[element] == element);
  mix_note(thread, MIX_PEEK, status, status == RING_OK, &element);
}

#ifdef MIX_LIST
static inline void mix_close(unsigned thread) {
  ring_list_close(&tested);
  mix_note(thread, MIX_CLOSE, RING_OK, 0, 0);
}
#else
static inline void mix_close(unsigned thread) {
  mix_note(thread, MIX_CLOSE, ring_close(&tested), 0, 0);
}
static inline void mix_is_full(unsigned thread) {
  mix_note(thread, MIX_IS_FULL, ring_is_full(&tested), 0, 0);
}
#endif
static inline void mix_is_empty(unsigned thread) {
  mix_note(thread, MIX_IS_EMPTY, MIX_OF(is_empty)(&tested), 0, 0);
}

/* Of capacity 2 and groups of two: leaves a slot behind that lay inside a group a lap ago, as the next one to be filled. */
static inline void mix_leave_a_slot_behind(void) {
  mix_push_many(MIX_MAIN, 1, 2);
  mix_pop_many(MIX_MAIN, 2);
  mix_push_many(MIX_MAIN, 1, 2);
  mix_pop_many(MIX_MAIN, 2);
  mix_push(MIX_MAIN, 1);
  mix_pop(MIX_MAIN);
}

/* Of capacity 2 with 1 and 2 inside: takes them and sends two groups more round all slots. */
static inline void mix_go_round(unsigned number) {
  mix_pop_many(number, 2);
  mix_push_many(number, 3, 2);
  mix_pop_many(number, 2);
  mix_push_many(number, 5, 2);
}

static inline unsigned mix_size(uint64_t state) {
  unsigned size = 0;
  for (state &= ~MIX_CLOSED; state != 0; state >>= 4) size++;
  return size;
}

/* The state after a push or a pop that succeeded. */
static inline uint64_t mix_moved(uint64_t state, const mix_call *call) {
  unsigned size = mix_size(state);
  uint64_t closed = state & MIX_CLOSED, front = (UINT64_C(1) << 4 * call->count) - 1;
  if (call->kind == MIX_PUSH)
    return closed || size + call->count > MIX_CAPACITY ? MIX_NEVER : state | call->elements << 4 * size;
  if (call->count > size || (state & front) != call->elements) return MIX_NEVER;
  return call->kind == MIX_PEEK ? state : (state & ~MIX_CLOSED) >> 4 * call->count | closed;
}

/* The state after a call, or MIX_NEVER where it cannot have been answered so. */
static inline uint64_t mix_after(uint64_t state, const mix_call *call) {
  bool closed = (state & MIX_CLOSED) != 0, full = mix_size(state) == MIX_CAPACITY, right = false;
  if (call->count > 0) return mix_moved(state, call);
  if (call->kind == MIX_CLOSE)
    return call->status == (closed ? RING_CLOSED : RING_OK) ? state | MIX_CLOSED : MIX_NEVER;
  if (call->kind == MIX_PUSH)
    right = closed ? call->status == RING_CLOSED : full && call->status == RING_FULL;
  else if (call->kind == MIX_IS_FULL)
    right = call->status == full;
  else if (call->kind == MIX_IS_EMPTY)
    right = call->status == (mix_size(state) == 0);
  else
    right = mix_size(state) == 0 && call->status == (closed ? RING_CLOSED : RING_EMPTY);
  return right ? state : MIX_NEVER;
}

/* Whether the calls that are left, from `at` of each thread on, lead from a state to the last one. */
static inline bool mix_explains(uint64_t state, unsigned at0, unsigned at1, unsigned at2, uint64_t last) {
  if (state == MIX_NEVER) return false;
  if (at0 == mix_done[0] && at1 == mix_done[1] && at2 == mix_done[2]) return state == last;
  return (at0 < mix_done[0] && mix_explains(mix_after(state, &mix_calls[0][at0]), at0 + 1, at1, at2, last)) ||
         (at1 < mix_done[1] && mix_explains(mix_after(state, &mix_calls[1][at1]), at0, at1 + 1, at2, last)) ||
         (at2 < mix_done[2] && mix_explains(mix_after(state, &mix_calls[2][at2]), at0, at1, at2 + 1, last));
}

static void model_prepare(void) {
  groups_reset(&mix_store, MIX_KEPT);
  mix_begin();
  for (unsigned i = 0; i <= MIX_MAIN; i++) mix_done[i] = 0;
  for (unsigned i = 0; i < 16; i++) mix_written[i] = 0;
  mix_prepare();
}

static void model_check(void) {
  uint64_t first = 0, last = 0;
  uint32_t element;
  for (unsigned i = 0; i < mix_done[MIX_MAIN]; i++) first = mix_after(first, &mix_calls[MIX_MAIN][i]);
  for (unsigned n = 0; mix_pop_one(&element) == RING_OK; n++) last |= (uint64_t)element << 4 * n;
  if (mix_pop_one(&element) == RING_CLOSED) last |= MIX_CLOSED;
  assert(mix_explains(first, 0, 0, 0, last));
  assert(groups_taken(&mix_store) == MIX_KEPT);
}

#endif
