/* Giving batches to lanes. */
#include <headrace/spheres.h>

#include <headrace/distribute.h>

#include <stdlib.h>

#include "base/error.h"
#include "core/batch_header.h"
#include "core/batch_internal.h"
#include "core/spheres_internal.h"

/* Hands a batch to a lane in the name of `function`. */
static bool dispatch(const char *function, BatchSpheres *s, uint32_t lane, Batch *batch) {
  batch_header_check(function, batch); /* here, since the queue has a name of its own */
  if (!batch_queue_enqueue(s->workers[lane].lane, batch))
    return error_fail(BATCH_CLOSED, "%s: lane %u is closed: batch_spheres_stop has begun", function, lane);
  event_notify(&s->work, 1);
  return true;
}

bool batch_spheres_dispatch(BatchSpheres *spheres, uint32_t lane, Batch *batch) {
  static const char function[] = "batch_spheres_dispatch";
  if (!spheres || !batch)
    return error_fail(BATCH_ERROR_INVALID_ARGUMENT, "%s: %s is NULL", function,
                      spheres ? "batch" : "spheres");
  if (spheres_are_elsewhere(function, spheres)) return false;
  if (lane == BATCH_SPHERES_ANY) lane = batch_symmetry_group(batch) % spheres->num_spheres;
  if (lane >= spheres->num_spheres)
    return error_fail(BATCH_ERROR_INVALID_ARGUMENT, "%s: lane is %u, expected 0 to %u or BATCH_SPHERES_ANY",
                      function, lane, spheres->num_spheres - 1);
  return dispatch(function, spheres, lane, batch);
}

/* One view a lane, the lower lanes when there are fewer rows than lanes. Lanes close from the lowest up, and
   only at the end: once a view has been refused, the rest of the batch has nowhere to go. */
bool batch_spheres_dispatch_split(BatchSpheres *spheres, Batch *batch) {
  static const char function[] = "batch_spheres_dispatch_split";
  if (!spheres) return error_fail(BATCH_ERROR_INVALID_ARGUMENT, "%s: spheres is NULL", function);
  if (spheres_are_elsewhere(function, spheres)) return false;
  if (!batch_check(function, batch)) return false;
  uint32_t n = spheres->num_spheres < batch->batch_size ? spheres->num_spheres : batch->batch_size, given = 0;
  Batch **parts = calloc(n, sizeof *parts);
  if (!parts) return error_fail(BATCH_ERROR_OUT_OF_MEMORY, "%s: no memory for %u parts", function, n);
  bool is_split = batch_split_views(function, batch, n, parts);
  while (is_split && given < n && dispatch(function, spheres, given, parts[given])) given++;
  for (uint32_t i = given; is_split && i < n; i++) batch_header_release(batch_header_of(parts[i]), function);
  free(parts);
  if (given < n) return false;
  batch_header_release(batch_header_of(batch), function);
  return true;
}
