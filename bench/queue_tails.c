#include "queue_tails.h"

#include "team.h"

#include <string.h>

const bench_metric queue_tails_metrics[TAILS_METRICS] = {
    [TAILS_SPEED] = {"speed", "Mops/s", false},
    [TAILS_P50] = {"p50", "ns", true},
    [TAILS_P99] = {"p99", "ns", true},
    [TAILS_P999] = {"p99.9", "ns", true},
    [TAILS_MAX] = {"max", "ns", true},
    [TAILS_LEAST] = {"least", "of the mean", false},
    [TAILS_GREATEST] = {"greatest", "of the mean", true}};

/* Apart, so that no two threads write the same line. */
static struct {
  histogram times;
  uint8_t line[BENCH_LINE];
} threads[BENCH_TEAM_MAX];

histogram *queue_tails_times(unsigned thread) {
  memset(&threads[thread].times, 0, sizeof threads[thread].times);
  return &threads[thread].times;
}

static uint64_t operations(const queue_part *part) {
  return part->pushed + part->popped;
}

/* The mean of all threads that run the same loop as this one. */
static double mean_beside(const queue_part *parts, unsigned count, const queue_part *part) {
  uint64_t all = 0;
  unsigned beside = 0;
  for (unsigned i = 0; i < count; i++) {
    if (parts[i].loop != part->loop) continue;
    all += operations(&parts[i]);
    beside++;
  }
  return (double)all / beside;
}

static void shares(const queue_part *parts, unsigned count, double *least, double *greatest) {
  for (unsigned i = 0; i < count; i++) {
    double mean = mean_beside(parts, count, &parts[i]);
    double share = mean > 0 ? (double)operations(&parts[i]) / mean : 0;
    if (i == 0 || share < *least) *least = share;
    if (i == 0 || share > *greatest) *greatest = share;
  }
}

void queue_tails_figures(const queue_part *parts, unsigned count, double seconds, double *values) {
  static histogram all; /* large; one measurement at a time */
  uint64_t done = 0;
  memset(&all, 0, sizeof all);
  for (unsigned i = 0; i < count; i++) {
    histogram_merge(&all, parts[i].times);
    done += operations(&parts[i]);
  }
  values[TAILS_SPEED] = (double)done / seconds / 1e6;
  values[TAILS_P50] = (double)histogram_quantile(&all, 0.5);
  values[TAILS_P99] = (double)histogram_quantile(&all, 0.99);
  values[TAILS_P999] = (double)histogram_quantile(&all, 0.999);
  values[TAILS_MAX] = (double)all.max;
  shares(parts, count, &values[TAILS_LEAST], &values[TAILS_GREATEST]);
}
