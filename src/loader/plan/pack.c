#include "loader/plan/pack.h"

#include <stdlib.h>

#include "base/error.h"
#include "dataset/hole.h"

static void *allocate(uint64_t count, size_t bytes) {
  void *block = count <= SIZE_MAX ? calloc(count > 0 ? (size_t)count : 1, bytes) : NULL;
  if (!block)
    error_set(BATCH_ERROR_OUT_OF_MEMORY, "no memory for packing: %llu elements of %zu bytes",
              (unsigned long long)count, bytes);
  return block;
}

static bool changed(const pack *p) {
  return error_fail(BATCH_ERROR_IO, "%.600s%s: documents changed while they were read",
                    p->data->files[0].path, p->data->count > 1 ? " and the rest of its dataset" : "");
}

/* Each window but the last one is full. */
static uint64_t count_windows(const token_files *data, uint32_t length, bool whole) {
  if (data->tokens < 2) return 0;
  return whole ? (data->tokens - 1) / length : (data->tokens - 2) / length + 1;
}

typedef struct reading {
  pack *pack;
  uint64_t most; /* of left_out; 0: only count */
  uint64_t found;
} reading;

static void find_short_documents(void *context) {
  reading *r = context;
  uint64_t start, end;
  r->found = 0;
  for (uint64_t d = 0; d < r->pack->data->documents; d++) {
    token_files_document(r->pack->data, d, &start, &end);
    if (end - start > 1) continue;
    if (r->found < r->most) r->pack->left_out[r->found] = d;
    r->found++;
  }
}

/* An index that is overwritten between the two readings can give another number of them: then the rows
   are no longer those that were counted. */
static bool leave_out_short_documents(pack *p) {
  reading r = {p, 0, 0};
  if (!hole_guarded(p->data, find_short_documents, &r)) return false;
  p->num_left_out = r.most = r.found;
  p->rows = p->data->documents - r.found;
  if (r.found == 0) return true;
  if (!(p->left_out = allocate(r.found, sizeof *p->left_out)) ||
      !hole_guarded(p->data, find_short_documents, &r))
    return false;
  return r.found == r.most || changed(p);
}

/* The document that row `row` is: as many are left out before it as lie before it. */
static uint64_t document_of(const pack *p, uint64_t row) {
  uint64_t low = 0, high = p->num_left_out;
  while (low < high) {
    uint64_t middle = low + (high - low) / 2;
    if (p->left_out[middle] - middle <= row)
      low = middle + 1;
    else
      high = middle;
  }
  return row + low;
}

bool pack_init(pack *p, const token_files *data, batch_packing packing, uint32_t sequence_length,
               bool whole) {
  *p = (pack){.data = data, .packing = packing, .sequence_length = sequence_length};
  if (packing == BATCH_PACK_DOCUMENTS) return leave_out_short_documents(p);
  p->rows = count_windows(data, sequence_length, whole);
  return true;
}

void pack_free(pack *p) {
  free(p->left_out);
}

static pack_piece piece_of(const pack *p, uint64_t start, uint64_t end) {
  uint64_t pairs = end - start < 2 ? 0 : end - start - 1;
  uint32_t kept = pairs < p->sequence_length ? (uint32_t)pairs : p->sequence_length;
  uint64_t cropped = p->packing == BATCH_PACK_DOCUMENTS ? pairs - kept : 0;
  uint32_t columns = p->multiple > 1 ? (kept + p->multiple - 1) / p->multiple * p->multiple : kept;
  return (pack_piece){.token = start, .pairs = kept, .columns = columns, .cropped = cropped};
}

pack_piece pack_piece_at(const pack *p, uint64_t row) {
  uint64_t start = row * p->sequence_length, end = p->data->tokens;
  if (p->packing == BATCH_PACK_DOCUMENTS) token_files_document(p->data, document_of(p, row), &start, &end);
  return piece_of(p, start, end);
}
