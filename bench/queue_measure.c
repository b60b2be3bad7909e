#include "queue_measure.h"

#include "queue_tails.h"
#include "team.h"

#include <headrace/batch.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The same element is often inside or in somebody's hand several times, each with a reference of its own. */
#define MOST_INSIDE                                                                                          \
  (QUEUE_MOST_CAPACITY / BENCH_ELEMENTS + BENCH_TEAM_MAX * (BENCH_MANY / BENCH_ELEMENTS + 1))

/* Shorter than this, a consumer that mostly sleeps has nothing to tell. */
#define DRIP_SECONDS 0.03

static Batch *elements[BENCH_ELEMENTS], *poison;
void *queue_element_of[BENCH_ELEMENTS + 2]; /* by batch_id, which starts at 1 */

static Batch *make_element(uint64_t id) {
  Batch *batch = batch_create(1, 1, 0);
  if (batch == NULL) {
    fprintf(stderr, "headrace-bench: %s\n", batch_last_error()->message);
    return NULL;
  }
  batch->batch_id = id;
  queue_element_of[id] = batch;
  for (int i = 1; i < MOST_INSIDE; i++) batch_retain(batch);
  return batch;
}

static void free_element(Batch *batch) {
  for (int i = 0; i < MOST_INSIDE; i++) batch_release(batch);
}

bool queue_elements_make(void) {
  for (uint32_t i = 0; i < BENCH_ELEMENTS; i++)
    if ((elements[i] = make_element(i + 1)) == NULL) return false;
  return (poison = make_element(BENCH_ELEMENTS + 1)) != NULL;
}

void queue_elements_free(void) {
  for (uint32_t i = 0; i < BENCH_ELEMENTS; i++) free_element(elements[i]);
  free_element(poison);
}

typedef struct setting {
  const queue_peer *peer;
  const queue_shape *shape;
  void *queue, *back;
  queue_run run;
  queue_part parts[BENCH_TEAM_MAX];
  bench_thread threads[BENCH_TEAM_MAX];
  unsigned count;
  histogram times;
} setting;

static const char *const roles[QUEUE_LOOPS] = {
    "producer", "consumer", "pair", "there and back",   "mirror",           "trickle", "receiver",
    "producer", "consumer", "pair", "producer of many", "consumer of many", "exact"};

static bool tells_tails(const queue_shape *shape) {
  return shape->kind == QUEUE_TAILS || shape->kind == QUEUE_TAILS_AT_ONCE;
}

static void run_part(void *argument) {
  queue_part *part = argument;
  part->loop(part);
}

static void add(setting *s, unsigned loop, unsigned how_many) {
  for (unsigned i = 0; i < how_many; i++) {
    queue_part *part = &s->parts[s->count];
    part->run = &s->run;
    part->loop = s->shape->waits ? s->peer->waits[loop] : s->peer->tries[loop];
    part->queue = s->queue;
    part->back = s->back;
    part->first = s->count * 7; /* so that threads do not push the same element at the same time */
    part->times = tells_tails(s->shape) ? queue_tails_times(s->count) : &s->times;
    s->threads[s->count++] = (bench_thread){.role = roles[loop], .run = run_part, .argument = part};
  }
}

static void fill_team(setting *s) {
  const queue_shape *shape = s->shape;
  switch (shape->kind) {
  case QUEUE_PAIRS:
    add(s, QUEUE_PAIR, shape->producers);
    break;
  case QUEUE_STREAM:
    add(s, QUEUE_PRODUCE, shape->producers);
    add(s, QUEUE_CONSUME, shape->consumers);
    break;
  case QUEUE_BULK:
    add(s, s->run.many > 1 ? QUEUE_PRODUCE_MANY : QUEUE_PRODUCE, shape->producers);
    add(s, s->run.many > 1 ? QUEUE_CONSUME_MANY : QUEUE_CONSUME, shape->consumers);
    break;
  case QUEUE_ROUND_TRIP:
    add(s, QUEUE_PING, 1);
    add(s, QUEUE_PONG, 1);
    break;
  case QUEUE_DRIP:
  case QUEUE_IDLE:
    add(s, QUEUE_TRICKLE, 1);
    add(s, QUEUE_RECEIVE, 1);
    break;
  case QUEUE_EXACTNESS:
    add(s, QUEUE_EXACT, shape->producers);
    break;
  case QUEUE_TAILS:
  case QUEUE_TAILS_AT_ONCE:
    add(s, shape->consumers > 0 ? QUEUE_TAIL_PRODUCE : QUEUE_TAIL_PAIR, shape->producers);
    add(s, QUEUE_TAIL_CONSUME, shape->consumers);
    break;
  }
}

static void set_up(setting *s, const queue_peer *peer, const queue_shape *shape, uint32_t capacity,
                   uint32_t many) {
  memset(s, 0, sizeof *s);
  s->peer = peer;
  s->shape = shape;
  s->queue = peer->create(capacity);
  if (shape->kind == QUEUE_ROUND_TRIP) s->back = peer->create(capacity);
  for (uint32_t i = 0; i < BENCH_ELEMENTS + BENCH_MANY; i++)
    s->run.elements[i] = elements[i % BENCH_ELEMENTS];
  s->run.poison = poison;
  s->run.producers = shape->producers;
  s->run.consumers = shape->consumers;
  s->run.many = many;
  s->run.gap = shape->kind == QUEUE_DRIP ? BENCH_MILLI : 0;
  s->run.at_once = shape->kind == QUEUE_TAILS_AT_ONCE;
}

static void tear_down(setting *s) {
  if (s->queue != NULL) s->peer->destroy(s->queue);
  if (s->back != NULL) s->peer->destroy(s->back);
}

typedef struct balance {
  uint64_t pushed, popped, pushed_sum, popped_sum;
} balance;

static void drain(const setting *s, void *queue, balance *b) {
  for (void *element; queue != NULL && (element = s->peer->take(queue)) != NULL;) {
    if (element == s->run.poison) continue;
    b->popped++;
    b->popped_sum += (uintptr_t)element;
  }
}

static balance add_up(const setting *s) {
  balance b = {0};
  for (unsigned i = 0; i < s->count; i++) {
    b.pushed += s->parts[i].pushed;
    b.popped += s->parts[i].popped;
    b.pushed_sum += s->parts[i].pushed_sum;
    b.popped_sum += s->parts[i].popped_sum;
  }
  return b;
}

/* Nothing lost, nothing doubled, nothing else. What the threads left inside counts as popped. */
static bool conserved(const setting *s, balance b) {
  drain(s, s->queue, &b);
  drain(s, s->back, &b);
  if (b.pushed == b.popped && b.pushed_sum == b.popped_sum) return true;
  bench_wrong("%" PRIu64 " elements went in, %" PRIu64 " came out, and their sums differ by %" PRId64 "%s",
              b.pushed, b.popped, (int64_t)(b.popped_sum - b.pushed_sum),
              s->run.many > 1 ? ", several at once" : "");
  return false;
}

static double lies_per_million(const setting *s, const balance *b) {
  uint64_t lies = 0, operations = b->pushed + b->popped;
  for (unsigned i = 0; i < s->count; i++) lies += s->parts[i].lies;
  return 1e6 * (double)lies / (double)(operations > 0 ? operations : 1);
}

static void figures(const setting *s, const balance *b, double seconds, double *values) {
  const bench_thread *consumer = &s->threads[s->count - 1];
  const histogram *h = &s->times;
  switch (s->shape->kind) {
  case QUEUE_PAIRS:
  case QUEUE_STREAM:
    values[0] = (double)(b->pushed + b->popped) / seconds / 1e6;
    break;
  case QUEUE_BULK:
    values[0] = (double)b->pushed / seconds / 1e6;
    break;
  case QUEUE_ROUND_TRIP:
    values[0] = (double)histogram_quantile(h, 0.5);
    values[1] = (double)histogram_quantile(h, 0.99);
    values[2] = (double)histogram_quantile(h, 0.999);
    values[3] = (double)h->max;
    break;
  case QUEUE_DRIP:
    values[0] = (double)histogram_quantile(h, 0.5);
    values[1] = (double)histogram_quantile(h, 0.99);
    values[2] = (double)h->max;
    values[3] = 100 * (double)consumer->cpu / (double)(consumer->end - consumer->begin);
    values[4] = (double)consumer->voluntary_switches / seconds;
    break;
  case QUEUE_IDLE:
    values[0] = (double)consumer->cpu_late / 1e3 / (0.75 * seconds);
    values[1] = (double)consumer->voluntary_switches - 1; /* one is ended by the poison */
    break;
  case QUEUE_EXACTNESS:
    values[0] = lies_per_million(s, b);
    break;
  case QUEUE_TAILS:
  case QUEUE_TAILS_AT_ONCE:
    queue_tails_figures(s->parts, s->count, seconds, values);
    break;
  }
}

static bool measure_in(setting *s, double seconds, double *values) {
  if (s->queue == NULL || (s->shape->kind == QUEUE_ROUND_TRIP && s->back == NULL)) {
    bench_wrong("the queue cannot be created");
    return false;
  }
  fill_team(s);
  double elapsed = bench_team(s->threads, s->count, &s->run.stop, seconds);
  balance b = add_up(s);
  if (!conserved(s, b)) return false;
  figures(s, &b, elapsed, values);
  return true;
}

bool queue_measure(const queue_peer *peer, const queue_shape *shape, uint32_t capacity, double seconds,
                   double *values) {
  static setting s; /* too large for a stack; one measurement at a time */
  bool drips = shape->kind == QUEUE_DRIP || shape->kind == QUEUE_IDLE;
  bool good = true;
  for (unsigned i = 0; good && (i == 0 || (i < BENCH_MAX_METRICS && shape->many[i] > 0)); i++) {
    set_up(&s, peer, shape, capacity, shape->many[i]);
    good = measure_in(&s, drips && seconds < DRIP_SECONDS ? DRIP_SECONDS : seconds, &values[i]);
    tear_down(&s);
  }
  return good;
}
