/* The plan: which row of which source stands at which place of an epoch, as a pure function of
   (tokens, seed, epoch, place). Constant once made, but for the windows that are packed when they are needed; each
   thread reads it through a plan_reader, which only remembers what it prepared. */
#ifndef HEADRACE_LOADER_PLAN_PLAN_H
#define HEADRACE_LOADER_PLAN_PLAN_H

#include "base/fault.h"
#include "loader/plan/pack.h"
#include "loader/plan/pack_table.h"
#include "loader/plan/permutation.h"
#include "loader/plan/shares.h"

typedef struct windows windows;

typedef struct plan_source {
  const BatchDataset *dataset;
  const token_files *data;
  pack rows;      /* not where rows come in windows */
  uint64_t first; /* its first row among those of all sources, where rows do not come in windows */
  uint64_t first_document, first_token; /* the same of documents and tokens, where they do */
} plan_source;

typedef struct plan {
  plan_source *sources;
  size_t count;
  bool weighted;
  shares shares; /* weighted: of the sources */
  bool windowed; /* rows are packed by best fit, see pack_window.h */
  bool counted;  /* an epoch has `rows` rows; otherwise so many as its windows have */
  uint64_t rows;
  uint64_t seed;
  batch_shuffle shuffle;
  uint64_t block_rows;
  uint32_t sequence_length;
  batch_packing packing;
  bool whole;                 /* no row of windows of the stream that is not full */
  uint32_t window_documents;  /* windowed: of a window */
  uint32_t multiple;          /* pieces take columns in multiples of it */
  uint64_t documents, tokens; /* windowed: of all sources */
  windows *windows;           /* windowed */
} plan;

/* A row: which source, and its number there; windowed: its number in the window that has it. */
typedef struct plan_row {
  uint32_t source;
  uint64_t row;
  const pack_table *table; /* the window's; NULL: not windowed */
} plan_row;

/* Of how many columns each document's are a multiple: so many chunks it is cut into, see loader/context.h. */
uint32_t plan_multiple(const batch_loader_options *options);

/* Makes the plan of sources[0..n-1]. Sets an error, without a function's name. plan_free also after a
   failure. */
bool plan_init(plan *p, const batch_loader_source *sources, size_t n, const batch_loader_options *options);
void plan_free(plan *p);

/* The last source of which what `first` says is at most n: the one that has the row, document or token with this number
   among those of all sources. */
static inline uint32_t plan_source_of(const plan *p, uint64_t n, uint64_t (*first)(const plan_source *)) {
  size_t low = 0, high = p->count;
  while (high - low > 1) {
    size_t middle = low + (high - low) / 2;
    if (first(&p->sources[middle]) <= n)
      low = middle;
    else
      high = middle;
  }
  return (uint32_t)low;
}

/* What keys everything that is drawn for a pass: an epoch's, or, with weights, one of that source. */
uint64_t plan_pass_key(const plan *p, uint32_t source, uint64_t pass);

/* A guard_owns: whether an address lies in a mapping of the sources; and the fault that a hole there is. */
bool plan_owns(const void *plan_context, const void *address);
bool plan_report_hole(const plan *p, const void *address, fault *why);

/* How many epochs the order goes on for. */
uint64_t plan_epochs(const plan *p);

/* How many rows an epoch has; an estimate, until somebody has found the end of one, where they are not counted. */
uint64_t plan_epoch_rows(const plan *p);

/* How many pieces a row has, and the one with number i, *source: whose it is. */
uint32_t plan_pieces(const plan_row *row);
pack_piece plan_piece(const plan *p, const plan_row *row, uint32_t i, uint32_t *source);

/* A hash of the tokens, and of the documents where the packing needs them. Reads from every dataset;
   sets an error. */
bool plan_hash_data(const plan *p, uint64_t *hash);

/* A hash of the rest that the order depends on, but for seed, sequence_length, packing and shuffle: the
   weights, block_rows, and how many rows the sources have; or how many documents, and how many a window. */
uint64_t plan_hash_mix(const plan *p);

#endif
