/* .jsonl: beside jansson where it reads every line, whole and in small steps, by one thread and by two.

   input: how malformed bytes are taken, what a line holds, steps and threads; options; a field's name and roles; lines. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/contents.h"
#include "text/pipeline/job.h"

enum {
  MOST_NAME = 40,
  USUAL_STEP = 1 << 13 /* more than an input has: larger buffers take longer to make */
};

/* Documents as jansson reads them. */
typedef struct reference {
  char text[1 << 16];
  size_t bytes;
  size_t ends[1 << 12];
  size_t count;
} reference;

static void take_name(fuzz_input *in, char name[MOST_NAME + 1]) {
  fuzz_part part = fuzz_take_part(in);
  size_t bytes = part.size < MOST_NAME ? part.size : MOST_NAME;
  if (bytes > 0) memcpy(name, part.data, bytes);
  name[bytes] = '\0';
}

static bool is_blank(const char *line, size_t bytes) {
  for (size_t i = 0; i < bytes; i++)
    if (!strchr(" \t\r", line[i]) || !line[i]) return false;
  return true;
}

/* Returns: whether jansson knows what is in the line. What it refuses may still be read: numbers beyond a double, NaN,
   a member twice. */
static bool read_line(reference *r, const char *line, size_t bytes, const char *field) {
  json_t *object = json_loadb(line, bytes, JSON_ALLOW_NUL | JSON_REJECT_DUPLICATES, NULL);
  const json_t *text = json_object_get(object, field);
  size_t length = json_string_length(text);
  bool known = json_is_string(text) && r->bytes + length <= sizeof r->text && r->count < 1 << 12;
  if (known) {
    memcpy(r->text + r->bytes, json_string_value(text), length);
    r->bytes += length;
    r->ends[r->count++] = r->bytes;
  }
  json_decref(object);
  return known;
}

static bool read_reference(reference *r, fuzz_part lines, const char *field) {
  const char *at = (const char *)lines.data, *end = at + lines.size;
  r->bytes = r->count = 0;
  for (const char *next; at < end; at = next) {
    const char *feed = memchr(at, '\n', (size_t)(end - at));
    next = feed ? feed + 1 : end;
    size_t bytes = (size_t)((feed ? feed : end) - at);
    if (!is_blank(at, bytes) && !read_line(r, at, bytes, field)) return false;
  }
  return r->bytes > 0;
}

static void check_reference(const reference *r, const fuzz_contents *c) {
  if (!c->opened) fuzz_fail("refused, and jansson reads it: %s", c->message);
  if (c->tokens != r->bytes || c->documents != r->count)
    fuzz_fail("%zu bytes in %zu documents as jansson reads it", r->bytes, r->count);
  for (size_t i = 0; i < r->bytes; i++)
    if (c->ids[i] != (uint8_t)r->text[i])
      fuzz_fail("byte %zu is %d, not as jansson reads it", i, (int)c->ids[i]);
  for (size_t i = 0; i < r->count; i++)
    if (c->ends[i] != r->ends[i]) fuzz_fail("document %zu ends elsewhere than jansson says", i);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static reference expected;
  char field[MOST_NAME + 1], roles[MOST_NAME + 1];
  fuzz_input in = fuzz_begin(data, size);
  unsigned malformed = fuzz_take_below(&in, 3), kind = fuzz_take_below(&in, 3), how = fuzz_take_u8(&in);
  batch_dataset_options options = fuzz_take_dataset_options(&in);
  batch_text_options text = BATCH_TEXT_OPTIONS_INIT;
  batch_span_options spans = BATCH_SPAN_OPTIONS_INIT;
  take_name(&in, field);
  take_name(&in, roles);
  const fuzz_part lines = fuzz_take_part(&in);
  const char *path = fuzz_write("x.jsonl", lines);
  text.malformed = (batch_malformed)malformed;
  spans.kind = (batch_spans)kind;
  if (kind == BATCH_SPANS_MESSAGES && *roles) spans.train_roles = roles;
  if (kind == BATCH_SPANS_MESSAGES) spans.before = "<{role}>";
  if (kind != BATCH_SPANS_PROMPT && *field) options.text_field = field;
  if (how & 0x40) options.longest_document = 1 + how % 64;
  options.text = &text;
  options.spans = &spans;
  options.format = BATCH_FORMAT_JSONL;
  options.subset = BATCH_SUBSET_ALL;
  text_job_step = USUAL_STEP;
  fuzz_contents whole = fuzz_open(&path, 1, &options, path);
  if (kind == BATCH_SPANS_TEXT && !options.longest_document && !options.separator && !strchr(field, '.') &&
      read_reference(&expected, lines, *field ? field : "text"))
    check_reference(&expected, &whole);
  text_job_step = 1 + how % 32;
  if ((how & 0xB0) == 0xB0) options.workers = 2; /* threads take long to make */
  fuzz_contents cut = fuzz_open(&path, 1, &options, path);
  fuzz_check_same(&whole, &cut, "whole and in steps");
  fuzz_contents_free(&whole);
  fuzz_contents_free(&cut);
  return fuzz_end();
}
