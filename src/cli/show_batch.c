/* A batch for people: a line for the batch, one for each row, one for each document in it. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "show.h"

/* Columns of a row that are of one document, without a gap; or padding. */
typedef struct segment {
  size_t start, end;
  int32_t document; /* -1: padding */
} segment;

/* A row: its elements, and whether the stream of tokens goes on from one document to the next. */
typedef struct row_view {
  const int32_t *input, *target, *documents, *positions;
  const uint8_t *mask;
  size_t length;
  bool stream;
} row_view;

static row_view view_of(const show_run *run, const Batch *batch, uint32_t row) {
  size_t base = (size_t)row * batch->sequence_length;
  return (row_view){.input = batch->input.i32 + base,
                    .target = batch->target.i32 + base,
                    .mask = batch->mask.u8 + base,
                    .documents = batch->documents.i32 + base,
                    .positions = batch->positions.i32 + base,
                    .length = batch->sequence_length,
                    .stream = run->loader.loader.packing == BATCH_PACK_WINDOWS};
}

static bool next_segment(const row_view *v, segment *s) {
  size_t end = s->end;
  if (end == v->length) return false;
  *s = (segment){.start = end, .document = v->documents[end]};
  for (end++; end < v->length && v->documents[end] == s->document; end++)
    if (s->document >= 0 && v->positions[end] != v->positions[end - 1] + 1) break;
  s->end = end;
  return true;
}

/* Whether the token at a column is the target of the column before. */
static bool follows(const row_view *v, size_t column) {
  return v->stream && column > 0 && column < v->length && v->documents[column] >= 0 &&
         v->documents[column - 1] >= 0;
}

/* What is shown of a segment: its inputs, and its last target if no other segment shows that. */
static size_t shown_tokens(const row_view *v, const segment *s) {
  return s->end - s->start + !follows(v, s->end);
}
static int32_t shown_token(const row_view *v, const segment *s, size_t i, bool *masked) {
  size_t column = s->start + i;
  *masked = i > 0 || follows(v, column) ? !v->mask[column - 1] : false;
  return column < s->end ? v->input[column] : v->target[column - 1];
}

static uint64_t masked_tokens(const row_view *v, const segment *s) {
  uint64_t sum = 0;
  for (size_t i = 0; i < shown_tokens(v, s); i++) {
    bool masked;
    shown_token(v, s, i, &masked);
    sum += masked;
  }
  return sum;
}

/* What is in a row, or a batch. */
typedef struct contents {
  uint64_t tokens, masked, padding, documents;
} contents;

static void add_row(contents *c, const row_view *v) {
  for (segment s = {0}; next_segment(v, &s);) {
    uint64_t columns = s.end - s.start;
    if (s.document < 0) {
      c->padding += columns;
      continue;
    }
    c->documents++;
    c->tokens += columns;
    c->masked += masked_tokens(v, &s);
  }
}

/* Ids that are no text: outside the vocabulary, or tokens like the end of text of bytes. */
static bool has_no_text(const show_run *run, int32_t id) {
  int32_t twice[2] = {id, id}; /* some models drop white space where a text begins */
  size_t bytes = batch_tokenizer_decode(run->tokenizer, twice, 2, NULL, 0);
  return bytes == 0 || bytes == BATCH_TOKENIZER_FAILED;
}

static void put_token(show_run *run, int32_t id, bool masked) {
  char word[16];
  const char *text;
  size_t bytes;
  bool symbol = run->tokenizer && has_no_text(run, id);
  snprintf(word, sizeof word, symbol ? "<%" PRId32 ">" : "%" PRId32, id);
  if (!run->tokenizer)
    screen_put_word(&run->screen, word, masked);
  else if (symbol)
    screen_put_symbol(&run->screen, word, masked);
  else if (batch_decoder_feed(run->decoder, &id, 1, false, &text, &bytes))
    screen_put(&run->screen, text, bytes, masked);
}

static void end_text(show_run *run, bool masked) {
  const char *text;
  size_t bytes;
  if (!run->tokenizer) return;
  if (batch_decoder_feed(run->decoder, NULL, 0, true, &text, &bytes))
    screen_put(&run->screen, text, bytes, masked);
  screen_flush(&run->screen);
  screen_put_border(&run->screen);
}

enum { LABEL = 96 };

static void label_of(const row_view *v, const segment *s, char *label) {
  uint64_t masked = masked_tokens(v, s);
  int length =
      snprintf(label, LABEL, "  %" PRId32 ": %s", s->document, cli_count(s->end - s->start, "token"));
  if (v->positions[s->start] > 0)
    length += snprintf(label + length, (size_t)(LABEL - length), " from %s",
                       cli_thousands((uint64_t)v->positions[s->start]));
  if (masked > 0) snprintf(label + length, (size_t)(LABEL - length), ", %s masked", cli_thousands(masked));
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
  bool masked = false;
  if (s->document < 0) {
    printf("  %s x padding\n", cli_thousands(s->end - s->start));
    return;
  }
  label_of(v, s, label);
  snprintf(padded, sizeof padded, "%-*s %s", width, label, run->tokenizer ? "" : " ");
  screen_begin(&run->screen, padded);
  if (run->tokenizer) screen_put_border(&run->screen);
  size_t tokens = shown_tokens(v, s);
  for (size_t i = 0; i < tokens && !run->screen.cut; i++)
    put_token(run, shown_token(v, s, i, &masked), masked);
  end_text(run, masked);
  screen_end(&run->screen);
}

static void print_row(show_run *run, const show_batch *b, uint32_t row) {
  row_view v = view_of(run, b->batch, row);
  contents c = {0};
  add_row(&c, &v);
  printf("\nrow %" PRIu32, row);
  if (b->places[row] == BATCH_NO_PLACE)
    puts(", of no place: beyond the end of the epoch");
  else
    printf(", place %s: %s of %s\n", cli_thousands(b->places[row]), cli_count(c.tokens, "token"),
           cli_count(c.documents, "document"));
  int width = widest_label(&v);
  for (segment s = {0}; next_segment(&v, &s);) print_segment(run, &v, &s, width);
}

static void print_share(uint64_t count, uint64_t all, const char *what) {
  printf(", %s %s", cli_thousands(count), what);
  if (count > 0 && all > 0) printf(" (%.3g %%)", 100 * (double)count / (double)all);
}

/* Rows that have a place are most often neighbours. */
static void print_places(const show_batch *b) {
  uint32_t rows = 0;
  while (rows < b->batch->batch_size && b->places[rows] != BATCH_NO_PLACE) rows++;
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

static void print_head(const show_run *run, const show_batch *b) {
  const Batch *batch = b->batch;
  const batch_loader_options *o = &run->loader.loader;
  contents c = {0};
  for (uint32_t row = 0; row < batch->batch_size; row++) {
    row_view v = view_of(run, batch, row);
    add_row(&c, &v);
  }
  printf("epoch %" PRIu32 ", step %s", batch->epoch_id, cli_thousands(batch->batch_id));
  if (o->world > 1) printf(", rank %" PRIu32 " of %" PRIu32, o->rank, o->world);
  printf(": %s of %s", cli_count(batch->batch_size, "row"), cli_count(batch->sequence_length, "position"));
  print_places(b);
  printf("\n%s", cli_count(c.tokens, "token"));
  print_share(c.masked, c.tokens, "masked");
  print_share(c.padding, c.tokens + c.padding, "padding");
  if (c.masked > 0) printf("; masked: %s", screen_legend(&run->screen));
  putchar('\n');
}

void show_batch_text(show_run *run, const show_batch *b) {
  uint32_t rows = b->batch->batch_size, shown = rows < run->rows ? rows : run->rows;
  print_head(run, b);
  for (uint32_t row = 0; row < shown; row++) print_row(run, b, row);
  if (shown < rows) printf("\n(%s more)\n", cli_count(rows - shown, "row"));
  putchar('\n');
}
