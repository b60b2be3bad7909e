/* What a trainer waits for, as a share of its time, where the data or the trainer itself stand still now and then: by the
   size of the pool, or of the queue. Work is sleep, so that it takes as long on any number of processors. */
#include "clock.h"
#include "sizing.h"

#include <inttypes.h>
#include <pthread.h>
#include <string.h>
#include <sys/prctl.h>

/* A stall comes every PERIOD times as many batches as it lasts. */
enum { PERIOD = 10 };

typedef struct feed {
  const sizing_cell *cell;
  uint64_t step,
      fill; /* nanoseconds that the trainer takes for a batch, and a worker; fill 0: what it takes */
  uint64_t stall, every; /* of the data, so long, in so many batches; 0: none */
  uint64_t still_until;  /* the data stand still; threads share it */
  uint64_t per_epoch;    /* steps */
  BatchLoader *loader;   /* NULL: the next three */
  BatchPool *pool;
  BatchQueue *queue;
  pthread_t producer;
  bool loses;
} feed;

static void sleep_until(uint64_t then) {
  struct timespec t = {(time_t)(then / BENCH_SECOND), (long)(then % BENCH_SECOND)};
  while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL) != 0) {
  }
}

/* What making the number-th batch takes: all who make one wait while the data stand still. */
static void take_time(feed *f, uint64_t number) {
  if (f->fill > 0) sleep_until(bench_now() + f->fill);
  if (f->every > 0 && number % f->every == f->every - 1)
    __atomic_store_n(&f->still_until, bench_now() + f->stall, __ATOMIC_RELAXED);
  uint64_t until = __atomic_load_n(&f->still_until, __ATOMIC_RELAXED);
  if (until > bench_now()) sleep_until(until);
}

static bool take_time_for_first_row(const void *context, Batch *batch, uint32_t row, batch_random *random) {
  feed *f = (feed *)(uintptr_t)context;
  (void)random;
  if (row == 0) take_time(f, batch->epoch_id * f->per_epoch + batch->batch_id);
  return true;
}

/* Makes batches until the queue is closed. */
static void *produce(void *argument) {
  feed *f = argument;
  for (uint64_t number = 0;; number++) {
    Batch *batch = batch_pool_allocate(f->pool);
    if (!batch) return NULL;
    take_time(f, number);
    batch->batch_id = number;
    if (batch_queue_enqueue(f->queue, batch)) continue;
    batch_release(batch);
    return NULL;
  }
}

static bool open_loader(feed *f) {
  batch_transform transform = {take_time_for_first_row, f};
  batch_loader_options options = sizing_loader_options(f->cell);
  options.transforms = &transform;
  options.num_transforms = 1;
  const BatchDataset *dataset = sizing_dataset();
  f->loader = dataset ? batch_loader_create(dataset, &options) : NULL;
  if (dataset && !f->loader) bench_wrong("no loader: %s", batch_last_error()->message);
  if (f->loader) f->per_epoch = batch_loader_epoch_steps(f->loader);
  return f->loader != NULL;
}

/* A place in the queue for each batch but the one that is being made and the one that the trainer has. */
static bool open_queue(feed *f) {
  batch_pool_options options = BATCH_POOL_OPTIONS_INIT;
  options.pool_size = f->cell->size + 2;
  options.shape = (batch_shape){.batch_size = f->cell->shape.rows,
                                .sequence_length = f->cell->shape.length,
                                .input_type = TENSOR_INT32,
                                .mask_type = TENSOR_UINT8};
  f->pool = batch_pool_create_with(&options);
  f->queue = batch_queue_create(f->cell->size);
  if (f->pool && f->queue && pthread_create(&f->producer, NULL, produce, f) == 0) return true;
  bench_wrong("no pool, queue or thread: %s", batch_last_error()->message);
  batch_queue_free(f->queue);
  batch_pool_free(f->pool);
  return false;
}

static bool open_feed(feed *f) {
  prctl(PR_SET_TIMERSLACK, 1UL); /* threads that are made inherit it */
  return f->cell->kind == SIZING_QUEUE_STALL ? open_queue(f) : open_loader(f);
}

/* Returns false after bench_wrong(), when batches are missing from the pool. */
static bool close_feed(feed *f) {
  if (f->loader) {
    batch_loader_free(f->loader);
    return true;
  }
  batch_queue_close(f->queue);
  batch_pool_close(f->pool);
  pthread_join(f->producer, NULL);
  batch_queue_free(f->queue);
  uint32_t out = batch_pool_outstanding(f->pool);
  batch_pool_free(f->pool);
  if (out > 0) bench_wrong("%" PRIu32 " batches have not come back to the pool", out);
  return out == 0;
}

static Batch *next(feed *f) {
  return f->loader ? batch_loader_next(f->loader) : batch_queue_dequeue(f->queue);
}

/* Until when the trainer is busy with its number-th batch, which came at `since`; 0: not at all. */
static uint64_t busy_until(const feed *f, uint64_t number, uint64_t since) {
  uint64_t batches = f->cell->batches, place = number % (batches * PERIOD);
  if (f->cell->kind == SIZING_BURST && place < batches) return 0;
  bool pauses = f->cell->kind == SIZING_PAUSE && place == batches * PERIOD - 1;
  return since + f->step + (pauses ? batches * f->step : 0);
}

static bool is_right(const feed *f, const Batch *batch, uint64_t number) {
  if (f->loader) return sizing_is_next(f->cell, batch, number);
  if (batch->batch_id == number) return true;
  bench_wrong("batch %" PRIu64 " came as the %" PRIu64 "th", batch->batch_id, number);
  return false;
}

/* Trains on `count` batches; false after bench_wrong(). */
static bool train(feed *f, uint64_t count, histogram *waits, double *share) {
  uint64_t begin = bench_now(), waited = 0;
  bool good = true;
  for (uint64_t number = 0; good && number < count; number++) {
    if (f->loses && number == 3) batch_release(next(f));
    uint64_t asked = bench_now();
    Batch *batch = next(f);
    uint64_t now = bench_now();
    waited += now - asked;
    histogram_add(waits, now - asked);
    good = batch && is_right(f, batch, number);
    uint64_t until = good ? busy_until(f, number, now) : 0;
    if (until > 0) sleep_until(until);
    batch_release(batch);
  }
  *share = 100 * (double)waited / (double)(bench_now() - begin);
  return good;
}

static void set_times(feed *f, uint64_t step_ns) {
  f->step = step_ns;
  switch (f->cell->kind) {
  case SIZING_PAUSE: /* all workers together: slower than the trainer between two pauses, faster with the pause */
    f->fill = step_ns * f->cell->threads * 108 / 100;
    break;
  case SIZING_BURST:
    f->fill = step_ns * f->cell->threads * 80 / 100;
    break;
  default:
    f->stall = f->cell->batches * step_ns;
    f->every = (uint64_t)f->cell->batches * PERIOD;
  }
}

bool sizing_measure_feed(const sizing_cell *cell, uint64_t step_ns, double seconds, bool loses,
                         double *values) {
  static histogram waits;
  feed f = {.cell = cell, .loses = loses};
  memset(&waits, 0, sizeof waits);
  set_times(&f, step_ns);
  size_t before = sizing_allocated();
  if (!open_feed(&f)) return false;
  values[SIZING_MEMORY] = (double)(sizing_allocated() - before) / (1 << 20);
  sleep_until(bench_now() + 5 * BENCH_MILLI + (cell->size + 4) * f.fill / cell->threads); /* all is full */
  uint64_t period = (uint64_t)cell->batches * PERIOD;
  uint64_t periods = (uint64_t)(seconds * (double)BENCH_SECOND) / (period * step_ns);
  bool good = train(&f, (periods > 0 ? periods : 1) * period, &waits, &values[SIZING_WAITING]);
  good = close_feed(&f) && good;
  sizing_quantiles(&waits, &values[SIZING_WAIT_P50]);
  return good;
}
