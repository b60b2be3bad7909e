#include "data/pack.h"

#include <stdlib.h>

static uint64_t count_windows(const source *data, uint32_t length) {
  return data->tokens < 2 ? 0 : (data->tokens - 2) / length + 1;
}

bool pack_init(pack *p, const source *data, batch_packing packing, uint32_t sequence_length) {
  *p = (pack){.data = data, .packing = packing, .sequence_length = sequence_length};
  if (packing == BATCH_PACK_BEST_FIT) return pack_best_fit(p);
  p->rows = packing == BATCH_PACK_DOCUMENTS ? data->documents : count_windows(data, sequence_length);
  return true;
}

void pack_free(pack *p) {
  free(p->table.row_first);
  free(p->table.starts);
  free(p->table.pairs);
}

uint32_t pack_pieces(const pack *p, uint64_t row) {
  if (p->packing != BATCH_PACK_BEST_FIT) return 1;
  return p->table.row_first[row + 1] - p->table.row_first[row];
}

static pack_piece piece_of(uint64_t start, uint64_t end, uint32_t length) {
  uint64_t pairs = end - start < 2 ? 0 : end - start - 1;
  return (pack_piece){start, pairs < length ? (uint32_t)pairs : length};
}

pack_piece pack_piece_at(const pack *p, uint64_t row, uint32_t i) {
  uint64_t start = row * p->sequence_length, end = p->data->tokens;
  if (p->packing == BATCH_PACK_BEST_FIT) {
    uint32_t at = p->table.row_first[row] + i;
    return (pack_piece){p->table.starts[at], p->table.pairs[at]};
  }
  if (p->packing == BATCH_PACK_DOCUMENTS) source_document(p->data, row, &start, &end);
  return piece_of(start, end, p->sequence_length);
}
