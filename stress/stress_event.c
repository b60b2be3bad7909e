/* The event count beside a ring, its system calls counted (port_wait and port_wake are wrapped when this
   program is linked).
   1. Bursts: four consumers asleep, who once woken are held back; 1000 elements come. At most one
      wake-up call a sleeper. Control: an event without tokens makes one call an element.
   2. A stream of a producer to four consumers, signals raining on them: every element comes once.
   3. Deadlines: a sleeper among others who give up about when an element comes. Nobody gives up too
      early, the sleeper is never left beside an element, no token is left at rest.

   stress_event [seconds [threads [seed]]]     threads: consumers */
#include <inttypes.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/prctl.h>

#include "support/stress.h"
#include "sync/event.h"
#include "sync/ring.h"

enum { CAPACITY = 1023, BURST = 1000, MAX_CONSUMERS = 16, LONGEST_NS = 60000 };

/* Wrapped by the linker. */
bool __real_port_wait(_Atomic uint32_t *word, uint32_t expected, uint64_t deadline);
void __real_port_wake(_Atomic uint32_t *word, uint32_t count);
bool __wrap_port_wait(_Atomic uint32_t *word, uint32_t expected, uint64_t deadline);
void __wrap_port_wake(_Atomic uint32_t *word, uint32_t count);

static _Atomic uint64_t sleeps, wakes;
/* How many are inside port_wait, and, while HELD_BACK is set, stay there whether woken or not: one
   word, so that nobody who has been counted is already on its way out. */
static atomic_uint inside;
#define HELD_BACK (1u << 31)

bool __wrap_port_wait(_Atomic uint32_t *word, uint32_t expected, uint64_t deadline) {
  atomic_fetch_add(&sleeps, 1);
  unsigned seen = atomic_fetch_add(&inside, 1) + 1;
  bool in_time = __real_port_wait(word, expected, deadline);
  while ((seen & HELD_BACK) || !atomic_compare_exchange_weak(&inside, &seen, seen - 1)) {
    port_yield();
    seen = atomic_load(&inside);
  }
  return in_time;
}

void __wrap_port_wake(_Atomic uint32_t *word, uint32_t count) {
  atomic_fetch_add(&wakes, 1);
  __real_port_wake(word, count);
}

typedef struct shared {
  ring ring;
  _Atomic uint64_t slots[2 * (CAPACITY + 1)];
  event not_empty, not_full;
  unsigned consumers;
  void (*notify)(event *e, uint32_t k);
  _Atomic uint64_t taken, sum, late, round;
  atomic_bool over; /* no more signals */
  stress_thread team[MAX_CONSUMERS];
} shared;

typedef struct attempt {
  ring *ring;
  uint32_t handle;
  ring_status status;
} attempt;

static bool try_pop(void *context) {
  attempt *a = context;
  a->status = ring_pop(a->ring, &a->handle);
  return a->status != RING_EMPTY;
}

static bool try_push(void *context) {
  attempt *a = context;
  a->status = ring_push(a->ring, a->handle);
  return a->status != RING_FULL;
}

/* What an event count without tokens does: whoever is registered is woken again by each element. */
static void notify_without_tokens(event *e, uint32_t k) {
  if (event_waiters(atomic_load(&e->word)) == 0) return;
  port_wake(&e->word, k);
  event_notify(e, k); /* so that the control comes to an end all the same */
}

static void push(shared *s, uint32_t handle) {
  attempt a = {&s->ring, handle, RING_FULL};
  stress_step("pushes, or waits for room");
  if (!try_push(&a)) event_wait(&s->not_full, try_push, &a, UINT64_MAX);
  stress_check(a.status == RING_OK, "push answers %d", (int)a.status);
  s->notify(&s->not_empty, 1);
}

static void took(shared *s, uint32_t handle) {
  atomic_fetch_add(&s->taken, 1);
  atomic_fetch_add(&s->sum, handle);
  event_notify(&s->not_full, 1);
}

static void consume(stress_thread *self) {
  shared *s = self->context;
  attempt a = {&s->ring, 0, RING_EMPTY};
  for (;;) {
    stress_step("pops, or waits for an element");
    if (!try_pop(&a)) event_wait(&s->not_empty, try_pop, &a, UINT64_MAX);
    if (a.status == RING_CLOSED) return;
    took(s, a.handle);
  }
}

static void start(shared *s, unsigned consumers, void (*notify)(event *e, uint32_t k),
                  void (*function)(stress_thread *self)) {
  *s = (shared){.consumers = consumers, .notify = notify};
  ring_init(&s->ring, s->slots, CAPACITY, 0, NULL);
  event_init(&s->not_empty);
  event_init(&s->not_full);
  stress_start(s->team, consumers, "consumer", function, s);
}

static void end(shared *s) {
  ring_close(&s->ring);
  event_notify_all(&s->not_empty);
  stress_join(s->team, s->consumers);
  stress_check(atomic_load(&s->not_empty.word) == 0, "waiters and tokens left over: %08x",
               atomic_load(&s->not_empty.word));
  stress_check(atomic_load(&s->not_full.word) == 0, "waiters and tokens left over: %08x",
               atomic_load(&s->not_full.word));
}

static shared all;

/* Registered without a token, a consumer leaves event_sleep only once something is pushed. When all
   are, none leaves port_wait any more: it sleeps there, or came out with a word it had read before and is
   held back or goes in again. */
static void hold_all_back(shared *s) {
  stress_step("waits until the consumers are registered");
  while (atomic_load(&s->not_empty.word) != s->consumers * EVENT_WAITER) port_yield();
  atomic_fetch_or(&inside, HELD_BACK);
  stress_step("waits until the consumers are inside port_wait");
  while (atomic_load(&inside) != (HELD_BACK | s->consumers)) port_yield();
}

/* Returns the most wake-up calls that a burst took. */
static uint64_t bursts(unsigned consumers, unsigned count, void (*notify)(event *e, uint32_t k)) {
  uint64_t most = 0;
  start(&all, consumers, notify, consume);
  for (unsigned i = 0; i < count; i++) {
    hold_all_back(&all);
    uint64_t before = atomic_load(&wakes);
    for (uint32_t j = 1; j <= BURST; j++) push(&all, j);
    uint64_t calls = atomic_load(&wakes) - before;
    if (calls > most) most = calls;
    atomic_fetch_and(&inside, ~HELD_BACK);
    stress_step("waits until the burst is taken");
    while (atomic_load(&all.taken) < (uint64_t)(i + 1) * BURST) port_yield();
  }
  end(&all);
  return most;
}

static void ignore(int signal) {
  (void)signal;
}

/* Signals that interrupt what sleeps: their handler does not restart system calls. */
static void pepper(stress_thread *self) {
  shared *s = self->context;
  while (!atomic_load(&s->over)) {
    stress_step("sends signals");
    pthread_kill(s->team[stress_random_below(&self->random, s->consumers)].id, SIGUSR1);
    for (volatile uint32_t i = stress_random_below(&self->random, 5000); i > 0; i--) continue;
    port_yield();
  }
}

static uint64_t stream(unsigned consumers, double until) {
  stress_thread peppering;
  uint64_t elements = 0, sum = 0, sleeps_before = atomic_load(&sleeps), wakes_before = atomic_load(&wakes);
  start(&all, consumers, event_notify, consume);
  stress_start(&peppering, 1, "pepper", pepper, &all);
  while (elements % 1000 || stress_goes_on_until(until)) {
    uint32_t handle = (uint32_t)(elements++ % 1000003) + 1;
    sum += handle;
    push(&all, handle);
  }
  atomic_store(&all.over, true);
  stress_join(&peppering, 1);
  end(&all);
  stress_check(atomic_load(&all.taken) == elements && atomic_load(&all.sum) == sum,
               "%" PRIu64 " elements went in, %" PRIu64 " came out", elements, atomic_load(&all.taken));
  printf("  stream: %" PRIu64 " elements to %u consumers, %" PRIu64 " sleeps, %" PRIu64 " wake-up calls\n",
         elements, consumers, atomic_load(&sleeps) - sleeps_before, atomic_load(&wakes) - wakes_before);
  return elements;
}

/* Waits once a round, until a deadline, and then stays away: what it did not take is the sleeper's. */
static void quit_early(stress_thread *self) {
  shared *s = self->context;
  attempt a = {&s->ring, 0, RING_EMPTY};
  prctl(PR_SET_TIMERSLACK, 1ul); /* wake at the deadline, not up to 50 us after it */
  for (uint64_t round = 1; a.status != RING_CLOSED; round++) {
    stress_step("waits for the next round");
    while (atomic_load(&s->round) < round) port_yield();
    uint64_t deadline = port_clock() + stress_random_below(&self->random, LONGEST_NS);
    stress_step("waits for an element until a deadline");
    bool came = event_wait(&s->not_empty, try_pop, &a, deadline);
    if (came && a.status == RING_OK) took(s, a.handle);
    if (came) continue;
    stress_check(port_clock() >= deadline, "gave up before the deadline");
    atomic_fetch_add(&s->late, 1);
  }
}

static void sleep_or_quit(stress_thread *self) {
  if (self->number == 0)
    consume(self);
  else
    quit_early(self);
}

static void pause_for(uint64_t nanoseconds) {
  for (uint64_t end = port_clock() + nanoseconds; port_clock() < end;) port_pause();
}

static void deadlines(unsigned consumers, double until) {
  uint64_t pushed = 0, random = stress_seed();
  start(&all, consumers, event_notify, sleep_or_quit);
  while (stress_goes_on_until(until)) {
    atomic_fetch_add(&all.round, 1);
    for (uint32_t n = 1 + stress_random_below(&random, 2); n > 0; n--, pushed++) {
      pause_for(stress_random_below(&random, 2 * LONGEST_NS));
      push(&all, 1);
    }
    stress_step("waits until all is taken");
    while (atomic_load(&all.taken) < pushed) port_yield();
  }
  ring_close(&all.ring);
  atomic_store(&all.round, UINT64_MAX);
  end(&all);
  stress_check(atomic_load(&all.taken) == pushed, "%" PRIu64 " went in, %" PRIu64 " came out", pushed,
               atomic_load(&all.taken));
  printf("  deadlines: %" PRIu64 " elements, %" PRIu64 " deadlines passed\n", pushed, atomic_load(&all.late));
}

int main(int argc, char **argv) {
  stress_begin(argc, argv, 2.0, 4);
  unsigned consumers = stress_threads() < MAX_CONSUMERS ? stress_threads() : MAX_CONSUMERS;
  struct sigaction action = {.sa_handler = ignore};
  sigaction(SIGUSR1, &action, NULL);
  uint64_t most = bursts(consumers, 50, event_notify), control = bursts(consumers, 2, notify_without_tokens);
  printf("  bursts of %d to %u sleepers: at most %" PRIu64 " wake-up calls; control without tokens: %" PRIu64
         "\n",
         BURST, consumers, most, control);
  stress_check(most <= consumers, "%" PRIu64 " wake-up calls for %u sleepers", most, consumers);
  stress_check(control >= BURST, "the control makes %" PRIu64 " calls only: nothing is counted", control);
  uint64_t elements = stream(consumers, 0.5);
  deadlines(consumers, 1.0);
  return stress_end("%" PRIu64 " elements, each once", elements);
}
