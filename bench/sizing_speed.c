/* Loaders by the size of the pool and of a batch: tokens a second to a trainer that only releases, and what it waits for. */
#include "clock.h"
#include "sizing.h"

#include <string.h>

static bool drain_until(BatchLoader *loader, const sizing_cell *cell, uint64_t end, bool loses,
                        uint64_t *number, histogram *waits) {
  for (uint64_t now = bench_now(); now < end; ++*number) {
    if (loses && *number == 3) batch_release(batch_loader_next(loader));
    Batch *batch = batch_loader_next(loader);
    uint64_t came = bench_now();
    if (waits) histogram_add(waits, came - now);
    bool good = batch && (*number % 64 > 3 || sizing_is_next(cell, batch, *number));
    batch_release(batch);
    if (!good) return false;
    now = bench_now();
  }
  return true;
}

bool sizing_measure_speed(const sizing_cell *cell, double seconds, bool loses, double *values) {
  static histogram waits;
  const BatchDataset *dataset = sizing_dataset();
  batch_loader_options options = sizing_loader_options(cell);
  size_t before = sizing_allocated();
  BatchLoader *loader = dataset ? batch_loader_create(dataset, &options) : NULL;
  if (dataset && !loader) bench_wrong("no loader: %s", batch_last_error()->message);
  if (!loader) return false;
  memset(&waits, 0, sizeof waits);
  values[SIZING_MEMORY] = (double)(sizing_allocated() - before) / (1 << 20);
  uint64_t length = (uint64_t)(seconds * (double)BENCH_SECOND), number = 0;
  bool good = drain_until(loader, cell, bench_now() + length / 4 + 1, loses, &number, NULL);
  uint64_t warm = number, begin = bench_now();
  good = good && drain_until(loader, cell, begin + length, loses, &number, &waits);
  double tokens = (double)(number - warm) * cell->shape.rows * cell->shape.length;
  values[SIZING_WAITING] = tokens / (double)(bench_now() - begin);
  batch_loader_free(loader);
  sizing_quantiles(&waits, &values[SIZING_WAIT_P50]);
  return good;
}
