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

/* Options, and what they point at. */
typedef struct form {
  char field[MOST_NAME + 1], roles[MOST_NAME + 1];
  batch_text_options text;
  batch_span_options spans;
  batch_dataset_options options;
  unsigned steps; /* and threads */
} form;

static void take_form(fuzz_input *in, form *f) {
  f->text = (batch_text_options)BATCH_TEXT_OPTIONS_INIT;
  f->spans = (batch_span_options)BATCH_SPAN_OPTIONS_INIT;
  f->text.malformed = (batch_malformed)fuzz_take_below(in, 3);
  f->spans.kind = (batch_spans)fuzz_take_below(in, 3);
  f->steps = fuzz_take_u8(in);
  f->options = fuzz_take_dataset_options(in);
  take_name(in, f->field);
  take_name(in, f->roles);
  if (f->spans.kind == BATCH_SPANS_MESSAGES) f->spans.before = "<{role}>";
  if (f->spans.kind == BATCH_SPANS_MESSAGES && *f->roles) f->spans.train_roles = f->roles;
  if (f->spans.kind != BATCH_SPANS_PROMPT && *f->field) f->options.text_field = f->field;
  if (f->steps & 0x40) f->options.longest_document = 1 + f->steps % 64;
  f->options.text = &f->text;
  f->options.spans = &f->spans;
  f->options.format = BATCH_FORMAT_JSONL;
  f->options.subset = BATCH_SUBSET_ALL;
}

/* Whether jansson's documents are those that these options give. */
static bool is_plain(const form *f) {
  return f->spans.kind == BATCH_SPANS_TEXT && !f->options.longest_document && !f->options.separator &&
         !strchr(f->field, '.');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static reference expected;
  form f;
  fuzz_input in = fuzz_begin(data, size);
  take_form(&in, &f);
  const fuzz_part lines = fuzz_take_part(&in);
  const char *path = fuzz_write("x.jsonl", lines);
  text_job_step = USUAL_STEP;
  fuzz_contents whole = fuzz_open(&path, 1, &f.options, path);
  if (is_plain(&f) && read_reference(&expected, lines, *f.field ? f.field : "text"))
    check_reference(&expected, &whole);
  text_job_step = 1 + f.steps % 32;
  if ((f.steps & 0xB0) == 0xB0) f.options.workers = 2; /* threads take long to make */
  fuzz_contents cut = fuzz_open(&path, 1, &f.options, path);
  whole.tokens += fuzz_control;
  fuzz_check_same(&whole, &cut, "whole and in steps");
  fuzz_contents_free(&whole);
  fuzz_contents_free(&cut);
  return fuzz_end();
}
