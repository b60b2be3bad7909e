#include "bench.h"
#include "clock.h"
#include "loader.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

typedef struct loop_thread {
  loader_loop loop;
  loader_loop_run *run;
  pthread_t thread;
} loop_thread;

static void *run_loop(void *context) {
  loop_thread *t = context;
  t->run(&t->loop);
  return NULL;
}

static bool make_loops(loop_thread *threads, uint32_t n, loader_loop_run *run, const loader_cell *cell,
                       const uint16_t *tokens) {
  loader_shape shape = cell->shape;
  const uint64_t *order = loader_data_order(shape, cell->shuffle);
  uint64_t windows = loader_data_steps(shape) * shape.rows;
  size_t bytes = (size_t)LOADER_BATCHES * 2 * shape.rows * shape.length * sizeof(int32_t);
  for (uint32_t i = 0; order && i < n; i++) {
    size_t first = windows * i / n, end = windows * (i + 1) / n;
    int32_t *out = aligned_alloc(64, (bytes + 63) / 64 * 64);
    threads[i] = (loop_thread){{tokens, order + first, end - first, shape, loader_data_file(), out}, run, 0};
    if (!out) return false;
    memset(out, 0, bytes);
  }
  return order;
}

/* Nanoseconds of one epoch; 0: not every thread could be made. */
static uint64_t run_epoch(loop_thread *threads, uint32_t n) {
  uint64_t begin = bench_now();
  uint32_t started = 0;
  while (started < n && pthread_create(&threads[started].thread, NULL, run_loop, &threads[started]) == 0)
    started++;
  for (uint32_t i = 0; i < started; i++) pthread_join(threads[i].thread, NULL);
  return started == n ? bench_now() - begin : 0;
}

bool loader_measure_loop(loader_loop_run *run, const loader_cell *cell, uint32_t threads, double *values) {
  static loop_thread all[LOADER_MOST_WORKERS];
  const uint16_t *tokens = loader_data_map();
  uint64_t took[LOADER_EPOCHS] = {0}, later = 0;
  if (!tokens) return false;
  memset(all, 0, sizeof all);
  bool good = make_loops(all, threads, run, cell, tokens);
  for (int epoch = 0; good && epoch < LOADER_EPOCHS; epoch++) {
    good = (took[epoch] = run_epoch(all, threads)) > 0;
    if (epoch > 0) later += took[epoch];
  }
  for (uint32_t i = 0; i < threads; i++) free(all[i].loop.out);
  loader_data_unmap(tokens);
  if (!good) {
    bench_wrong("no memory or no thread");
    return false;
  }
  double count = (double)loader_data_steps(cell->shape) * cell->shape.rows * cell->shape.length;
  values[0] = count / (double)took[0];
  values[1] = count * (LOADER_EPOCHS - 1) / (double)later;
  return true;
}
