/* A batch for people: a line for the batch, one for each row, one for each document in it. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "show.h"

/* Columns of a row that are of one document, without a gap; or padding. */
typedef struct segment {
  size_t start, end; /* of its tokens */
  size_t padded_end; /* with the padding that belongs to it (--context-documents) */
  int32_t document;  /* -1: padding */
} segment;

/* A row: its elements, whether the stream of tokens goes on from one document to the next, and whether a document may end
   with padding. */
typedef struct row_view {
  const int32_t *input, *target, *documents, *positions;
  const uint8_t *mask;
  size_t length, seam; /* seam: two chunks that are no neighbours in the whole row meet there; 0: nowhere */
  bool stream, pads_documents;
  int32_t pad_id;
} row_view;

static row_view view_of(const show_run *run, const Batch *batch, uint32_t row) {
  size_t length = batch->sequence_length, base = row * length;
  const batch_loader_options *o = &run->loader.loader;
  bool cut = o->context_world > 1 && o->context_rank + 1 < o->context_world;
  return (row_view){.input = batch->input.i32 + base,
                    .target = batch->target.i32 + base,
                    .mask = batch->mask.u8 + base,
                    .documents = batch->documents.i32 + base,
                    .positions = batch->positions.i32 + base,
                    .length = length,
                    .seam = cut ? length / 2 : 0,
                    .stream = o->packing == BATCH_PACK_WINDOWS,
                    .pads_documents = o->context_documents,
                    .pad_id = o->pad_id};
}

/* Where the padding at the end of a document begins. A masked token with the id of padding, which is 0 with --vocab-size,
   is taken for it. */
static size_t tokens_end(const row_view *v, const segment *s) {
  size_t end = s->padded_end;
  while (v->pads_documents && end > s->start && !v->mask[end - 1] && v->input[end - 1] == v->pad_id &&
         (v->target[end - 1] == v->pad_id || v->target[end - 1] == BATCH_IGNORE_ID))
    end--;
  return end;
}

static bool next_segment(const row_view *v, segment *s) {
  size_t end = s->padded_end;
  if (end == v->length) return false;
  *s = (segment){.start = end, .document = v->documents[end]};
  for (end++; end < v->length && v->documents[end] == s->document; end++)
    if (s->document >= 0 && v->positions[end] != v->positions[end - 1] + 1) break;
  s->padded_end = s->end = end;
  if (s->document >= 0) s->end = tokens_end(v, s);
  return true;
}

/* Whether the token at a column is the target of the column before. */
static bool follows(const row_view *v, size_t column) {
  return v->stream && column > 0 && column < v->length && column != v->seam && v->documents[column] >= 0 &&
         v->documents[column - 1] >= 0;
}

/* What is shown of a segment: its inputs, and its last target if no other segment shows that. */
static size_t shown_tokens(const row_view *v, const segment *s) {
  return s->end - s->start + (s->end > s->start && !follows(v, s->end));
}
static int32_t shown_token(const row_view *v, const segment *s, size_t i, bool *masked) {
  size_t column = s->start + i;
  *masked = i > 0 || follows(v, column) ? !v->mask[column - 1] : false;
  return column < s->end ? v->input[column] : v->target[column - 1];
}

static uint64_t masked_tokens(const row_view *v, const segment *s) {
  uint64_t sum = 0;
  for (size_t column = s->start; column < s->end; column++) sum += !v->mask[column];
  return sum;
}

/* What is in a row, or a batch. */
typedef struct contents {
  uint64_t tokens, masked, padding;
} contents;

static void add_row(contents *c, const row_view *v) {
  for (segment s = {0}; next_segment(v, &s);) {
    c->padding += s.padded_end - (s.document < 0 ? s.start : s.end);
    if (s.document < 0) continue;
    c->tokens += s.end - s.start;
    c->masked += masked_tokens(v, &s);
  }
}

enum { LABEL = 160 };

static void label_of(const row_view *v, const segment *s, char *label) {
  uint64_t masked = masked_tokens(v, s);
  int length =
      snprintf(label, LABEL, "  %" PRId32 ": %s", s->document, cli_count(s->end - s->start, "token"));
  if (v->positions[s->start] > 0)
    length += snprintf(label + length, (size_t)(LABEL - length), " from %s",
                       cli_thousands((uint64_t)v->positions[s->start]));
  if (masked > 0)
    length += snprintf(label + length, (size_t)(LABEL - length), ", %s masked", cli_thousands(masked));
  if (s->padded_end > s->end)
    snprintf(label + length, (size_t)(LABEL - length), ", %s x padding",
             cli_thousands(s->padded_end - s->end));
}

static int widest_label(const row_view *v) {
  int widest = 0;
  char label[LABEL];
  for (segment s = {0}; next_segment(v, &s);) {
    if (s.document < 0) continue;
    label_of(v, &s, label);
    if ((int)strlen(label) > widest) widest = (int)strlen(label);
  }
  return widest;
}

static void print_segment(show_run *run, const row_view *v, const segment *s, int width) {
  char label[LABEL], padded[LABEL + 4];
  if (s->document < 0) {
    printf("  %s x padding\n", cli_thousands(s->end - s->start));
    return;
  }
  label_of(v, s, label);
  snprintf(padded, sizeof padded, "%-*s %s", width, label, run->tokenizer ? "" : " ");
  screen_begin(&run->screen, padded);
  for (size_t i = 0; i < shown_tokens(v, s); i++) run->tokens[i] = shown_token(v, s, i, &run->masked[i]);
  show_put_tokens(run, shown_tokens(v, s));
  screen_end(&run->screen);
}

/* Of which there may be more than one part. */
static uint64_t documents_of(const row_view *v) {
  uint64_t count = 0;
  int32_t last = -1;
  for (segment s = {0}; next_segment(v, &s);) {
    if (s.document < 0 || s.document == last) continue;
    count++;
    last = s.document;
  }
  return count;
}

static void print_row(show_run *run, const show_batch *b, uint32_t row) {
  row_view v = view_of(run, b->batch, row);
  contents c = {0};
  add_row(&c, &v);
  printf("\nrow %" PRIu32 ", place %s: %s of %s\n", row, cli_thousands(b->places[row]),
         cli_count(c.tokens, "token"), cli_count(documents_of(&v), "document"));
  int width = widest_label(&v);
  for (segment s = {0}; next_segment(&v, &s);) print_segment(run, &v, &s, width);
}

/* Rows FIRST to END - 1, behind the last one that has a place. */
static void print_placeless(const Batch *batch, uint32_t first, uint32_t end) {
  bool one = end == first + 1;
  printf("\nrow%s %" PRIu32, one ? "" : "s", first);
  if (!one) printf(" to %" PRIu32, end - 1);
  printf(", of no place: beyond the end of the epoch\n  %s x padding%s\n",
         cli_thousands(batch->sequence_length), one ? "" : " each");
}

static void print_share(uint64_t count, uint64_t all, const char *what) {
  printf(", %s %s", cli_thousands(count), what);
  if (count > 0 && all > 0) printf(" (%.3g %%)", 100 * (double)count / (double)all);
}

/* Rows that have a place come first. */
static uint32_t placed_rows(const show_batch *b) {
  uint32_t rows = 0;
  while (rows < b->batch->batch_size && b->places[rows] != BATCH_NO_PLACE) rows++;
  return rows;
}

/* They are most often neighbours. */
static void print_places(const show_batch *b) {
  uint32_t rows = placed_rows(b);
  if (rows == 0) return;
  fputs(", places ", stdout);
  for (uint32_t i = 0; i < rows;) {
    uint32_t end = i + 1;
    while (end < rows && b->places[end] == b->places[end - 1] + 1) end++;
    printf("%s%" PRIu64, i > 0 ? " and " : "", b->places[i]);
    if (end > i + 1) printf("-%" PRIu64, b->places[end - 1]);
    i = end;
  }
}

static void print_sequences(show_run *run, const Batch *batch) {
  char label[120], word[16];
  if (batch->cu_seqlens.ndim == 0) return;
  snprintf(label, sizeof label, "%s, the longest of %s; cu_seqlens ",
           cli_count(batch->num_sequences, "sequence"), cli_thousands(batch->max_seqlen));
  screen_begin(&run->screen, label);
  for (uint32_t i = 0; i <= batch->num_sequences && !run->screen.cut; i++) {
    snprintf(word, sizeof word, "%" PRId32, batch->cu_seqlens.i32[i]);
    screen_put_word(&run->screen, word, false);
  }
  screen_end(&run->screen);
}

static void print_head(show_run *run, const show_batch *b) {
  const Batch *batch = b->batch;
  const batch_loader_options *o = &run->loader.loader;
  contents c = {0};
  for (uint32_t row = 0; row < batch->batch_size; row++) {
    row_view v = view_of(run, batch, row);
    add_row(&c, &v);
  }
  printf("epoch %" PRIu32 ", step %s", batch->epoch_id, cli_thousands(batch->batch_id));
  if (o->world > 1) printf(", rank %" PRIu32 " of %" PRIu32, o->rank, o->world);
  if (o->context_world > 1)
    printf(", context rank %" PRIu32 " of %" PRIu32, o->context_rank, o->context_world);
  printf(": %s of %s", cli_count(batch->batch_size, "row"), cli_count(batch->sequence_length, "position"));
  print_places(b);
  printf("\n%s", cli_count(c.tokens, "token"));
  print_share(c.masked, c.tokens, "masked");
  print_share(c.padding, c.tokens + c.padding, "padding");
  if (b->delivered && o->packing != BATCH_PACK_WINDOWS) printf(", %s cropped", cli_thousands(b->cropped));
  if (c.masked > 0) printf("; masked: %s", screen_legend(&run->screen));
  putchar('\n');
  print_sequences(run, batch);
}

void show_batch_text(show_run *run, const show_batch *b) {
  uint32_t rows = b->batch->batch_size, shown = rows < run->rows ? rows : run->rows, placed = placed_rows(b);
  print_head(run, b);
  for (uint32_t row = 0; row < shown && row < placed; row++) print_row(run, b, row);
  if (shown > placed) print_placeless(b->batch, placed, shown);
  if (shown < rows) printf("\n(%s more)\n", cli_count(rows - shown, "row"));
  putchar('\n');
}
