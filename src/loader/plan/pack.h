/* What the rows of one source are made of (batch_packing): pieces of its token stream. Constant
   once made. */
#ifndef HEADRACE_LOADER_PLAN_PACK_H
#define HEADRACE_LOADER_PLAN_PACK_H

#include "dataset/token_files.h"
#include "headrace/loader.h"
#include "loader/plan/piece.h"

typedef struct pack {
  const token_files *data;
  batch_packing packing;
  uint32_t sequence_length;
  uint32_t multiple; /* of columns, that a document has */
  uint64_t rows;
  uint64_t *left_out; /* BATCH_PACK_DOCUMENTS: [num_left_out] documents without a pair, in order */
  uint64_t num_left_out;
} pack;

/* Cuts a source into rows; whole: leaves out the row of BATCH_PACK_WINDOWS that is not full. Sets an
   error, without a function's name, for memory, too many pieces, or an index that cannot be read.
   pack_free also after a failure. */
bool pack_init(pack *p, const token_files *data, batch_packing packing, uint32_t sequence_length, bool whole);
void pack_free(pack *p);

/* The one piece of a row (< rows). */
pack_piece pack_piece_at(const pack *p, uint64_t row);

#endif
