/* A piece of a row: tokens of one document, or of a window of the stream. */
#ifndef HEADRACE_LOADER_PLAN_PIECE_H
#define HEADRACE_LOADER_PLAN_PIECE_H

#include <stdint.h>

/* `pairs` inputs from `token` on, and as many targets from `token` + 1 on: pairs + 1 tokens of the
   source's stream, or, packed by best fit, of all sources' streams, one behind the other. */
typedef struct pack_piece {
  uint64_t token;
  uint32_t pairs;
  uint32_t columns; /* of the row, at least pairs: rounded up where documents are cut for several ranks */
  uint64_t cropped; /* tokens of its document that have no place in any row */
} pack_piece;

#endif
