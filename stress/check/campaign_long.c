#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "check/campaign.h"
#include "check/long_history.h"
#include "check/recorder.h"
#include "support/stress.h"

/* One queue and its long history. */
typedef struct run {
  const campaign *campaign;
  void *queue;
  unsigned calls;     /* a thread, more or less */
  unsigned producers; /* of a stream; 0: every thread does everything and nobody waits for ever */
  bool closes_early;  /* thread 0 does, somewhere in the middle */
  uint64_t salt;
  size_t room; /* calls a log has room for */
  history_operation *log[CAMPAIGN_THREADS];
  size_t n[CAMPAIGN_THREADS];
  _Atomic unsigned producing;
} run;

static history_mode some_mode(const run *r, uint64_t *random, bool may_wait) {
  uint32_t die = stress_random_below(random, 64);
  if (!r->campaign->subject->waits || die < 56) return HISTORY_TRY;
  return die < 62 && may_wait ? HISTORY_BLOCKING : HISTORY_TIMED;
}

static void close_once(recorder *own, size_t *close_at, size_t never) {
  recorder_close(own);
  *close_at = never;
}

/* Everything in turn, in phases in which the queue fills and drains. */
static void do_everything(const run *r, recorder *own, unsigned number) {
  uint32_t phase = r->campaign->capacity ? r->campaign->capacity * 2 + 16 : 1024;
  size_t close_at = r->closes_early && number == 0
                        ? r->calls / 2 + stress_random_below(own->random, r->calls / 2)
                        : r->room;
  while (own->n < r->calls) {
    uint32_t die = stress_random_below(own->random, 32);
    bool fills = own->n / phase % 2 == 0;
    if (own->n >= close_at)
      close_once(own, &close_at, r->room);
    else if (die < (fills ? 6u : 3u))
      recorder_push_many(own, some_mode(r, own->random, false));
    else if (die < (fills ? 20u : 10u))
      recorder_push(own, some_mode(r, own->random, false));
    else if (die < 26)
      recorder_pop(own, some_mode(r, own->random, false));
    else if (die < 29)
      recorder_pop_many(own);
    else
      recorder_peek(own);
  }
}

/* Pushes as many as it can do calls; the last producer closes. */
static void produce(run *r, recorder *own, unsigned number) {
  size_t close_at = r->closes_early && number == 0
                        ? r->calls / 2 + stress_random_below(own->random, r->calls / 2)
                        : r->room;
  bool closed = false;
  while (own->n < r->calls && !closed) {
    if (own->n >= close_at) {
      close_once(own, &close_at, r->room);
      continue;
    }
    (stress_random_below(own->random, 4) == 0 ? recorder_push_many
                                              : recorder_push)(own, some_mode(r, own->random, true));
    closed = recorder_result(own) == HISTORY_CLOSED;
  }
  if (atomic_fetch_sub(&r->producing, 1) == 1) recorder_close(own);
}

/* Takes until the queue is closed and drained; only calls that succeed once its log fills up. */
static void consume(const run *r, recorder *own) {
  bool closed = false;
  while (!closed) {
    uint32_t die = own->n < r->calls ? stress_random_below(own->random, 16) : 0;
    if (die < 11)
      recorder_pop(own, own->n < r->calls ? some_mode(r, own->random, true) : HISTORY_BLOCKING);
    else if (die < 14)
      recorder_pop_many(own);
    else
      recorder_peek(own);
    closed = recorder_result(own) == HISTORY_CLOSED;
  }
}

static void take_part(stress_thread *self) {
  run *r = self->context;
  unsigned number = self->number;
  self->random ^= r->salt;
  recorder own = {.subject = r->campaign->subject,
                  .queue = r->queue,
                  .thread = (uint8_t)number,
                  .random = &self->random,
                  .log = r->log[number],
                  .next_value = 1 + number * HISTORY_MANY * (r->calls + HISTORY_MANY)};
  stress_step("records a long history");
  if (r->producers == 0)
    do_everything(r, &own, number);
  else if (number < r->producers)
    produce(r, &own, number);
  else
    consume(r, &own);
  r->n[number] = own.n;
  recorder_finish(&own);
}

/* All logs behind one another, in the memory of one. */
static history_operation *gather(run *r, size_t *n) {
  *n = 0;
  for (unsigned i = 0; i < r->campaign->threads; i++) *n += r->n[i];
  history_operation *all = malloc((*n + 1) * sizeof *all);
  stress_check(all, "no memory");
  size_t at = 0;
  for (unsigned i = 0; i < r->campaign->threads; at += r->n[i++])
    memcpy(all + at, r->log[i], r->n[i] * sizeof *all);
  return all;
}

static bool check_run(run *r, campaign_tally *tally) {
  size_t n;
  history_fault fault;
  history_operation *all = gather(r, &n);
  history_checker *checker = history_checker_create();
  stress_check(checker, "no memory");
  stress_step("checks a long history");
  bool right = !history_has_fault(checker, r->campaign->capacity, all, n, &fault);
  tally->long_histories++;
  campaign_count(tally, all, n);
  if (!right && !r->campaign->quiet) {
    printf("%s, capacity %u, history of %zu calls: ", r->campaign->subject->name, r->campaign->capacity, n);
    history_fault_print(stdout, &fault);
  }
  history_checker_free(checker);
  free(all);
  return right;
}

static void prepare(run *r, const campaign *c, unsigned calls) {
  bool stream = c->subject->waits && c->threads > 1 && stress_random_below(c->random, 2);
  *r = (run){.campaign = c, .calls = calls, .salt = stress_random(c->random)};
  r->producers = stream ? 1 + stress_random_below(c->random, c->threads - 1) : 0;
  r->closes_early = stress_random_below(c->random, 3) == 0;
  /* A consumer may take all that is pushed by itself, one by one. */
  r->room = ((size_t)calls + HISTORY_MANY) * (1 + HISTORY_MANY * c->threads);
  r->queue = c->subject->create(c->subject->variant, c->capacity, c->random);
  atomic_store(&r->producing, r->producers);
  for (unsigned i = 0; i < c->threads; i++) {
    r->log[i] = malloc(r->room * sizeof *r->log[i]);
    stress_check(r->log[i], "no memory");
  }
}

bool campaign_long(const campaign *c, unsigned calls, campaign_tally *tally) {
  stress_thread threads[CAMPAIGN_THREADS];
  run r;
  prepare(&r, c, calls);
  stress_start(threads, c->threads, "recorder", take_part, &r);
  stress_join(threads, c->threads);
  c->subject->destroy(r.queue);
  bool right = check_run(&r, tally);
  for (unsigned i = 0; i < c->threads; i++) free(r.log[i]);
  return right;
}

void campaign_count(campaign_tally *tally, const history_operation *operations, size_t n) {
  tally->calls += n;
  for (size_t i = 0; i < n; i++) {
    tally->kind[operations[i].kind]++;
    tally->result[operations[i].result]++;
    tally->waiting += operations[i].mode != HISTORY_TRY;
    tally->in_turn += operations[i].in_turn;
    if (operations[i].kind == HISTORY_PUSH_MANY && operations[i].count > 1)
      tally->together += operations[i].count;
  }
}
