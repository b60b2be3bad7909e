#include "loader/fill.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/guard.h"
#include "base/memory.h"
#include "loader/fill_kernels.h"

bool filler_init(filler *f, const recipe *r) {
  *f = (filler){.recipe = r, .wide = fill_kernels_wide()};
  size_t tokens = (size_t)r->whole.sequence_length + 1, bytes;
  bool addressable = memory_multiply(tokens, sizeof(int64_t), &bytes);
  f->raw = addressable ? malloc(bytes) : NULL;
  f->ids = addressable ? malloc(bytes) : NULL;
  f->places = calloc(r->shape.batch_size, sizeof *f->places);
  f->padded = calloc(r->shape.batch_size, sizeof *f->padded);
  f->doubtful_end = calloc(recipe_mapped(r), sizeof *f->doubtful_end);
  f->doubtful = calloc(recipe_mapped(r), sizeof *f->doubtful);
  if (!f->raw || !f->ids || !f->places || !f->padded || !f->doubtful_end || !f->doubtful)
    return error_fail(BATCH_ERROR_OUT_OF_MEMORY, "no memory for %u rows of %zu tokens", r->shape.batch_size,
                      tokens);
  if (r->context.world > 1 && !(f->whole = batch_create_with(&r->whole)))
    return error_fail(batch_last_error()->code, "no memory for a batch of %u whole rows of %u positions",
                      r->whole.batch_size, r->whole.sequence_length);
  return plan_reader_init(&f->reader, &r->plan) && plan_reader_init(&f->later, &r->plan);
}

void filler_free(filler *f) {
  free(f->raw);
  free(f->ids);
  free(f->places);
  free(f->padded);
  free(f->doubtful_end);
  free(f->doubtful);
  batch_release(f->whole);
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

/* What comes after a window that cannot be packed is not known: nothing does. */
static void end_here(filler *f) {
  const batch_error *why = batch_last_error();
  f->ends = true;
  filler_fault(f, why->code, "%s", why->message);
}

/* Locates the rows from `row` on, as many as there is room for, or a few of them. False: none. */
static bool locate(filler *f, uint32_t row) {
  uint32_t most = f->there - row < FILLER_ROWS ? f->there - row : FILLER_ROWS;
  f->first = row;
  f->count = plan_locate_each(&f->reader, f->place.epoch, &f->place.at, f->places + row, most, f->rows);
  if (f->count == 0) end_here(f);
  return f->count > 0;
}

static filler_row first_piece(const filler *f, uint32_t i) {
  filler_row row = {.at = f->rows[i], .pieces = plan_pieces(&f->rows[i])};
  row.first = plan_piece(&f->recipe->plan, &row.at, 0, &row.source);
  return row;
}

/* Fills the rows that are located. Before each is filled, the one after it is asked for. */
static void fill_rows(void *context) {
  filler *f = context;
  filler_row next = first_piece(f, 0);
  for (uint32_t i = 0; i < f->count; i++) {
    filler_row row = next;
    if (i + 1 < f->count) {
      next = first_piece(f, i + 1);
      filler_look_ahead(f, next.source, &next.first);
    }
    filler_fill_row(f, f->first + i, &row);
  }
}

/* False: a file ended too early. */
static bool fill_guarded(filler *f) {
  const plan *p = &f->recipe->plan;
  const void *hole =
      f->in_worker ? guard_run(fill_rows, f, plan_owns, p) : guard_run_anywhere(fill_rows, f, plan_owns, p);
  fault why;
  if (hole && plan_report_hole(p, hole, &why)) filler_fault(f, why.code, "%s", why.message);
  return !hole;
}

static void fill_all(filler *f) {
  static const filler_row padding = {.pieces = 0};
  uint32_t row = 0;
  for (bool good = true; good && row < f->there; row += f->count) good = locate(f, row) && fill_guarded(f);
  for (; row < f->batch->batch_size; row++) filler_fill_row(f, row, &padding);
}

static void start_batch(filler *f, const order_place *place, Batch *batch) {
  f->batch = f->whole ? f->whole : batch;
  f->place = *place;
  f->counts = (position_counts){0};
  f->bytes = f->pieces = f->skipped = 0;
  if (f->recipe->skip) memset(f->padded, 0, batch->batch_size * sizeof *f->padded);
  f->ahead.bytes = f->ahead_loss.bytes = 0;
  f->there = 0;
  f->ends = false;
  f->fault.code = BATCH_OK;
  while (f->num_doubtful > 0) f->doubtful_end[f->doubtful[--f->num_doubtful]] = 0;
  f->batch->batch_id = place->step;
  f->batch->epoch_id = (uint32_t)place->epoch;
  sequences_begin(&f->sequences, f->batch);
}

void filler_fill(filler *f, const order_place *place, Batch *batch) {
  start_batch(f, place, batch);
  const recipe *r = f->recipe;
  if (order_places(&r->order, f->reader.stop, place, r->rank_row, batch->batch_size, f->places, &f->there))
    fill_all(f);
  else
    end_here(f);
  filler_check_sizes(f);
  if (f->ends || f->fault.code == BATCH_ERROR_IO) filler_pad_all(f);
  filler_finish(f, batch);
  batch->status = r->skip && !f->ends ? BATCH_OK : f->fault.code;
}

void filler_cannot_begin(filler *f, Batch *batch) {
  start_batch(f, &(order_place){0}, batch);
  end_here(f);
  filler_pad_all(f);
  batch->status = f->fault.code;
}
