#include "loader/fill.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/error.h"
#include "base/guard.h"
#include "base/memory.h"
#include "loader/fill_kernels.h"

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

enum { TOGETHER = PERMUTATION_TOGETHER, LOCATED = 2 * TOGETHER };

uint32_t filler_rows_there(const filler *f) {
  uint64_t place = f->place.row + f->recipe->rank_row, rows = f->recipe->plan.rows;
  uint64_t left = place < rows ? rows - place : 0;
  return left < f->batch->batch_size ? (uint32_t)left : f->batch->batch_size;
}

/* Locates the rows from `row` on, as many as go together, in a ring; returns the row after them. */
static uint32_t locate(filler *f, uint32_t row, uint32_t there, filler_row *ring) {
  plan_row at[TOGETHER];
  unsigned n = there - row < TOGETHER ? there - row : TOGETHER;
  plan_locate_each(&f->reader, f->place.epoch, f->place.row + f->recipe->rank_row + row, n, at);
  for (unsigned i = 0; i < n; i++) {
    const pack *rows = &f->recipe->plan.sources[at[i].source].rows;
    ring[(row + i) % LOCATED] =
        (filler_row){at[i], pack_pieces(rows, at[i].row), pack_piece_at(rows, at[i].row, 0)};
  }
  return row + n;
}

/* Before a row is filled, the one after it is asked for. */
static void fill_rows(void *context) {
  filler *f = context;
  static const filler_row padding = {.pieces = 0};
  filler_row ring[LOCATED];
  uint32_t there = filler_rows_there(f), found = 0;
  for (uint32_t row = 0; row < f->batch->batch_size; row++) {
    while (found < there && found <= row + 1) found = locate(f, found, there, ring);
    if (row + 1 < there)
      filler_look_ahead(f, ring[(row + 1) % LOCATED].at.source, &ring[(row + 1) % LOCATED].first);
    filler_fill_row(f, row, row < there ? &ring[row % LOCATED] : &padding);
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

void filler_fill(filler *f, const schedule_place *place, Batch *batch) {
  start_batch(f, place, batch);
  const void *hole = f->in_worker ? guard_run(fill_rows, f, filler_owns, f)
                                  : guard_run_anywhere(fill_rows, f, filler_owns, f);
  if (hole) filler_report_hole(f, hole);
  filler_check_sizes(f);
  if (f->fault.code == BATCH_ERROR_IO) filler_pad_all(f);
  filler_transform(f);
  batch->status = f->recipe->skip ? BATCH_OK : f->fault.code;
}
