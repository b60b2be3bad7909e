#include "dataset/writer/run_description.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/path.h"
#include "text/encode.h"
#include "text/span_options.h"
#include "text/tokenizer.h"

#define INPUT "input"

/* A value is one line without tabs; different ones stay different. */
static bool append_escaped(text_buffer *lines, const char *value) {
  for (; *value; value++) {
    const char *escape = *value == '\\' ? "\\\\" : *value == '\t' ? "\\t" : *value == '\n' ? "\\n" : NULL;
    if (!text_buffer_append(lines, escape ? escape : value, escape ? 2 : 1)) return false;
  }
  return true;
}

/* Takes over `value`, which may be NULL with an error set. */
static bool append_line(text_buffer *lines, const char *name, char *value) {
  bool good = value && text_buffer_append(lines, name, strlen(name)) && text_buffer_append(lines, "\t", 1) &&
              append_escaped(lines, value) && text_buffer_append(lines, "\n", 1);
  free(value);
  return good;
}

#define DESCRIBE(lines, name, ...) append_line(lines, name, path_make(__VA_ARGS__))

bool describe_writer(text_buffer *lines, const batch_writer_options *options) {
  return DESCRIBE(lines, "this libheadrace", "%s", batch_version()) &&
         DESCRIBE(lines, "options.format (--to)", "%s", batch_format_name(options->format)) &&
         DESCRIBE(lines, "options.token_type (--token-type)", "%s",
                  batch_token_type_name(options->token_type)) &&
         DESCRIBE(lines, "options.shard_tokens (--shard-tokens)", "%" PRIu64, options->shard_tokens);
}

static bool describe_text(text_buffer *lines, const batch_text_options *text) {
  static const char *const forms[] = {"none", "nfc", "nfkc"};
  return DESCRIBE(lines, "options.text->normal_form (--normalize)", "%s", forms[text->normal_form]) &&
         DESCRIBE(lines, "options.text->fold_case (--fold-case)", "%d", text->fold_case) &&
         DESCRIBE(lines, "options.text->squeeze_space (--squeeze-space)", "%d", text->squeeze_space);
}

static bool describe_separator(text_buffer *lines, const batch_dataset_options *options) {
  static const char *const places[] = {"none", "before", "after"};
  return DESCRIBE(lines, "options.separator (--separator)", "%s", places[options->separator]) &&
         DESCRIBE(lines, "options.end_of_text (--end-of-text)", "%" PRId32,
                  options->separator ? options->end_of_text : 0);
}

/* Those that have no use are NULL. */
static bool describe_spans(text_buffer *lines, const batch_span_options *spans) {
  static const char *const kinds[] = {"text", "prompt", "messages"};
  const struct {
    const char *name, *value;
  } settings[] = {{"options.spans->prompt_field (--prompt-field)", spans->prompt_field},
                  {"options.spans->completion_field (--completion-field)", spans->completion_field},
                  {"options.spans->role_field (--role-field)", spans->role_field},
                  {"options.spans->content_field (--content-field)", spans->content_field},
                  {"options.spans->train_roles (--train-roles)", spans->train_roles},
                  {"options.spans->before (--message-before)", spans->before},
                  {"options.spans->after (--message-after)", spans->after},
                  {"options.spans->train_field (--train-field)", spans->train_field}};
  bool good = DESCRIBE(lines, "options.spans->kind (--prompt-field, --messages)", "%s", kinds[spans->kind]);
  for (size_t i = 0; i < sizeof settings / sizeof *settings; i++)
    good = good && (!settings[i].value || DESCRIBE(lines, settings[i].name, "%s", settings[i].value));
  return good;
}

/* The member that a line has its document in. */
static const char *field_of(const batch_dataset_options *options) {
  const char *usual = span_options_field(options->spans);
  return options->text_field ? options->text_field : usual ? usual : "none";
}

bool describe_encoding(text_buffer *lines, const batch_dataset_options *options) {
  uint64_t tokenizer;
  return tokenizer_fingerprint(options->tokenizer, &tokenizer) &&
         DESCRIBE(lines, "the fingerprint of options.tokenizer (--tokenizer)", "%016" PRIx64, tokenizer) &&
         describe_separator(lines, options) && describe_text(lines, options->text) &&
         DESCRIBE(lines, "options.format (--format)", "%s",
                  options->format ? batch_format_name(options->format) : "auto") &&
         DESCRIBE(lines, "options.text_field (--field)", "%s", field_of(options)) &&
         describe_spans(lines, options->spans);
}

bool describe_inputs(text_buffer *lines, size_t count) {
  return DESCRIBE(lines, "the number of inputs", "%zu", count);
}

bool describe_input(text_buffer *lines, const char *path, const struct stat *status) {
  return DESCRIBE(lines, INPUT, "%jd %jd.%09ld %s", (intmax_t)status->st_size,
                  (intmax_t)status->st_mtim.tv_sec, status->st_mtim.tv_nsec, path);
}

/* A line of a description, taken apart. */
typedef struct line {
  const char *name, *value;
  int name_bytes, value_bytes;
  size_t bytes; /* with its end; 0: there is none */
} line;

static line line_at(const text_buffer *lines, size_t at) {
  if (at == lines->used) return (line){"nothing", "none", 7, 4, 0};
  const char *name = lines->data + at, *end = memchr(name, '\n', lines->used - at),
             *tab = memchr(name, '\t', (size_t)(end - name));
  return (line){name, tab + 1, (int)(tab - name), (int)(end - tab - 1), (size_t)(end + 1 - name)};
}

static bool is_named(const line *l, const char *name) {
  return strlen(name) == (size_t)l->name_bytes && memcmp(l->name, name, (size_t)l->name_bytes) == 0;
}

/* The path in the value of an input. */
static line path_of_input(const line *l) {
  line path = *l;
  for (int blanks = 0; blanks < 2 && path.value_bytes > 0; path.value++, path.value_bytes--)
    blanks += *path.value == ' ';
  return path;
}

#define ANEW "(to begin anew: options.overwrite, --force)"

static bool input_differs(const char *output, const line *now, const line *before) {
  line path = path_of_input(now), old = path_of_input(before);
  if (path.value_bytes == old.value_bytes && memcmp(path.value, old.value, (size_t)path.value_bytes) == 0)
    return error_fail(
        BATCH_ERROR_INVALID_ARGUMENT,
        "%.300s: the input %.*s has changed since the unfinished run began, expected the same size and "
        "time of modification " ANEW,
        output, path.value_bytes < 400 ? path.value_bytes : 400, path.value);
  return error_fail(BATCH_ERROR_INVALID_ARGUMENT,
                    "%.300s: the input is %.*s, expected %.*s, with which the unfinished run went on " ANEW,
                    output, path.value_bytes < 250 ? path.value_bytes : 250, path.value,
                    old.value_bytes < 250 ? old.value_bytes : 250, old.value);
}

static bool differs(const char *output, const line *now, const line *before) {
  if (is_named(now, INPUT) && is_named(before, INPUT)) return input_differs(output, now, before);
  return error_fail(BATCH_ERROR_INVALID_ARGUMENT,
                    "%.300s: %.*s is %.*s, expected %.*s, with which the unfinished run began " ANEW, output,
                    now->name_bytes, now->name, now->value_bytes < 200 ? now->value_bytes : 200, now->value,
                    before->value_bytes < 200 ? before->value_bytes : 200, before->value);
}

bool description_begins(const char *output, const text_buffer *now, const text_buffer *before) {
  for (size_t at = 0; at < now->used;) {
    line is = line_at(now, at), was = line_at(before, at);
    if (is.bytes != was.bytes || memcmp(is.name, was.name, is.bytes) != 0) return differs(output, &is, &was);
    at += is.bytes;
  }
  return true;
}

bool description_is(const char *output, const text_buffer *now, const text_buffer *before) {
  if (!description_begins(output, now, before)) return false;
  line is = line_at(now, now->used), was = line_at(before, now->used);
  return now->used == before->used || differs(output, &is, &was);
}
