/* The sizing suite: what its files share. sizing.c has its cells; sizing_feed.c measures what a trainer waits for beside
   stalls, sizing_queue.c queues by capacity, sizing_speed.c loaders by pool and batch. */
#ifndef BENCH_SIZING_H
#define BENCH_SIZING_H

#include "bench.h"
#include "histogram.h"
#include "loader.h"

typedef enum sizing_kind {
  SIZING_STALL,       /* the loader's data stand still now and then */
  SIZING_PAUSE,       /* the trainer does, and is a little faster than the workers else */
  SIZING_BURST,       /* the trainer takes several batches at once now and then */
  SIZING_QUEUE_STALL, /* as SIZING_STALL, of a producer with a pool and a queue of its own */
  SIZING_QUEUE,       /* producers and consumers that only hand over */
  SIZING_SPEED        /* a loader whose trainer only releases */
} sizing_kind;

typedef struct sizing_cell {
  sizing_kind kind;
  uint32_t size;    /* batches of the loader's pools, or the queue's capacity, 0: unlimited */
  uint32_t batches; /* that a trainer takes while a stall or a pause lasts, or in a burst */
  uint32_t threads; /* workers, or producers and as many consumers */
  loader_shape shape;
} sizing_cell;

enum { SIZING_WAITING, SIZING_WAIT_P50, SIZING_WAIT_P99, SIZING_WAIT_P999, SIZING_MEMORY, SIZING_METRICS };
enum {
  SIZING_RATE,
  SIZING_CALL_P50,
  SIZING_CALL_P99,
  SIZING_CALL_P999,
  SIZING_OVER_P50,
  SIZING_OVER_P99,
  SIZING_OVER_P999,
  SIZING_QUEUE_MEMORY,
  SIZING_QUEUE_METRICS
};

/* Each measures once, values as above (of a speed: SIZING_WAITING are Gtokens/s); step_ns: what a trainer takes for a
   batch. `loses`: the control, which loses a batch. Return false after bench_wrong(). */
bool sizing_measure_feed(const sizing_cell *cell, uint64_t step_ns, double seconds, bool loses,
                         double *values);
bool sizing_measure_queue(const sizing_cell *cell, double seconds, bool loses, double *values);
bool sizing_measure_speed(const sizing_cell *cell, double seconds, bool loses, double *values);

/* In microseconds, the three quantiles of a histogram of nanoseconds. */
void sizing_quantiles(const histogram *times, double *values);

/* Bytes that malloc has given out. */
size_t sizing_allocated(void);

/* Options of a loader over the suite's tokens, in order, which never ends. */
batch_loader_options sizing_loader_options(const sizing_cell *cell);

/* Whether this is the `number`-th batch of such a loader, and of its tokens. Else bench_wrong(). */
bool sizing_is_next(const sizing_cell *cell, const Batch *batch, uint64_t number);

/* The dataset of the loaders, opened once; NULL after bench_wrong(). */
const BatchDataset *sizing_dataset(void);

#endif
