/* What the rows of one source are made of (batch_packing): pieces of its token stream. Constant
   once made. */
#ifndef HEADRACE_DATA_PACK_H
#define HEADRACE_DATA_PACK_H

#include "data/source.h"
#include "headrace/loader.h"

/* `pairs` inputs from `token` on, and as many targets from `token` + 1 on: pairs + 1 tokens of the
   source's stream. */
typedef struct pack_piece {
  uint64_t token;
  uint32_t pairs;
} pack_piece;

/* Best fit: row r has the pieces [row_first[r], row_first[r + 1]) of starts and pairs. */
typedef struct pack_table {
  uint32_t *row_first;
  uint64_t *starts;
  uint32_t *pairs;
} pack_table;

typedef struct pack {
  const source *data;
  batch_packing packing;
  uint32_t sequence_length;
  uint64_t rows;
  pack_table table; /* all NULL but for BATCH_PACK_BEST_FIT */
} pack;

/* Cuts a source into rows. Sets an error for memory, too many pieces, or an index that cannot be
   read. pack_free also after a failure. */
bool pack_init(pack *p, const source *data, batch_packing packing, uint32_t sequence_length);
void pack_free(pack *p);

/* How many pieces a row (< rows) has, and the one with number i. */
uint32_t pack_pieces(const pack *p, uint64_t row);
pack_piece pack_piece_at(const pack *p, uint64_t row, uint32_t i);

/* pack_best_fit.c: fills table and rows. */
bool pack_best_fit(pack *p);

#endif
