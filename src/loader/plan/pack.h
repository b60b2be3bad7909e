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
  struct {               /* BATCH_PACK_BEST_FIT, else NULL */
    uint32_t *row_first; /* row r has the pieces [row_first[r], row_first[r + 1]) of starts and pairs */
    uint64_t *starts;
    uint32_t *pairs;
  } table;
  uint64_t *left_out; /* BATCH_PACK_DOCUMENTS: [num_left_out] documents without a pair, in order */
  uint64_t num_left_out;
} pack;

/* Cuts a source into rows; whole: leaves out the row of BATCH_PACK_WINDOWS that is not full. Sets an
   error, without a function's name, for memory, too many pieces, or an index that cannot be read.
   pack_free also after a failure. */
bool pack_init(pack *p, const token_files *data, batch_packing packing, uint32_t sequence_length, bool whole);
void pack_free(pack *p);

/* How many pieces a row (< rows) has, and the one with number i. */
uint32_t pack_pieces(const pack *p, uint64_t row);
pack_piece pack_piece_at(const pack *p, uint64_t row, uint32_t i);

/* For best_fit.c. */

/* Fills table and rows. */
bool pack_best_fit(pack *p);

/* Sets the error for boundaries that were others when they were read again. */
bool pack_changed(const pack *p);

/* Zeroed memory for so many elements; NULL also when that is more than can be addressed. Sets an
   error that speaks of what is packed. */
void *pack_allocate(uint64_t count, size_t bytes);

#endif
