#include "progress.h"

#include <headrace/base.h>
#include <stdio.h>
#include <string.h>

double progress_clock(void) {
  return (double)batch_deadline_after(0) * 1e-9;
}

progress progress_start(uint64_t steps) {
  double now = progress_clock();
  return (progress){steps, now, now};
}

static const char *who_waits(const batch_loader_stats *stats) {
  static const char *const words[] = {[BATCH_BOTTLENECK_NONE] = "nobody waits",
                                      [BATCH_BOTTLENECK_DATA] = "trainer waits for data",
                                      [BATCH_BOTTLENECK_TRAINER] = "data waits for trainer"};
  return words[stats->bottleneck];
}

bool progress_due(const progress *p, uint64_t step) {
  return step <= 1 || step >= p->steps || progress_clock() - p->shown >= 2;
}

void progress_step(progress *p, uint64_t step, double loss, uint64_t tokens,
                   const batch_loader_stats *stats) {
  if (!progress_due(p, step)) return;
  double now = progress_clock();
  p->shown = now;
  printf("step %llu/%llu  loss %.3f  %.2f Mtokens/s  %s\n", (unsigned long long)step,
         (unsigned long long)p->steps, loss, (double)tokens / (now - p->started) / 1e6, who_waits(stats));
  fflush(stdout);
}
