/* What a row is filled with. */
#include "base/error.h"
#include "base/mix.h"
#include "loader/fill.h"
#include "loader/row.h"

/* Numbers the documents of [column, column + pairs), whose first token is `token` of the source. A
   window may begin inside a document and reach into several. */
static void put_documents(filler *f, const token_files *data, const pack_piece *piece, uint32_t row,
                          uint32_t column, int32_t number) {
  uint64_t token = piece->token, last = piece->token + piece->pairs, start, end = last;
  bool cut = f->recipe->plan.packing == BATCH_PACK_WINDOWS && data->documents > 0;
  uint64_t document = cut ? token_files_document_of(data, token) : 0;
  while (token < last) {
    if (cut && document < data->documents)
      token_files_document(data, document++, &start, &end);
    else
      end = last;
    if (end > last) end = last;
    if (end <= token) continue; /* an empty document */
    uint32_t count = (uint32_t)(end - token);
    row_put(&f->batch->documents, row, column, count, number++);
    row_count(&f->batch->positions, row, column, count, 0);
    column += count, token = end;
  }
}

/* What of a row is filled already is not to be seen. */
static void skip_row(filler *f, uint32_t row) {
  row_pad(f->batch, row, 0, f->recipe->pad_id);
  f->skipped += row < f->there;
}

void filler_fill_row(filler *f, uint32_t row, const filler_row *found) {
  uint32_t column = 0;
  f->row_failed = false;
  const plan *p = &f->recipe->plan;
  for (uint32_t i = 0, source = found->source; i < found->pieces; i++) {
    pack_piece piece = i == 0 ? found->first : plan_piece(p, &found->at, i, &source);
    const token_files *data = p->sources[source].data;
    if (piece.pairs == 0) { /* such documents have no row */
      filler_fault(f, BATCH_ERROR_IO, "%.700s: its documents changed while it was open",
                   token_files_find(data, piece.token)->file->path);
      continue;
    }
    filler_fill_piece(f, source, &piece, row, column);
    if (f->batch->documents.raw) put_documents(f, data, &piece, row, column, (int32_t)i);
    column += piece.pairs;
  }
  if (f->row_failed && f->recipe->skip) {
    skip_row(f, row);
    return;
  }
  row_put(&f->batch->mask, row, 0, column, 1);
  row_pad(f->batch, row, column, f->recipe->pad_id);
  f->tokens += column;
}

void filler_pad_all(filler *f) {
  for (uint32_t row = 0; row < f->batch->batch_size; row++) row_pad(f->batch, row, 0, f->recipe->pad_id);
  f->tokens = 0;
  if (f->recipe->skip) f->skipped = f->there;
}

static void transform_row(filler *f, uint32_t row) {
  const recipe *r = f->recipe;
  uint64_t key = mix64_with(mix64_with(r->plan.seed, f->place.epoch), f->places[row]);
  f->row_failed = false;
  for (size_t i = 0; i < r->num_transforms; i++) {
    batch_random random = batch_random_start(mix64_with(key, i));
    if (!r->transforms[i].apply(r->transforms[i].context, f->batch, row, &random))
      filler_fault(f, BATCH_ERROR_INVALID_ARGUMENT,
                   "transforms[%zu] failed on row %u of step %llu of epoch %llu", i, row,
                   (unsigned long long)f->place.step, (unsigned long long)f->place.epoch);
  }
  if (f->row_failed && r->skip) skip_row(f, row);
}

void filler_transform(filler *f) {
  const recipe *r = f->recipe;
  if (r->num_transforms == 0 || f->fault.code == BATCH_ERROR_IO) return;
  for (uint32_t row = 0; row < f->batch->batch_size && (f->fault.code == BATCH_OK || r->skip); row++)
    transform_row(f, row);
}
