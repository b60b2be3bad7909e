/* Distribution of batches to spheres (trainer threads) and to the 12 symmetry groups.

   Usage:
       Batch *parts[4];
       batch_distribute_to_spheres(batch, 4, parts); // views, one a sphere
       batch_assign_to_group(batch, 7);

   A symmetry group is a property of the data and a hint where to run it, never a thread.

   Threads: the functions use only their arguments; two may not work on one batch at once. */
#ifndef HEADRACE_DISTRIBUTE_H
#define HEADRACE_DISTRIBUTE_H

#include "batch.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Cuts a batch into one zero-copy view a sphere, as batch_split. For fewer rows than spheres use
   batch_spheres_dispatch_split, or batch_split into as many parts as there are rows (spheres.h).
   num_spheres: 1 to batch_size.
   sphere_batches: [num_spheres], filled with the views.
   Returns: true; false, and sphere_batches untouched, on failure. */
HEADRACE_API bool batch_distribute_to_spheres(const Batch *batch, uint32_t num_spheres,
                                              Batch **sphere_batches);

/* Puts a symmetry group, 0 to 11, into bits 60-63 of batch_id.
   Returns: true; false on any other. */
HEADRACE_API bool batch_assign_to_group(Batch *batch, uint32_t symmetry_group);

/* Returns the symmetry group that batch_assign_to_group wrote; 0 before. */
HEADRACE_API uint32_t batch_symmetry_group(const Batch *batch);

/* Assigns n batches to spheres so that each gets about the same cost: valid tokens, the sum of the mask, or
   1 where that is not a positive number (no valid token, an additive mask). Longest processing time first
   (Graham 1969): the costliest batch goes to the least loaded sphere, ties to the lower one, equal batches
   in the order given; so equal costs give 0,1,2,...,0,1,2,... The largest load is at most
   4/3 - 1/(3 num_spheres) of the best possible.
   n: at least 1, and so is num_spheres.
   assignments: [n], filled with sphere numbers, which batch_spheres_dispatch_many takes as lanes (spheres.h).
   Returns: true; false on a bad argument or lack of memory. */
HEADRACE_API bool batch_balance_distribution(Batch **batches, uint32_t n, uint32_t num_spheres,
                                             uint32_t *assignments);

#ifdef __cplusplus
}
#endif
#endif
