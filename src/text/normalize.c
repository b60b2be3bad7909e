#include "text/normalize.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/options.h"
#include "base/utf8.h"
#include "text/characters.h"
#include "text/normal_form.h"

static bool has_forms(const batch_text_options *options) {
  return options->normal_form || options->fold_case;
}

bool text_is_changed(const batch_text_options *options) {
  return has_forms(options) || options->squeeze_space;
}

static bool check(const char *function, const batch_text_options *options) {
  if ((unsigned)options->malformed > BATCH_MALFORMED_ERROR)
    return error_fail(BATCH_ERROR_INVALID_ARGUMENT, "%s: malformed is %d, expected 0 to %d", function,
                      (int)options->malformed, BATCH_MALFORMED_ERROR);
  if ((unsigned)options->normal_form > BATCH_NORMAL_NFKC)
    return error_fail(BATCH_ERROR_INVALID_ARGUMENT, "%s: normal_form is %d, expected 0 to %d", function,
                      (int)options->normal_form, BATCH_NORMAL_NFKC);
  return !has_forms(options) || normal_form_supported(function);
}

bool text_options_read(const char *function, const char *argument, const batch_text_options *given,
                       batch_text_options *mine) {
  static const options_type type = OPTIONS_TYPE_RESERVED(batch_text_options, BATCH_TEXT_OPTIONS_INIT);
  *mine = (batch_text_options)BATCH_TEXT_OPTIONS_INIT;
  return !given || (options_read(&type, function, argument, given, mine) && check(function, mine));
}

/* Run by run: malformed bytes pass between the runs. */
static bool form(text_normalizer *n, const uint8_t *text, size_t bytes, text_buffer *out) {
  while (bytes > 0) {
    size_t good = utf8_well_formed(text, bytes);
    if (!normal_form_feed(n, text, good, out)) return false;
    text += good;
    bytes -= good;
    if (bytes == 0) return true;
    size_t bad = utf8_next(text, bytes).bytes;
    if (!normal_form_flush(n, out) || !text_buffer_append(out, (const char *)text, bad)) return false;
    text += bad;
    bytes -= bad;
  }
  return true;
}

typedef enum space_kind { NO_SPACE, SPACE, LINE_BREAK } space_kind;

/* Unicode White_Space; the line breaks of Unicode 15, 5.8. */
static space_kind kind_of(const utf8_step *step) {
  uint32_t c = step->code;
  if (!step->valid) return NO_SPACE;
  if ((c >= '\n' && c <= '\r') || c == 0x85 || c == 0x2028 || c == 0x2029) return LINE_BREAK;
  return character_is_space(c) ? SPACE : NO_SPACE;
}

/* Writes what a character leaves, at most a byte more than it has. */
static void squeeze_one(text_normalizer *n, const uint8_t *text, const utf8_step *step, text_buffer *out) {
  space_kind kind = kind_of(step);
  bool second = n->carriage && text[0] == '\n';
  if (kind == LINE_BREAK && !second) out->data[out->used++] = '\n';
  if (kind == NO_SPACE) {
    if (n->blank) out->data[out->used++] = ' ';
    memcpy(out->data + out->used, text, step->bytes);
    out->used += step->bytes;
  }
  n->blank = kind == SPACE;
  n->carriage = text[0] == '\r';
}

/* ASCII that is neither white space nor behind any. */
static size_t plain_run(const text_normalizer *n, const uint8_t *text, size_t bytes) {
  size_t i = 0;
  while (!n->blank && i < bytes && text[i] > ' ' && text[i] < 0x80) i++;
  return i;
}

static bool squeeze(text_normalizer *n, const uint8_t *text, size_t bytes, text_buffer *out) {
  if (!text_buffer_reserve(out, bytes + 1)) return false; /* a blank of before, and no character grows */
  for (size_t at = 0; at < bytes;) {
    size_t run = plain_run(n, text + at, bytes - at);
    if (run > 0) {
      memcpy(out->data + out->used, text + at, run);
      out->used += run;
      at += run;
      n->carriage = false;
    } else {
      utf8_step step = utf8_next(text + at, bytes - at);
      squeeze_one(n, text + at, &step, out);
      at += step.bytes;
    }
  }
  return true;
}

bool text_normalizer_feed(text_normalizer *n, const char *text, size_t bytes, text_buffer *out) {
  const uint8_t *raw = (const uint8_t *)text;
  bool forms = has_forms(n->options);
  if (!n->options->squeeze_space)
    return forms ? form(n, raw, bytes, out) : text_buffer_append(out, text, bytes);
  if (!forms) return squeeze(n, raw, bytes, out);
  n->formed.used = 0;
  return form(n, raw, bytes, &n->formed) && squeeze(n, (uint8_t *)n->formed.data, n->formed.used, out);
}

bool text_normalizer_end(text_normalizer *n, text_buffer *out) {
  text_buffer *formed = n->options->squeeze_space ? &n->formed : out;
  n->formed.used = 0;
  bool good = !has_forms(n->options) || normal_form_flush(n, formed);
  if (good && n->options->squeeze_space) {
    good = squeeze(n, (uint8_t *)n->formed.data, n->formed.used, out);
    if (good && n->blank) good = text_buffer_append(out, " ", 1);
  }
  n->blank = n->carriage = false;
  return good;
}

/* No malformed part ends with, and no character before it combines with, what begins a character that stands for itself.
   White space is as at the start of a text behind a line feed, and behind what is neither white space nor changed into
   it. */
bool text_normalizer_parts(const batch_text_options *options, const char *text, size_t at, size_t bytes) {
  char before = text[at - 1];
  bool settled = before == '\n' || (before > ' ' && before < 0x7F);
  if (options->squeeze_space && !settled) return false;
  utf8_step step = utf8_next((const uint8_t *)text + at, bytes - at);
  return step.valid && (!has_forms(options) || normal_form_begins(options, step.code));
}

void text_normalizer_shrink(text_normalizer *n, size_t most) {
  text_buffer_shrink(&n->formed, most);
  if (n->capacity <= most / sizeof *n->points) return;
  free(n->points);
  n->points = NULL;
  n->capacity = 0;
}

void text_normalizer_free(text_normalizer *n) {
  text_buffer_free(&n->formed);
  free(n->points);
  *n = (text_normalizer){0};
}

/* Replaces malformed parts, or refuses them. The sentence has no function's name. */
static bool settle(const char *text, size_t bytes, batch_malformed malformed, text_buffer *out) {
  const uint8_t *raw = (const uint8_t *)text;
  size_t good = utf8_well_formed(raw, bytes);
  if (good < bytes && malformed == BATCH_MALFORMED_ERROR)
    return error_fail(BATCH_ERROR_FORMAT, "text: at byte %zu: found 0x%02X, expected UTF-8", good, raw[good]);
  return text_buffer_append_repaired(out, raw, bytes);
}

static bool normalize_whole(const char *text, size_t bytes, const batch_text_options *options,
                            text_buffer *out) {
  text_normalizer n = {.options = options, .longest = SIZE_MAX};
  bool good = text_normalizer_feed(&n, text, bytes, out) && text_normalizer_end(&n, out);
  text_normalizer_free(&n);
  return good;
}

size_t batch_text_normalize(const char *text, size_t bytes, const batch_text_options *options, char *out,
                            size_t capacity) {
  static const char function[] = "batch_text_normalize";
  batch_text_options mine;
  text_buffer repaired = {0}, normal = {0};
  bool has_text = text || bytes == 0;
  if (!has_text || (!out && capacity > 0)) {
    error_set(BATCH_ERROR_INVALID_ARGUMENT, "%s: %s is NULL, expected an address", function,
              has_text ? "out" : "text");
    return BATCH_TOKENIZER_FAILED;
  }
  if (!text_options_read(function, "options", options, &mine)) return BATCH_TOKENIZER_FAILED;
  bool good = true;
  if (mine.malformed) {
    good = settle(text, bytes, mine.malformed, &repaired);
    text = repaired.data;
    bytes = repaired.used;
  }
  good = good && normalize_whole(text, bytes, &mine, &normal);
  if (!good) error_set(batch_last_error()->code, "%s: %s", function, batch_last_error()->message);
  size_t length = good ? normal.used : BATCH_TOKENIZER_FAILED;
  if (good && capacity > 0 && length > 0) memcpy(out, normal.data, length < capacity ? length : capacity);
  text_buffer_free(&repaired);
  text_buffer_free(&normal);
  return length;
}
