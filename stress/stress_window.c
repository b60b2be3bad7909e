/* The window between many threads: workers, who get a batch from a ring of them, take a number or a ticket, write
   what belongs to it and publish; takers, who check it and give the batch back. Windows of random sizes, run to
   their end, which is known from the beginning or said by who has the last position, or closed in the middle. Each position is taken once, with the handle, the entry and the batch that
   were made for it; each taker gets rising positions; everyone comes back; no waiter and no token is left. What is
   in a batch is not atomic, so ThreadSanitizer sees whether the window publishes it.

   stress_window [seconds [threads [seed]]]     threads: workers, and as many takers */
#include <inttypes.h>
#include <stdatomic.h>
#include <string.h>

#include "support/stress.h"
#include "sync/ring.h"
#include "sync/window.h"

enum { MOST = 64, MOST_THREADS = 16, MOST_POSITIONS = 4000 };

typedef struct round_state {
  window window;
  event idle; /* workers wait on it for a batch */
  ring pool;  /* of the batches' handles */
  _Atomic uint64_t slots[MOST], entries[MOST], pool_slots[1 << RING_MIN_SHIFT];
  uint64_t batches[MOST + 1]; /* by handle: the position it is for; not atomic */
  uint64_t total, close_after;
  bool tickets, open; /* open: the window is not made for `total` */
  _Atomic uint64_t next;
  _Atomic uint64_t taken;
  _Atomic uint8_t seen[MOST_POSITIONS];
} round_state;

static round_state now;
static uint64_t positions; /* in all rounds */

typedef struct attempt {
  ring_status status;
  uint32_t handle;
} attempt;

static bool try_batch(void *context) {
  attempt *a = context;
  a->status = ring_pop(&now.pool, &a->handle);
  return a->status != RING_EMPTY;
}

static void give_back(uint32_t handle) {
  ring_push(&now.pool, handle);
  event_notify(&now.idle, 1);
}

static void close_all(void) {
  window_close(&now.window);
  ring_close(&now.pool);
  event_notify_all(&now.idle);
}

static void work(stress_thread *self) {
  (void)self;
  for (attempt a;;) {
    stress_step("waits for a batch");
    if (!try_batch(&a)) event_wait(&now.idle, try_batch, &a, UINT64_MAX);
    if (a.status == RING_CLOSED) return;
    uint64_t position = now.tickets ? window_ticket(&now.window)
                                    : atomic_fetch_add_explicit(&now.next, 1, memory_order_acq_rel);
    if (position >= now.total) {
      give_back(a.handle);
      return;
    }
    now.batches[a.handle] = position;
    atomic_store_explicit(&now.entries[position & now.window.mask], position, memory_order_relaxed);
    stress_step("publishes");
    bool ends = now.open && position + 1 == now.total, first = position % 2;
    if (ends && first) window_end(&now.window, now.total);
    stress_check(window_publish(&now.window, position, a.handle),
                 "position %" PRIu64 " is refused, head %" PRIu64, position, window_head(&now.window));
    if (ends && !first) window_end(&now.window, now.total);
  }
}

/* A window_look. */
static bool look(void *entry, uint64_t position) {
  *(uint64_t *)entry = atomic_load_explicit(&now.entries[position & now.window.mask], memory_order_relaxed);
  return true;
}

static void check(const window_taken *t, uint64_t entry, uint64_t expected) {
  stress_check(t->position >= expected, "position %" PRIu64 " comes after %" PRIu64, t->position, expected);
  stress_check(entry == t->position, "position %" PRIu64 " has the entry of %" PRIu64, t->position, entry);
  stress_check(now.batches[t->handle] == t->position, "position %" PRIu64 " has the batch of %" PRIu64,
               t->position, now.batches[t->handle]);
  stress_check(atomic_fetch_add(&now.seen[t->position], 1) == 0, "position %" PRIu64 " comes twice",
               t->position);
}

static uint64_t draw_deadline(uint64_t *random) {
  uint32_t what = stress_random_below(random, 4);
  return what == 0 ? 0 : what == 1 ? port_clock() + stress_random_below(random, 50000) : UINT64_MAX;
}

static void take(stress_thread *self) {
  for (uint64_t expected = 0;;) {
    window_taken taken;
    uint64_t entry = 0;
    stress_step("takes, or waits for the next position");
    window_status status = window_take(&now.window, look, &entry, &taken, draw_deadline(&self->random));
    if (status == WINDOW_END || status == WINDOW_CLOSED) return;
    if (status != WINDOW_OK) continue;
    check(&taken, entry, expected);
    expected = taken.position + 1;
    give_back(taken.handle);
    if (atomic_fetch_add(&now.taken, 1) == now.close_after) close_all();
  }
}

static void begin_round(uint64_t *random) {
  uint32_t size = 1 + stress_random_below(random, stress_random_below(random, 2) ? 4 : MOST);
  now.total = 1 + stress_random_below(random, MOST_POSITIONS);
  now.close_after =
      stress_random_below(random, 4) == 0 ? stress_random_below(random, (uint32_t)now.total) : UINT64_MAX;
  now.tickets = stress_random_below(random, 2);
  now.open = stress_random_below(random, 2);
  window_init(&now.window, now.slots, size, 0, now.open ? UINT64_MAX : now.total);
  event_init(&now.idle);
  ring_init(&now.pool, now.pool_slots, size, 0, NULL);
  for (uint32_t handle = 1; handle <= size; handle++) ring_push(&now.pool, handle);
  atomic_store(&now.next, 0);
  atomic_store(&now.taken, 0);
  memset((void *)now.seen, 0, sizeof now.seen);
}

static void end_round(void) {
  uint64_t taken = atomic_load(&now.taken);
  stress_check(atomic_load(&now.window.ready.word) == 0, "waiters and tokens left over: %08x",
               atomic_load(&now.window.ready.word));
  stress_check(taken == window_head(&now.window), "%" PRIu64 " taken, and the head is %" PRIu64, taken,
               window_head(&now.window));
  stress_check(taken == now.total || taken > now.close_after, "%" PRIu64 " taken of %" PRIu64, taken,
               now.total);
  positions += taken;
}

int main(int argc, char **argv) {
  stress_begin(argc, argv, 2.0, 3);
  unsigned threads = stress_threads() < MOST_THREADS ? stress_threads() : MOST_THREADS;
  uint64_t random = stress_seed(), rounds = 0;
  stress_thread workers[MOST_THREADS], takers[MOST_THREADS];
  for (; rounds == 0 || stress_goes_on(); rounds++) {
    begin_round(&random);
    stress_start(workers, threads, "worker", work, NULL);
    stress_start(takers, threads, "taker", take, NULL);
    stress_step("waits for the takers");
    stress_join(takers, threads);
    close_all(); /* workers may wait for a batch that others have ended without */
    stress_join(workers, threads);
    end_round();
  }
  return stress_end("%" PRIu64 " windows, %" PRIu64 " positions", rounds, positions);
}
