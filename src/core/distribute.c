#include <headrace/distribute.h>

#include <math.h>
#include <stdlib.h>

#include "base/error.h"
#include "core/batch_internal.h"
#include "core/tensor_internal.h"

bool batch_distribute_to_spheres(const Batch *batch, uint32_t num_spheres, Batch **sphere_batches) {
  static const char function[] = "batch_distribute_to_spheres";
  if (!batch_check(function, batch)) return false;
  if (!sphere_batches)
    return error_fail(BATCH_ERROR_INVALID_ARGUMENT,
                      "%s: sphere_batches is NULL, expected room for %u batches", function, num_spheres);
  if (num_spheres == 0 || num_spheres > batch->batch_size)
    return error_fail(BATCH_ERROR_INVALID_ARGUMENT,
                      "%s: num_spheres is %u, expected 1 to the batch's %u rows", function, num_spheres,
                      batch->batch_size);
  return batch_split_views(function, batch, num_spheres, sphere_batches);
}

bool batch_assign_to_group(Batch *batch, uint32_t symmetry_group) {
  if (!batch) return error_fail(BATCH_ERROR_INVALID_ARGUMENT, "batch_assign_to_group: batch is NULL");
  if (symmetry_group >= BATCH_SYMMETRY_GROUPS)
    return error_fail(BATCH_ERROR_INVALID_ARGUMENT,
                      "batch_assign_to_group: symmetry_group is %u, expected 0 to %d", symmetry_group,
                      BATCH_SYMMETRY_GROUPS - 1);
  batch->batch_id = (batch->batch_id & ~BATCH_GROUP_MASK) | (uint64_t)symmetry_group << BATCH_GROUP_SHIFT;
  return true;
}

uint32_t batch_symmetry_group(const Batch *batch) {
  if (batch) return (uint32_t)(batch->batch_id >> BATCH_GROUP_SHIFT);
  error_set(BATCH_ERROR_INVALID_ARGUMENT, "batch_symmetry_group: batch is NULL");
  return 0;
}

typedef struct job {
  double cost;
  uint32_t index; /* in the order given */
} job;

/* Costliest first, equal ones in the order given. */
static int compare_jobs(const void *a, const void *b) {
  const job *x = a, *y = b;
  if (x->cost != y->cost) return x->cost > y->cost ? -1 : 1;
  return x->index < y->index ? -1 : 1;
}

/* Valid tokens; handling a batch without any takes a little too, so that such ones spread as well. The sum
   of an additive mask counts nothing. */
static double cost_of(const Batch *batch) {
  double sum = 0;
  for (size_t i = 0; i < batch->mask.total_size; i++) sum += tensor_load(&batch->mask, i);
  return sum > 0 && isfinite(sum) ? sum : 1;
}

/* A min-heap of spheres by (load, number): moves the root down after its load has grown. */
static void sift_down(uint32_t *heap, const double *load, uint32_t n) {
  uint32_t at = 0, sphere = heap[0];
  for (;;) {
    uint32_t child = 2 * at + 1;
    if (child >= n) break;
    if (child + 1 < n && (load[heap[child + 1]] < load[heap[child]] ||
                          (load[heap[child + 1]] == load[heap[child]] && heap[child + 1] < heap[child])))
      child++;
    /* cppcheck-suppress arrayIndexThenCheck; two spheres are compared, an index with none of its limits */
    if (load[sphere] < load[heap[child]] || (load[sphere] == load[heap[child]] && sphere < heap[child]))
      break;
    heap[at] = heap[child];
    at = child;
  }
  heap[at] = sphere;
}

static bool balance_check(Batch **batches, uint32_t n, uint32_t num_spheres, const uint32_t *assignments) {
  static const char function[] = "batch_balance_distribution";
  if (!batches || !assignments)
    return error_fail(BATCH_ERROR_INVALID_ARGUMENT, "%s: %s is NULL", function,
                      batches ? "assignments" : "batches");
  if (n == 0 || num_spheres == 0)
    return error_fail(BATCH_ERROR_INVALID_ARGUMENT,
                      "%s: n is %u and num_spheres %u, expected at least 1 of each", function, n,
                      num_spheres);
  for (uint32_t i = 0; i < n; i++) {
    if (!batches[i]) return error_fail(BATCH_ERROR_INVALID_ARGUMENT, "%s: batches[%u] is NULL", function, i);
    if (!batch_check(function, batches[i])) return false;
  }
  return true;
}

bool batch_balance_distribution(Batch **batches, uint32_t n, uint32_t num_spheres, uint32_t *assignments) {
  if (!balance_check(batches, n, num_spheres, assignments)) return false;
  uint32_t used =
      num_spheres < n ? num_spheres : n; /* more spheres than batches stay idle: the higher ones */
  job *jobs = malloc(n * sizeof *jobs);
  double *load = calloc(used, sizeof *load);
  uint32_t *heap = malloc(used * sizeof *heap);
  bool complete = jobs && load && heap;
  for (uint32_t i = 0; complete && i < n; i++) jobs[i] = (job){cost_of(batches[i]), i};
  for (uint32_t i = 0; complete && i < used; i++) heap[i] = i;
  if (complete) qsort(jobs, n, sizeof *jobs, compare_jobs);
  for (uint32_t i = 0; complete && i < n; i++) {
    assignments[jobs[i].index] = heap[0];
    load[heap[0]] += jobs[i].cost;
    sift_down(heap, load, used);
  }
  free(jobs);
  free(load);
  free(heap);
  return complete ||
         error_fail(BATCH_ERROR_OUT_OF_MEMORY, "batch_balance_distribution: no memory for %u batches", n);
}
