#include "loader/fill.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/error.h"
#include "base/guard.h"
#include "base/memory.h"
#include "base/mix.h"
#include "loader/fill_kernels.h"
#include "loader/row.h"

bool filler_init(filler *f, const recipe *r) {
  *f = (filler){.recipe = r, .wide = fill_kernels_wide()};
  size_t tokens = (size_t)r->shape.sequence_length + 1, bytes;
  bool addressable = memory_multiply(tokens, sizeof(int64_t), &bytes);
  f->raw = addressable ? malloc(bytes) : NULL;
  f->ids = addressable ? malloc(bytes) : NULL;
  f->doubtful_end = calloc(r->files, sizeof *f->doubtful_end);
  f->doubtful = calloc(r->files, sizeof *f->doubtful);
  if (!f->raw || !f->ids || !f->doubtful_end || !f->doubtful)
    return error_fail(BATCH_ERROR_OUT_OF_MEMORY, "no memory for rows of %zu tokens", tokens);
  return plan_reader_init(&f->reader, &r->plan) && plan_reader_init(&f->later, &r->plan);
}

void filler_free(filler *f) {
  free(f->raw);
  free(f->ids);
  free(f->doubtful_end);
  free(f->doubtful);
  plan_reader_free(&f->reader);
  plan_reader_free(&f->later);
}

void filler_fault(filler *f, batch_status code, const char *format, ...) {
  f->row_failed = true;
  if (f->fault.code != BATCH_OK && (code != BATCH_ERROR_IO || f->fault.code == BATCH_ERROR_IO)) return;
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(f->fault.message, sizeof f->fault.message, format, arguments);
  va_end(arguments);
  f->fault.code = code;
}

/* A row of the batch, and the first piece of it; a row that the epoch does not have has no pieces. */
typedef struct located {
  plan_row at;
  uint32_t pieces;
  pack_piece first;
} located;

enum { TOGETHER = PERMUTATION_TOGETHER, LOCATED = 2 * TOGETHER };

/* Rows of the batch that the epoch has. */
static uint32_t rows_there(const filler *f) {
  uint64_t place = f->place.row + f->recipe->rank_row, rows = f->recipe->plan.rows;
  uint64_t left = place < rows ? rows - place : 0;
  return left < f->batch->batch_size ? (uint32_t)left : f->batch->batch_size;
}

/* Locates the rows from `row` on, as many as go together, in a ring; returns the row after them. */
static uint32_t locate(filler *f, uint32_t row, uint32_t there, located *ring) {
  plan_row at[TOGETHER];
  unsigned n = there - row < TOGETHER ? there - row : TOGETHER;
  plan_locate_each(&f->reader, f->place.epoch, f->place.row + f->recipe->rank_row + row, n, at);
  for (unsigned i = 0; i < n; i++) {
    const pack *rows = &f->recipe->plan.sources[at[i].source].rows;
    ring[(row + i) % LOCATED] =
        (located){at[i], pack_pieces(rows, at[i].row), pack_piece_at(rows, at[i].row, 0)};
  }
  return row + n;
}

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
  f->skipped += row < rows_there(f);
}

static void fill_row(filler *f, uint32_t row, const located *l) {
  uint32_t column = 0;
  f->row_failed = false;
  const plan_source *s = &f->recipe->plan.sources[l->at.source];
  for (uint32_t i = 0; i < l->pieces; i++) {
    pack_piece piece = i == 0 ? l->first : pack_piece_at(&s->rows, l->at.row, i);
    if (piece.pairs == 0) { /* such documents have no row */
      filler_fault(f, BATCH_ERROR_IO, "%.700s: its documents changed while it was open",
                   token_files_find(s->data, piece.token)->path);
      continue;
    }
    filler_fill_piece(f, l->at.source, &piece, row, column);
    if (f->batch->documents.raw) put_documents(f, s->data, &piece, row, column, (int32_t)i);
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

/* Before a row is filled, the one after it is asked for. */
static void fill_rows(void *context) {
  filler *f = context;
  static const located padding = {.pieces = 0};
  located ring[LOCATED];
  uint32_t there = rows_there(f), found = 0;
  for (uint32_t row = 0; row < f->batch->batch_size; row++) {
    while (found < there && found <= row + 1) found = locate(f, found, there, ring);
    if (row + 1 < there)
      filler_look_ahead(f, ring[(row + 1) % LOCATED].at.source, &ring[(row + 1) % LOCATED].first);
    fill_row(f, row, row < there ? &ring[row % LOCATED] : &padding);
  }
}

static void start_batch(filler *f, const schedule_place *place, Batch *batch) {
  f->batch = batch;
  f->place = *place;
  f->tokens = f->bytes = f->pieces = f->skipped = 0;
  f->ahead_bytes = 0;
  f->fault.code = BATCH_OK;
  while (f->num_doubtful > 0) f->doubtful_end[f->doubtful[--f->num_doubtful]] = 0;
  batch->batch_id = place->step;
  batch->epoch_id = (uint32_t)place->epoch;
}

/* What could not be read must not look like data. */
static void pad_all(filler *f) {
  for (uint32_t row = 0; row < f->batch->batch_size; row++) row_pad(f->batch, row, 0, f->recipe->pad_id);
  f->tokens = 0;
  if (f->recipe->skip) f->skipped = rows_there(f);
}

static void transform_row(filler *f, uint32_t row) {
  const recipe *r = f->recipe;
  uint64_t place = f->place.row + r->rank_row + row;
  uint64_t key = mix64_with(mix64_with(r->plan.seed, f->place.epoch), place);
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

/* A batch that is handed on with a fault, or not at all, is not transformed any further. */
static void transform_rows(filler *f) {
  const recipe *r = f->recipe;
  if (r->num_transforms == 0 || f->fault.code == BATCH_ERROR_IO) return;
  for (uint32_t row = 0; row < f->batch->batch_size && (f->fault.code == BATCH_OK || r->skip); row++)
    transform_row(f, row);
}

void filler_fill(filler *f, const schedule_place *place, Batch *batch) {
  start_batch(f, place, batch);
  const void *hole = f->in_worker ? guard_run(fill_rows, f, filler_owns, f)
                                  : guard_run_anywhere(fill_rows, f, filler_owns, f);
  if (hole) filler_report_hole(f, hole);
  filler_check_sizes(f);
  if (f->fault.code == BATCH_ERROR_IO) pad_all(f);
  transform_rows(f);
  batch->status = f->recipe->skip ? BATCH_OK : f->fault.code;
}
