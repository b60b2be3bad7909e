#include "schedule/fibers.h"

#include <stdio.h>
#include <string.h>
#include <ucontext.h>

#include "base/sanitizers.h"
#include "schedule/schedule.h"
#include "support/stress.h"

#ifdef UNDER_ASAN
#include <sanitizer/common_interface_defs.h>
#define switch_begins  __sanitizer_start_switch_fiber
#define switch_is_done __sanitizer_finish_switch_fiber
#else
static void switch_begins(void **save, const void *bottom, size_t size) {
  (void)save, (void)bottom, (void)size;
}
static void switch_is_done(void *save, const void **bottom, size_t *size) {
  (void)save;
  if (bottom) *bottom = NULL, *size = 0;
}
#endif

enum { STACK_BYTES = 1 << 18, MAX_STEPS = 20000, MAX_CHANGES = 8 };

typedef enum fiber_state { READY, ASLEEP, ASLEEP_TO_DEADLINE, ENDED } fiber_state;

typedef struct fiber {
  ucontext_t context;
  void *sanitizer;
  fiber_state state;
  int priority;
  unsigned number; /* as counters_my_shard has it */
  bool impatient;  /* sleeping to a deadline: it may pass while others could run */
  bool in_time;    /* what its wait answers */
  const volatile void *word;
  uint64_t deadline;
  _Alignas(16) char stack[STACK_BYTES];
} fiber;

static fiber fibers[FIBERS_MAX];
static unsigned count, current, steps, changes_left, change_at[MAX_CHANGES];
static bool inside; /* a fiber is running, not the caller of fibers_run */
static bool entering;
static bool at_random, may_spin_now, tracing;
static int lowest;
static uint64_t random_state, now;
static void (*fiber_job)(unsigned number);
static ucontext_t outside;
static void *outside_sanitizer;
static const void *outside_bottom;
static size_t outside_size; /* of its stack */

static bool one_in(uint32_t n) {
  return stress_random_below(&random_state, n) == 0;
}

static void swap_to_fiber(ucontext_t *from, void **from_sanitizer, unsigned to) {
  current = to;
  switch_begins(from_sanitizer, fibers[to].stack, STACK_BYTES);
  swapcontext(from, &fibers[to].context);
}

static void swap_out(fiber *from) {
  switch_begins(from->state == ENDED ? NULL : &from->sanitizer, outside_bottom, outside_size);
  swapcontext(&from->context, &outside);
}

/* The fiber to run next, or count: all sleep or have ended. */
static unsigned choose(void) {
  unsigned best = count, patient = count;
  for (unsigned i = 0; i < count; i++) {
    const fiber *f = &fibers[i];
    if (f->state == READY || (f->state == ASLEEP_TO_DEADLINE && f->impatient)) {
      if (best == count || f->priority > fibers[best].priority) best = i;
    } else if (f->state == ASLEEP_TO_DEADLINE) {
      patient = i;
    }
  }
  return best < count ? best : patient;
}

/* Somebody else is first from now on. */
static void fall_behind(fiber *f) {
  f->priority = --lowest;
}

/* Gives control to whom it belongs; returns when it is this fiber's turn again. */
static void dispatch(void) {
  unsigned next = choose(), self = current;
  if (next < count && fibers[next].state == ASLEEP_TO_DEADLINE) {
    fibers[next].state = READY;
    fibers[next].in_time = false;
    if (now < fibers[next].deadline) now = fibers[next].deadline;
  }
  if (next == self) return;
  if (next == count)
    swap_out(&fibers[self]);
  else
    swap_to_fiber(&fibers[self].context, fibers[self].state == ENDED ? NULL : &fibers[self].sanitizer, next);
  switch_is_done(fibers[self].sanitizer, NULL, NULL);
}

static void on_point(const schedule_step *step) {
  if (!inside) return;
  if (tracing)
    printf("  step %u: fiber %u, %s at %s:%d\n", steps, current, schedule_kind_name(step->kind),
           strrchr(step->file, '/') + 1, step->line);
  steps++;
  if (steps > MAX_STEPS) {
    swap_out(&fibers[current]);
    return;
  }
  if (at_random) {
    if (one_in(3)) fall_behind(&fibers[stress_random_below(&random_state, count)]);
  } else {
    for (unsigned i = 0; i < changes_left; i++)
      if (change_at[i] == steps) fall_behind(&fibers[current]);
  }
  dispatch();
}

static void on_swapped(const schedule_step *step) {
  (void)step;
}

static bool on_weak(void) {
  return inside && one_in(16);
}

static bool on_wait(_Atomic uint32_t *word, uint32_t expected, uint64_t deadline) {
  fiber *self = &fibers[current];
  if (__extension__ __atomic_load_n((uint32_t *)(void *)word, __ATOMIC_SEQ_CST) != expected || one_in(32))
    return true;
  self->state = deadline == UINT64_MAX ? ASLEEP : ASLEEP_TO_DEADLINE;
  self->word = word;
  self->deadline = deadline;
  self->impatient = one_in(2);
  dispatch();
  return self->in_time;
}

static void on_wake(_Atomic uint32_t *word, uint32_t waking) {
  for (; waking > 0; waking--) {
    unsigned found = 0, chosen = 0;
    for (unsigned i = 0; i < count; i++)
      if ((fibers[i].state == ASLEEP || fibers[i].state == ASLEEP_TO_DEADLINE) && fibers[i].word == word &&
          one_in(++found))
        chosen = i;
    if (found == 0) return;
    fibers[chosen].state = READY;
    /* Whoever was chosen may find that the deadline has passed as well. */
    fibers[chosen].in_time = fibers[chosen].deadline == UINT64_MAX || !one_in(4);
  }
}

static uint64_t on_clock(void) {
  return ++now;
}

static bool on_may_spin(void) {
  return inside && may_spin_now;
}

static void on_give_way(void) {
  if (!inside || one_in(2)) return;
  fall_behind(&fibers[current]);
  dispatch();
}

static unsigned on_number(void) {
  return inside ? fibers[current].number : 0;
}

void fibers_be(unsigned number) {
  fibers[current].number = number;
}

static const schedule cooperative = {.point = on_point,
                                     .swapped = on_swapped,
                                     .fails_spuriously = on_weak,
                                     .wait = on_wait,
                                     .wake = on_wake,
                                     .clock = on_clock,
                                     .may_spin = on_may_spin,
                                     .give_way = on_give_way,
                                     .number = on_number};

static void fiber_main(void) {
  const void *bottom;
  size_t size;
  switch_is_done(NULL, &bottom, &size);
  if (entering) outside_bottom = bottom, outside_size = size;
  entering = false;
  unsigned self = current;
  fiber_job(self);
  fibers[self].state = ENDED;
  dispatch();
}

static void make(unsigned i) {
  fiber *f = &fibers[i];
  f->state = READY;
  f->number = i;
  f->sanitizer = NULL;
  getcontext(&f->context);
  f->context.uc_stack.ss_sp = f->stack;
  f->context.uc_stack.ss_size = STACK_BYTES;
  f->context.uc_link = NULL;
  makecontext(&f->context, fiber_main, 0);
}

static void plan(unsigned n, uint64_t seed, unsigned changes, unsigned within) {
  random_state = seed;
  count = n;
  steps = 0;
  now = 0;
  lowest = 0;
  at_random = one_in(4);
  may_spin_now = one_in(4);
  changes_left = changes < MAX_CHANGES ? changes : MAX_CHANGES;
  for (unsigned i = 0; i < changes_left; i++) change_at[i] = 1 + stress_random_below(&random_state, within);
  for (unsigned i = 0; i < n; i++) { /* a random permutation */
    unsigned j = stress_random_below(&random_state, i + 1);
    fibers[i].priority = fibers[j].priority;
    fibers[j].priority = (int)i + 1;
  }
}

fibers_end fibers_go_on(void) {
  unsigned next = choose();
  if (next < count) {
    inside = entering = true;
    if (fibers[next].state == ASLEEP_TO_DEADLINE) fibers[next].state = READY, fibers[next].in_time = false;
    swap_to_fiber(&outside, &outside_sanitizer, next);
    switch_is_done(outside_sanitizer, NULL, NULL);
    inside = false;
  }
  if (steps > MAX_STEPS) return FIBERS_ENDLESS;
  for (unsigned i = 0; i < count; i++)
    if (fibers[i].state != ENDED) return FIBERS_ASLEEP;
  return FIBERS_ENDED;
}

fibers_end fibers_run(unsigned n, void (*job)(unsigned number), uint64_t seed, unsigned changes,
                      unsigned within) {
  schedule_mine = &cooperative; /* the caller has it too: it may wake fibers */
  fiber_job = job;
  plan(n, seed, changes, within);
  for (unsigned i = 0; i < n; i++) make(i);
  return fibers_go_on();
}

bool fibers_is_asleep(unsigned number) {
  return fibers[number].state == ASLEEP;
}

unsigned fibers_steps(void) {
  return steps;
}

void fibers_trace(bool on) {
  tracing = on;
}
