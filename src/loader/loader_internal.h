/* The parts of a loader: what its files share. */
#ifndef HEADRACE_LOADER_LOADER_INTERNAL_H
#define HEADRACE_LOADER_LOADER_INTERNAL_H

#include <pthread.h>

#include "headrace/pool.h"
#include "loader/delivery.h"
#include "loader/fill.h"
#include "loader/resident.h"
#include "sync/counters.h"
#include "sync/thread.h"

/* What loader->counts counts, see batch_loader_stats. */
enum {
  COUNT_BATCHES,
  COUNT_TOKENS,
  COUNT_MASKED,
  COUNT_PADDING,
  COUNT_CROPPED,
  COUNT_BYTES,
  COUNT_ERRORS,
  COUNT_SKIPPED,
  COUNT_TRAINER_WAIT,
  COUNT_WORKER_WAIT,
  COUNT_FILL
};

typedef struct worker {
  BatchLoader *loader;
  BatchPool *pool; /* where its batches come from */
  pthread_t thread;
  filler filler;
  order_reader steps, later; /* of the steps that it fills; of those that it asks for ahead */
  resident_worker pages;
  /* No step below this one is with the worker; it writes, batch_loader_get_state reads. */
  _Alignas(PORT_LINE) _Atomic uint64_t step;
} worker;

struct BatchLoader {
  recipe recipe;
  delivery delivery;
  resident resident;
  /* Worker i takes batches from number i mod num_pools: of its own pools, one a worker if there are so many batches, or of
     the one that is the caller's. */
  BatchPool **pools; /* [num_pools]; NULL: not opened yet */
  uint32_t num_pools;
  unsigned loan; /* of a pool of the caller's, see pool_internal.h; 0: they are its own */
  bool as_they_come;
  unsigned generation; /* of the process that its workers are in, see thread.h */
  uint64_t started;    /* when, in nanoseconds of CLOCK_MONOTONIC */
  uint32_t num_workers;
  worker *workers;                                /* [num_workers] */
  uint32_t running;                               /* of these, how many threads were started */
  _Alignas(PORT_LINE) _Atomic uint64_t next_step; /* of the run; workers take the next one */
  _Atomic bool closed;                            /* batch_loader_close sets it, workers read it */
  pthread_mutex_t look_lock;                      /* over looked */
  order_reader looked;                            /* the step that batch_loader_get_state found last */
  _Atomic uint64_t data_hash;                     /* plan_hash_data; 0: not yet computed */
  counters counts;
};

/* Whether its workers are in the process that forked this one. */
static inline bool loader_is_copy(const BatchLoader *loader) {
  return loader->generation != thread_generation();
}

/* Whether the workers stayed behind in a fork: sets an error in the name of `function`. */
bool loader_is_elsewhere(const char *function, const BatchLoader *loader);

/* Sentences that functions set which are not told a name have none; whoever is called by the user puts its own
   before (error_name). */

/* options.c: copies a caller's options to mine, in the name of `function`. */
bool loader_read_options(const char *function, const batch_loader_options *given, batch_loader_options *mine);

/* Says what is wrong with an option. */
#define wrong(...) error_fail(BATCH_ERROR_INVALID_ARGUMENT, __VA_ARGS__)

/* options_batch.c: what its batches are, what they are before they are cut, and which part of a context that leaves. */
batch_shape loader_shape(const batch_loader_options *options);
batch_shape loader_whole_shape(const batch_loader_options *options);
context_role loader_context(const batch_loader_options *options);

/* Checks the options that say so; first, since the above take those that are right. Sets an error. */
bool loader_check_batch_options(const batch_loader_options *options);

/* Checks the options (sets an error) and writes what follows from them. */
bool loader_check_options(const batch_loader_options *options);
bool loader_make_recipe(recipe *r, const batch_loader_source *sources, size_t n,
                        const batch_loader_options *options);

/* state.c: the place that options->resume says, or the beginning; and what the run skips. */
bool loader_origin(const plan *p, const batch_loader_options *options, order_place *origin, skips *skipped);

/* Whether it is a state of this version, and undamaged. */
bool loader_state_is_sound(const batch_loader_state *state);

/* Bytes of a state up to its last skip. */
size_t loader_state_bytes(uint32_t num_skips);

/* batches.c: opens the pools in the name of `function`; *most: how many of their batches can be out at a time, as long
   as the loader has them. */
bool loader_open_pools(const char *function, BatchLoader *loader, const batch_loader_options *options,
                       uint32_t *most);
void loader_leave_pools(BatchLoader *loader);

/* Has all workers that wait for a batch look again: the loader is closed. */
void loader_wake_workers(BatchLoader *loader);

/* Whether it is one of those that the loader's batches come from. */
bool loader_has_pool(const BatchLoader *loader, const BatchPool *pool);

/* worker.c */
void *worker_run(void *worker_pointer);

#endif
