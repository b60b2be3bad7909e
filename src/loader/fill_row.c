/* What a row is filled with. */
#include "base/error.h"
#include "base/mix.h"
#include "loader/fill.h"
#include "loader/row.h"

/* A stretch of a row that is of one document: columns [column, column + count), of which those behind the pairs are
   padding. */
typedef struct stretch {
  uint32_t column, count;
  int32_t number; /* of the document in the row */
} stretch;

static void put_stretch(filler *f, uint32_t row, const stretch *s) {
  sequences_add(&f->sequences, s->count);
  if (!f->batch->documents.raw) return;
  row_put(&f->batch->documents, row, s->column, s->count, s->number);
  row_count(&f->batch->positions, row, s->column, s->count, 0);
}

/* Goes over the documents of a piece, numbered from `number` on. A window may begin inside a document and reach into
   several. */
static void put_documents(filler *f, const token_files *data, const pack_piece *piece, uint32_t row,
                          uint32_t column, int32_t number) {
  uint64_t token = piece->token, last = piece->token + piece->pairs, start, end;
  bool cut = f->recipe->plan.packing == BATCH_PACK_WINDOWS && data->documents > 0;
  uint64_t document = cut ? token_files_document_of(data, token) : 0;
  while (token < last) {
    end = UINT64_MAX;
    if (cut && document < data->documents) token_files_document(data, document++, &start, &end);
    if (end <= token) continue; /* an empty document */
    uint32_t pairs = (uint32_t)((end < last ? end : last) - token);
    uint32_t count = end < last ? pairs : pairs + piece->columns - piece->pairs;
    put_stretch(f, row, &(stretch){column, count, number++});
    if (end <= last && f->recipe->no_loss_across) row_put(&f->batch->mask, row, column + pairs - 1, 1, 0);
    column += count, token += pairs;
  }
}

/* Counts a run of a row, as far as it is this rank's: its columns, of which the first `pairs` hold tokens. */
static void count_run(const filler *f, position_counts *counts, uint32_t row, const stretch *run,
                      uint32_t pairs) {
  const context_role *c = &f->recipe->context;
  uint64_t there = context_share(c, run->count, pairs), ones = 0;
  context_part parts[2];
  counts->tokens += there;
  if (!f->recipe->masks) return;
  context_parts(c, run->count, parts);
  for (int i = 0; i < 2; i++)
    ones += row_count_ones(&f->batch->mask, row, run->column + parts[i].start, parts[i].count);
  counts->masked += there - ones;
}

/* What of a row is filled already is not to be seen. A row that is skipped may fail in a transform too. */
static void pad_row(filler *f, uint32_t row) {
  row_pad(f->batch, row, 0, f->recipe->pad_id);
  f->skipped += row < f->there && !f->padded[row];
  f->padded[row] = true;
}

static void fill_piece(filler *f, uint32_t source_number, const pack_piece *piece, uint32_t row,
                       uint32_t column, int32_t number) {
  const recipe *r = f->recipe;
  filler_fill_piece(f, source_number, piece, row, column);
  if (r->masks) filler_put_mask(f, source_number, piece, row, column);
  if (f->batch->documents.raw || sequences_are_asked_for(&f->sequences) || r->no_loss_across)
    put_documents(f, r->plan.sources[source_number].data, piece, row, column, number);
  if (piece->columns > piece->pairs)
    row_pad_tokens(f->batch, row, column + piece->pairs, piece->columns - piece->pairs, r->pad_id);
}

/* Fills the row from its left; returns how many columns have something. */
static uint32_t fill_pieces(filler *f, uint32_t row, const filler_row *found, position_counts *counts) {
  uint32_t column = 0;
  const plan *p = &f->recipe->plan;
  for (uint32_t i = 0, source = found->source; i < found->pieces; i++) {
    pack_piece piece = i == 0 ? found->first : plan_piece(p, &found->at, i, &source);
    const token_files *data = p->sources[source].data;
    if (piece.pairs == 0) { /* such documents have no row */
      filler_fault(f, BATCH_ERROR_IO, "%.700s: its documents changed while it was open",
                   token_files_find(data, piece.token)->file->path);
      continue;
    }
    fill_piece(f, source, &piece, row, column, (int32_t)i);
    if (f->recipe->context.documents)
      count_run(f, counts, row, &(stretch){column, piece.columns, 0}, piece.pairs);
    counts->cropped += piece.cropped;
    column += piece.columns;
  }
  return column;
}

/* Ends the row's sequences. Returns whether the row is to be padding: for a fault, or since there are too many. */
static bool end_sequences(filler *f, uint32_t row, uint32_t column) {
  uint32_t length = f->batch->sequence_length;
  bool failed = f->row_failed && f->recipe->skip;
  if (!sequences_are_asked_for(&f->sequences)) return failed;
  if (failed)
    sequences_join_row(&f->sequences, length);
  else
    sequences_add(&f->sequences, length - column);
  if (sequences_end_row(&f->sequences, f->batch->batch_size - row - 1) || !f->recipe->skip) return failed;
  sequences_join_row(&f->sequences, length);
  return true;
}

void filler_fill_row(filler *f, uint32_t row, const filler_row *found) {
  const recipe *r = f->recipe;
  position_counts counts = {0};
  f->row_failed = false;
  sequences_begin_row(&f->sequences);
  uint32_t column = fill_pieces(f, row, found, &counts);
  if (end_sequences(f, row, column)) {
    pad_row(f, row);
    return;
  }
  if (!r->masks) row_put(&f->batch->mask, row, 0, column, 1);
  row_pad(f->batch, row, column, r->pad_id);
  if (!r->masks && r->context.world == 1) /* as a rule */
    counts.tokens = column;
  else if (!r->context.documents)
    count_run(f, &counts, row, &(stretch){0, f->batch->sequence_length, 0}, column);
  f->counts.tokens += counts.tokens;
  f->counts.masked += counts.masked;
  f->counts.cropped += counts.cropped;
}

void filler_pad_all(filler *f) {
  sequences_begin(&f->sequences, f->batch);
  for (uint32_t row = 0; row < f->batch->batch_size; row++) {
    row_pad(f->batch, row, 0, f->recipe->pad_id);
    sequences_begin_row(&f->sequences);
    sequences_add(&f->sequences, f->batch->sequence_length);
    sequences_end_row(&f->sequences, 0);
  }
  f->counts = (position_counts){0};
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
  if (!f->row_failed || !r->skip) return;
  pad_row(f, row);
  sequences_join(f->batch, row * f->batch->sequence_length, f->batch->sequence_length);
}

/* A batch that is handed on with a fault, or not at all, is not transformed any further. */
static void transform_rows(filler *f) {
  const recipe *r = f->recipe;
  if (r->num_transforms == 0 || f->fault.code == BATCH_ERROR_IO) return;
  for (uint32_t row = 0; row < f->batch->batch_size && (f->fault.code == BATCH_OK || r->skip); row++)
    transform_row(f, row);
}

void filler_finish(filler *f, Batch *batch) {
  const recipe *r = f->recipe;
  if (!sequences_end(&f->sequences, f->batch))
    filler_fault(f, BATCH_ERROR_OVERFLOW,
                 "step %llu of epoch %llu has %llu sequences, expected at most max_sequences, which is %u",
                 (unsigned long long)f->place.step, (unsigned long long)f->place.epoch,
                 (unsigned long long)f->sequences.wanted, f->sequences.capacity);
  transform_rows(f);
  for (uint32_t row = 0; r->ignore_masked && row < f->batch->batch_size; row++) row_ignore(f->batch, row);
  if (f->whole) context_cut(&r->context, f->whole, batch);
  f->counts.padding = (uint64_t)batch->batch_size * batch->sequence_length - f->counts.tokens;
}
