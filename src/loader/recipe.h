/* What every batch of a loader is made of. Constant once the loader runs: all workers read it. */
#ifndef HEADRACE_LOADER_RECIPE_H
#define HEADRACE_LOADER_RECIPE_H

#include "loader/context.h"
#include "loader/plan/order.h"

typedef struct recipe {
  plan plan;
  order order;
  /* Of the batches; and with whole rows, of which a batch has parts where a context has several ranks. */
  batch_shape shape, whole;
  context_role context;
  uint32_t limit;                     /* the largest id allowed */
  int32_t pad_id;                     /* <= limit */
  uint64_t rank_row;                  /* where in a step this rank's rows begin */
  bool skip;                          /* rows with a fault become padding */
  bool masks;                         /* of pieces of rows, that may not be all 1 */
  bool no_loss_across, ignore_masked; /* as the options say */
  size_t files;                       /* of all sources */
  batch_transform *transforms;
  size_t num_transforms;
} recipe;

/* The number of a file among those of all sources. */
static inline size_t recipe_file(const recipe *r, uint32_t source_number, const token_file *file) {
  size_t before = 0;
  for (uint32_t i = 0; i < source_number; i++) before += r->plan.sources[i].data->count;
  return before + (size_t)(file - r->plan.sources[source_number].data->files);
}

/* The mapped files are numbered: those of tokens as above, then their loss masks. */
static inline size_t recipe_loss(const recipe *r, uint32_t source_number, const token_file *file) {
  return r->files + recipe_file(r, source_number, file);
}
static inline size_t recipe_mapped(const recipe *r) {
  return 2 * r->files;
}

#endif
