/* Queues by capacity: producers take a batch from a pool and enqueue it, consumers dequeue and release, all by the calls that
   wait. The pool has more batches than the queue holds, so that the queue is what is full. */
#include "clock.h"
#include "sizing.h"
#include "team.h"

#include <inttypes.h>
#include <string.h>

/* An unlimited queue is bounded by the batches that there are. */
enum { MOST_THREADS = 64, UNLIMITED_POOL = 16384 };

typedef struct part {
  struct hand_over *all;
  histogram calls; /* a producer's enqueues, a consumer's dequeues */
  histogram over;  /* from the call that enqueues to the end of the one that dequeues */
  uint64_t count, sum;
  uint8_t line[BENCH_LINE];
} part;

typedef struct hand_over {
  BatchPool *pool;
  BatchQueue *queue;
  uint32_t stop, producing; /* threads share them */
  bool loses;
  part parts[MOST_THREADS];
} hand_over;

/* A batch's number is when it was enqueued. */
static void produce(void *argument) {
  part *p = argument;
  hand_over *all = p->all;
  while (!bench_is(&all->stop)) {
    Batch *batch = batch_pool_allocate(all->pool);
    uint64_t begin = bench_now();
    batch->batch_id = begin;
    if (!batch_queue_enqueue(all->queue, batch)) break;
    histogram_add(&p->calls, bench_now() - begin);
    p->count++;
    p->sum += begin;
  }
  if (__atomic_sub_fetch(&all->producing, 1, __ATOMIC_ACQ_REL) == 0) batch_queue_close(all->queue);
}

static void consume(void *argument) {
  part *p = argument;
  hand_over *all = p->all;
  uint64_t begin = bench_now();
  for (Batch *batch; (batch = batch_queue_dequeue(all->queue)); begin = bench_now()) {
    uint64_t end = bench_now();
    histogram_add(&p->calls, end - begin);
    histogram_add(&p->over, end - batch->batch_id);
    if (!all->loses || p->count > 0) p->sum += batch->batch_id;
    p->count++;
    batch_release(batch);
  }
}

static bool conserved(hand_over *all, unsigned each) {
  uint64_t in = 0, in_sum = 0, out = 0, out_sum = 0;
  for (unsigned i = 0; i < 2 * each; i++) {
    *(i < each ? &in : &out) += all->parts[i].count;
    *(i < each ? &in_sum : &out_sum) += all->parts[i].sum;
  }
  uint32_t missing = batch_pool_outstanding(all->pool);
  if (in == out && in_sum == out_sum && missing == 0) return true;
  bench_wrong("%" PRIu64 " batches went in, %" PRIu64 " came out, their sums differ by %" PRIu64 ", %" PRIu32
              " have not come back",
              in, out, in_sum - out_sum, missing);
  return false;
}

/* Both ends in one: a run makes about as many calls on either side. */
static void figures(const hand_over *all, unsigned each, double seconds, double *values) {
  static histogram calls, over;
  uint64_t count = 0;
  memset(&calls, 0, sizeof calls);
  memset(&over, 0, sizeof over);
  for (unsigned i = 0; i < 2 * each; i++) {
    histogram_merge(&calls, &all->parts[i].calls);
    histogram_merge(&over, &all->parts[i].over);
    if (i < each) count += all->parts[i].count;
  }
  values[SIZING_RATE] = (double)count / seconds / 1e6;
  sizing_quantiles(&calls, &values[SIZING_CALL_P50]);
  sizing_quantiles(&over, &values[SIZING_OVER_P50]);
}

static bool make(hand_over *all, const sizing_cell *cell, double *values) {
  uint32_t batches = cell->size > 0 ? cell->size + 8 * cell->threads : UNLIMITED_POOL;
  size_t before = sizing_allocated();
  all->queue = batch_queue_create(cell->size);
  values[SIZING_QUEUE_MEMORY] = (double)(sizing_allocated() - before) / 1024;
  all->pool = batch_pool_create(batches, 1, 16, 0);
  if (all->queue && all->pool) return true;
  bench_wrong("no queue or no pool: %s", batch_last_error()->message);
  return false;
}

bool sizing_measure_queue(const sizing_cell *cell, double seconds, bool loses, double *values) {
  static hand_over all; /* large; one measurement at a time */
  bench_thread threads[MOST_THREADS];
  unsigned each = cell->threads;
  memset(&all, 0, sizeof all);
  all.producing = each;
  all.loses = loses;
  bool good = make(&all, cell, values);
  for (unsigned i = 0; i < 2 * each; i++) {
    all.parts[i].all = &all;
    threads[i] = (bench_thread){.role = i < each ? "enqueues" : "dequeues",
                                .run = i < each ? produce : consume,
                                .argument = &all.parts[i]};
  }
  if (good) figures(&all, each, bench_team(threads, 2 * each, &all.stop, seconds), values);
  good = good && conserved(&all, each);
  batch_queue_free(all.queue);
  batch_pool_free(all.pool);
  return good;
}
