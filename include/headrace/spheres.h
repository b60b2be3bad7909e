/* Spheres as running lanes: one worker thread and one queue a sphere, and stealing, so that an
   uneven distribution never leaves a worker waiting while there is work.

   Usage:
       void my_step(void *context, uint32_t sphere, Batch *batch);

       batch_spheres_options options = BATCH_SPHERES_OPTIONS_INIT;
       options.num_spheres = 4;
       options.process = my_step;
       BatchSpheres *spheres = batch_spheres_start(&options);
       batch_spheres_dispatch(spheres, BATCH_SPHERES_ANY, batch);
       batch_spheres_dispatch_many(spheres, NULL, batches, n); // or many
       batch_spheres_drain(spheres); // all dispatched so far is processed
       batch_spheres_stop(spheres);  // processes the rest, joins, frees

   A worker takes from its own lane first; when that is empty, from the fullest other one. When all are
   empty it sleeps until work is dispatched to any lane.

   Workers: they are threads of the library's. The program's signal handlers do not run in them, but for
   those of signals that an instruction raises (docs/process.md).

   Threads: dispatch, drain and the counts may run at the same time from any thread; a worker may dispatch
   (it deadlocks if every lane is full and all workers do), but not drain or stop, which would wait for
   itself. stop must be the last call.

   Fork: the workers stay in the parent. In the child every call answers BATCH_ERROR_UNSUPPORTED at once,
   but stop, which releases what is in the child's copy of the lanes and frees it. */
#ifndef HEADRACE_SPHERES_H
#define HEADRACE_SPHERES_H

#include "batch.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct BatchSpheres BatchSpheres;

/* As a lane number: the lane that the batch's symmetry group prefers (group mod num_spheres). */
#define BATCH_SPHERES_ANY UINT32_MAX

/* Start from BATCH_SPHERES_OPTIONS_INIT. */
typedef struct batch_spheres_options {
  size_t size;            /* see base.h */
  uint32_t num_spheres;   /* workers and lanes, 1 to 1024 */
  uint32_t lane_capacity; /* batches a lane; 0: 64 */
  /* Called in worker `sphere` for each batch; the worker releases the batch afterwards.
     It may not throw (see base.h). */
  void (*process)(void *context, uint32_t sphere, Batch *batch);
  void *context;
} batch_spheres_options;

#define BATCH_SPHERES_OPTIONS_INIT HEADRACE_OPTIONS_INIT(batch_spheres_options)

/* What one worker has done. Start from BATCH_SPHERE_STATS_INIT. */
typedef struct batch_sphere_stats {
  size_t size;        /* see base.h */
  uint64_t processed; /* batches */
  uint64_t stolen;    /* of these, taken from another lane */
} batch_sphere_stats;

#define BATCH_SPHERE_STATS_INIT HEADRACE_OPTIONS_INIT(batch_sphere_stats)

/* Starts the workers.
   Returns: the spheres, owned by the caller; NULL on a bad option, or when memory or threads run out. */
HEADRACE_API BatchSpheres *batch_spheres_start(const batch_spheres_options *options);

/* Gives a batch to a lane (0 to num_spheres - 1, or BATCH_SPHERES_ANY), waiting while that lane is full.
   Returns: true, and the reference is handed over; false on a bad lane, or (BATCH_CLOSED) when
   batch_spheres_stop has begun. */
HEADRACE_API bool batch_spheres_dispatch(BatchSpheres *spheres, uint32_t lane, Batch *batch);

/* Gives n batches to lanes, batches[i] to lanes[i] (0 to num_spheres - 1, or BATCH_SPHERES_ANY), as n calls
   of batch_spheres_dispatch would, those of one lane in the order given. Waits while a lane is full for the
   rest of its share. batches[i] becomes NULL when its reference is handed over.

   It is less work than the calls: of 256 batches at a time each lane gets its share, 64 in a step, as far
   as it has room, and then the workers that sleep are woken by one system call.
   lanes: [n], as batch_balance_distribution assigns them, or NULL: all to BATCH_SPHERES_ANY.
   n: may be 0, and batches NULL then.
   Returns: true, and all are handed over; false on a bad lane or batch, and none is, or (BATCH_CLOSED) when
   batch_spheres_stop has begun: what is left in batches is still the caller's. */
HEADRACE_API bool batch_spheres_dispatch_many(BatchSpheres *spheres, const uint32_t *lanes, Batch **batches,
                                              size_t n);

/* Cuts the batch into one view a lane and dispatches them; a batch of fewer rows than lanes into one view a
   row, for the first lanes. To cut and place the parts yourself, unevenly too: batch_split takes any n up
   to the number of rows, and batch_spheres_dispatch gives any batch to any lane; stealing evens out what
   the lanes got.
   Returns: true, and the caller's reference is handed over; false, and it stays, and nothing is dispatched;
   only when batch_spheres_stop begins meanwhile (BATCH_CLOSED) some views may be. */
HEADRACE_API bool batch_spheres_dispatch_split(BatchSpheres *spheres, Batch *batch);

/* Waits for an instant at which everything dispatched so far has been processed. */
HEADRACE_API void batch_spheres_drain(BatchSpheres *spheres);

/* Processes what is left, joins the workers and frees everything. NULL is fine; stopping twice aborts. */
HEADRACE_API void batch_spheres_stop(BatchSpheres *spheres);

/* Reads the counts of one worker into *stats, which begins as BATCH_SPHERE_STATS_INIT.
   Returns: true; false on a bad sphere number or size. */
HEADRACE_API bool batch_spheres_get_stats(const BatchSpheres *spheres, uint32_t sphere,
                                          batch_sphere_stats *stats);

#ifdef __cplusplus
}
#endif
#endif
