#include "loader/plan/pack_table.h"

#include <stdlib.h>

#include "base/error.h"
#include "loader/plan/packer.h"

bool pack_table_init(pack_table *t, const packer *p) {
  size_t most = p->most_documents;
  *t = (pack_table){.sequence_length = p->sequence_length, .multiple = p->multiple};
  if ((t->row_first = calloc(most + 2, sizeof *t->row_first)) &&
      (t->tokens = calloc(most, sizeof *t->tokens)) && (t->pairs = calloc(most, sizeof *t->pairs)) &&
      (p->aligned ? (t->piece_cropped = calloc(most, sizeof *t->piece_cropped)) != NULL
                  : (t->longs = calloc(most, sizeof *t->longs)) != NULL))
    return true;
  return error_fail(BATCH_ERROR_OUT_OF_MEMORY, "no memory for the rows of %zu documents", most);
}

void pack_table_free(pack_table *t) {
  free(t->row_first);
  free(t->tokens);
  free(t->pairs);
  free(t->piece_cropped);
  free(t->longs);
}

uint32_t pack_table_pieces(const pack_table *t, uint64_t row) {
  return row < t->packed ? t->row_first[row + 1] - t->row_first[row] : 1;
}

/* The number of the long document that has full row `nth`: the first one that ends behind it. */
static uint32_t long_of(const pack_table *t, uint64_t nth) {
  uint32_t low = 0, high = t->num_long - 1;
  while (low < high) {
    uint32_t middle = low + (high - low) / 2;
    if (t->longs[middle].end <= nth)
      low = middle + 1;
    else
      high = middle;
  }
  return low;
}

static pack_piece full_row(const pack_table *t, uint64_t nth) {
  uint32_t of = long_of(t, nth);
  uint64_t before = of > 0 ? t->longs[of - 1].end : 0;
  return (pack_piece){.token = t->longs[of].token + (nth - before) * t->sequence_length,
                      .pairs = t->sequence_length,
                      .columns = t->sequence_length};
}

pack_piece pack_table_piece(const pack_table *t, uint64_t row, uint32_t i) {
  if (row >= t->packed) return full_row(t, row - t->packed);
  uint32_t at = t->row_first[row] + i, pairs = t->pairs[at];
  return (pack_piece){.token = t->tokens[at],
                      .pairs = pairs,
                      .columns = t->multiple == 1 ? pairs : ((pairs - 1) / t->multiple + 1) * t->multiple,
                      .cropped = t->piece_cropped ? t->piece_cropped[at] : 0};
}
