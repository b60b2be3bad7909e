/* The plan: which row of which source stands at which place of an epoch, as a pure function of
   (tokens, seed, epoch, place). Constant once made; each thread reads it through a plan_reader,
   which only remembers what it prepared. */
#ifndef HEADRACE_LOADER_PLAN_PLAN_H
#define HEADRACE_LOADER_PLAN_PLAN_H

#include "loader/plan/pack.h"
#include "loader/plan/permutation.h"
#include "loader/plan/shares.h"

typedef struct plan_source {
  const BatchDataset *dataset;
  const token_files *data;
  pack rows;
  uint64_t first; /* its first row among those of all sources */
} plan_source;

typedef struct plan {
  plan_source *sources;
  size_t count;
  bool weighted;
  shares shares; /* weighted: of the sources */
  uint64_t rows; /* of an epoch */
  uint64_t seed;
  batch_shuffle shuffle;
  uint64_t block_rows;
  uint32_t sequence_length;
  batch_packing packing;
  uint32_t multiple; /* of columns, that a document has */
  bool whole;        /* no row of windows that is not full */
} plan;

/* A row: which source, and its number there. */
typedef struct plan_row {
  uint32_t source;
  uint64_t row;
} plan_row;

/* A permutation that stays prepared while its key and count do. */
typedef struct plan_cache {
  uint64_t key;
  permutation order;
} plan_cache;

typedef struct plan_reader {
  const plan *plan;
  shares_reader shares; /* weighted */
  struct {
    plan_cache outer, inner;
  } * shuffles; /* [sources] weighted, else [1] */
} plan_reader;

/* Makes the plan of sources[0..n-1]. Sets an error, without a function's name. plan_free also after a
   failure. */
bool plan_init(plan *p, const batch_loader_source *sources, size_t n, const batch_loader_options *options);
void plan_free(plan *p);

/* Sets BATCH_ERROR_OUT_OF_MEMORY, without a function's name; plan_reader_free also then. */
bool plan_reader_init(plan_reader *r, const plan *p);
void plan_reader_free(plan_reader *r);

/* The row at `place` (< plan->rows) of an epoch (< plan_epochs). */
plan_row plan_locate(plan_reader *r, uint64_t epoch, uint64_t place);

/* The rows at n places, which rise: faster where several of them follow each other. */
void plan_locate_each(plan_reader *r, uint64_t epoch, const uint64_t *places, unsigned n, plan_row *rows);

/* How many of n places, which rise, the epoch has a row at. */
uint32_t plan_rows_there(const plan *p, const uint64_t *places, uint32_t n);

/* How many pieces a row has, and the one with number i, *source: whose it is. */
uint32_t plan_pieces(const plan *p, const plan_row *row);
pack_piece plan_piece(const plan *p, const plan_row *row, uint32_t i, uint32_t *source);

/* How many epochs the order goes on for. */
uint64_t plan_epochs(const plan *p);

/* A hash of the tokens, and of the documents where the packing needs them. Reads from every dataset;
   sets an error. */
bool plan_hash_data(const plan *p, uint64_t *hash);

/* A hash of the rest that the order depends on, but for seed, sequence_length, packing and shuffle: the
   weights, block_rows and how many rows the sources have. */
uint64_t plan_hash_mix(const plan *p);

#endif
