/* The rows of one window of documents, as a packer has packed them (packer.h): first those that were
   packed, then the full rows of documents, document by document. Full rows are not stored: however many a
   document has, they cost what one costs.

   Threads: constant between two calls of packer_pack. */
#ifndef HEADRACE_LOADER_PLAN_PACK_TABLE_H
#define HEADRACE_LOADER_PLAN_PACK_TABLE_H

#include <stdbool.h>

#include "loader/plan/piece.h"

struct packer;

/* A document that fills a row, or more. */
typedef struct pack_long {
  uint64_t token; /* its first one */
  uint64_t end;   /* full rows up to its last one, those of long documents before it included */
} pack_long;

typedef struct pack_table {
  uint64_t rows;    /* packed and full ones */
  uint64_t cropped; /* tokens without a place, of all documents */
  uint64_t unused;  /* columns of all rows that hold no pair of tokens */
  uint32_t sequence_length;
  uint32_t multiple;
  uint32_t packed;         /* rows */
  uint32_t num_long;       /* documents */
  uint32_t *row_first;     /* [most_documents + 2] row r has pieces [row_first[r], row_first[r + 1]) */
  uint64_t *tokens;        /* [pieces] where each begins, the longest of a row first */
  uint32_t *pairs;         /* [pieces] */
  uint64_t *piece_cropped; /* aligned: [pieces] tokens that are cropped of each; else NULL */
  pack_long *longs;        /* not aligned: [num_long] in the window's order; else NULL */
} pack_table;

/* Makes room for the rows of any window that the packer can pack; it has none so far. Sets an error, without a
   function's name; pack_table_free also then. */
bool pack_table_init(pack_table *t, const struct packer *p);
void pack_table_free(pack_table *t);

/* How many pieces a row (< rows) has, at least 1, and the one with number i. */
uint32_t pack_table_pieces(const pack_table *t, uint64_t row);
pack_piece pack_table_piece(const pack_table *t, uint64_t row, uint32_t i);

#endif
