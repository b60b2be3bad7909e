/* What a loader has done, and who waits for whom.

   Usage:
       batch_loader_stats stats = BATCH_LOADER_STATS_INIT;
       batch_loader_get_stats(loader, &stats);
       printf("%.1f Mtokens/s, waiting for: %s\n", stats.tokens / seconds / 1e6, stats.bottleneck); */
#ifndef HEADRACE_STATS_H
#define HEADRACE_STATS_H

#include "base.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Start from BATCH_LOADER_STATS_INIT. */
typedef struct batch_loader_stats {
  size_t size;              /* see base.h */
  uint64_t batches;         /* delivered */
  uint64_t tokens;          /* in them: positions whose mask was not 0 before the transforms */
  uint64_t bytes;           /* of the files, read to fill what was filled so far */
  uint64_t errors;          /* batches with a fault, delivered or not */
  uint64_t skipped;         /* rows in them that were made padding (BATCH_FAULT_SKIP) */
  uint64_t trainer_wait_ns; /* spent in next calls while nothing was ready, all threads together */
  uint64_t worker_wait_ns;  /* spent by workers waiting for a batch to come back, all together */
  uint64_t worker_fill_ns;  /* spent by workers filling and transforming, all together */
  uint64_t pool_hits;       /* a worker found an idle batch at once */
  uint64_t pool_misses;     /* it had to wait for one */
  uint32_t queue_depth;     /* batches that are ready and not yet taken */
  uint32_t workers;
  const char *bottleneck; /* "data": the trainer waits for the workers; "trainer": the workers wait for
                             the trainer; "none": neither has waited. Static storage */
} batch_loader_stats;

#define BATCH_LOADER_STATS_INIT HEADRACE_OPTIONS_INIT(batch_loader_stats)

#ifdef __cplusplus
}
#endif
#endif
