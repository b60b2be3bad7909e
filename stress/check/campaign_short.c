#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "check/campaign.h"
#include "check/recorder.h"
#include "support/stress.h"

enum { CALLS = 4, PREFILL = 3, HISTORIES = 64, VALUES = CALLS * HISTORY_MANY, SPINS = 2000 };
enum { LOGGED = CALLS - 1 + HISTORY_MANY }; /* calls a thread: one of several in turn at most */

/* One queue, what every thread did on it, and last what was done before they began. */
typedef struct history {
  void *queue;
  bool closes; /* thread 0 closes it at last, so the others may wait for ever */
  unsigned n[CAMPAIGN_THREADS + 1];
  history_operation log[CAMPAIGN_THREADS + 1][LOGGED];
} history;

typedef struct team {
  const campaign *campaign;
  unsigned rounds;
  uint64_t salt;             /* of the threads' random numbers */
  _Atomic uint64_t arrivals; /* at all barriers so far */
  _Atomic bool wrong;
  history histories[HISTORIES];
  campaign_tally tallies[CAMPAIGN_THREADS];
} team;

typedef struct member {
  team *team;
  stress_thread *thread;
  uint64_t barriers; /* passed so far */
  history_search *search;
} member;

/* Threads leave it as near to each other as can be. */
static void barrier(member *m) {
  uint64_t all = ++m->barriers * m->team->campaign->threads;
  atomic_fetch_add_explicit(&m->team->arrivals, 1, memory_order_acq_rel);
  for (unsigned spins = 0; atomic_load_explicit(&m->team->arrivals, memory_order_acquire) < all; spins++)
    if (spins > SPINS) sched_yield();
}

static recorder recorder_for(const member *m, history *h, unsigned thread) {
  return (recorder){.subject = m->team->campaign->subject,
                    .queue = h->queue,
                    .thread = (uint8_t)thread,
                    .random = &m->thread->random,
                    .log = h->log[thread],
                    .next_value = 1 + thread * VALUES};
}

static void make_history(member *m, history *h) {
  const campaign *c = m->team->campaign;
  uint64_t *random = &m->thread->random;
  h->queue = c->subject->create(c->subject->variant, c->capacity, random);
  h->closes = stress_random_below(random, 2);
  recorder r = recorder_for(m, h, CAMPAIGN_THREADS);
  uint32_t most = c->capacity && c->capacity < PREFILL ? c->capacity : PREFILL;
  for (uint32_t i = stress_random_below(random, most + 1); i > 0; i--) recorder_push(&r, HISTORY_TRY);
  h->n[CAMPAIGN_THREADS] = (unsigned)r.n;
}

static history_mode some_mode(const member *m, const history *h) {
  uint32_t die = stress_random_below(&m->thread->random, 10);
  if (!m->team->campaign->subject->waits || die < 7) return HISTORY_TRY;
  return die == 7 && h->closes && m->thread->number > 0 ? HISTORY_BLOCKING : HISTORY_TIMED;
}

/* The last call may be one of several that waits, and several in the log. */
static void some_call(const member *m, const history *h, recorder *r, bool last) {
  uint32_t die = stress_random_below(r->random, 16);
  if (die < 3)
    recorder_push_many(r, last ? some_mode(m, h) : HISTORY_TRY);
  else if (die < 7)
    recorder_push(r, some_mode(m, h));
  else if (die < 12)
    recorder_pop(r, some_mode(m, h));
  else if (die < 14)
    recorder_pop_many(r);
  else
    recorder_peek(r);
}

/* Moves the threads against each other. */
static void dawdle(uint64_t *random) {
  uint32_t die = stress_random_below(random, 64);
  if (die == 0) sched_yield();
  if (die > 32) return;
  for (volatile uint32_t i = stress_random_below(random, 100); i > 0; i--) continue;
}

static void do_calls(member *m, history *h) {
  unsigned number = m->thread->number;
  recorder r = recorder_for(m, h, number);
  barrier(m);
  for (unsigned i = 1; i <= CALLS; i++) {
    dawdle(r.random);
    if (i == CALLS && number == 0 && h->closes)
      recorder_close(&r);
    else
      some_call(m, h, &r, i == CALLS);
  }
  h->n[number] = (unsigned)r.n;
  recorder_finish(&r);
}

static unsigned gather(const history *h, unsigned threads, history_operation *all) {
  unsigned n = 0;
  for (unsigned t = 0; t <= CAMPAIGN_THREADS; t++) {
    if (t >= threads && t < CAMPAIGN_THREADS) continue;
    memcpy(all + n, h->log[t], h->n[t] * sizeof *all);
    n += h->n[t];
  }
  return n;
}

static bool overlaps(const history_operation *all, unsigned n) {
  for (unsigned i = 0; i < n; i++)
    for (unsigned j = 0; j < i; j++)
      if (all[i].thread != all[j].thread && all[i].invoked <= all[j].responded &&
          all[j].invoked <= all[i].responded)
        return true;
  return false;
}

static void check_history(member *m, history *h) {
  const campaign *c = m->team->campaign;
  campaign_tally *tally = &m->team->tallies[m->thread->number];
  history_operation all[(CAMPAIGN_THREADS + 1) * LOGGED];
  unsigned n = gather(h, c->threads, all);
  c->subject->destroy(h->queue);
  tally->short_histories++;
  tally->overlapping += overlaps(all, n);
  campaign_count(tally, all, n);
  if (history_is_linearizable(m->search, (history_model){.capacity = c->capacity}, all, n)) return;
  bool first = !atomic_exchange(&m->team->wrong, true);
  if (!first || c->quiet) return;
  printf("%s, capacity %u: not linearizable:\n", c->subject->name, c->capacity);
  history_print(stdout, all, n);
}

static void take_part(stress_thread *self) {
  team *all = self->context;
  member m = {.team = all, .thread = self, .search = history_search_create()};
  stress_check(m.search, "no memory");
  self->random ^= all->salt;
  for (unsigned round = 0; round < all->rounds; round++) {
    stress_step("records short histories");
    for (unsigned i = self->number; i < HISTORIES; i += all->campaign->threads)
      make_history(&m, &all->histories[i]);
    barrier(&m);
    for (unsigned i = 0; i < HISTORIES; i++) do_calls(&m, &all->histories[i]);
    barrier(&m);
    stress_step("checks short histories");
    for (unsigned i = self->number; i < HISTORIES; i += all->campaign->threads)
      check_history(&m, &all->histories[i]);
    barrier(&m);
    if (atomic_load(&all->wrong)) break;
  }
  history_search_free(m.search);
}

static void add_tally(campaign_tally *sum, const campaign_tally *part) {
  const uint64_t *from = (const uint64_t *)part;
  uint64_t *to = (uint64_t *)sum;
  for (size_t i = 0; i < sizeof *sum / sizeof *to; i++) to[i] += from[i];
}

bool campaign_short(const campaign *c, unsigned rounds, campaign_tally *tally) {
  stress_thread threads[CAMPAIGN_THREADS];
  team *all = calloc(1, sizeof *all);
  stress_check(all, "no memory");
  all->campaign = c;
  all->rounds = rounds;
  all->salt = stress_random(c->random);
  stress_start(threads, c->threads, "recorder", take_part, all);
  stress_join(threads, c->threads);
  for (unsigned i = 0; i < c->threads; i++) add_tally(tally, &all->tallies[i]);
  bool right = !atomic_load(&all->wrong);
  free(all);
  return right;
}
