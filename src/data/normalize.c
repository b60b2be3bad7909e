#include "data/normalize.h"

#include <stdlib.h>
#include <string.h>

#include "core/error.h"
#include "data/utf8.h"

#ifdef HEADRACE_WITH_UTF8PROC
#include <utf8proc.h>

static utf8proc_option_t flags_of(const batch_text_options *options) {
  int flags = 0;
  if (options->normal_form) flags |= UTF8PROC_STABLE | UTF8PROC_COMPOSE;
  if (options->normal_form == BATCH_NORMAL_NFKC) flags |= UTF8PROC_COMPAT;
  if (options->fold_case) flags |= UTF8PROC_CASEFOLD;
  return (utf8proc_option_t)flags;
}

static bool normalize_well_formed(const char *text, size_t bytes, const batch_text_options *options,
                                  text_buffer *out) {
  utf8proc_uint8_t *normal = NULL;
  utf8proc_ssize_t length =
      utf8proc_map((const utf8proc_uint8_t *)text, (utf8proc_ssize_t)bytes, &normal, flags_of(options));
  if (length < 0)
    return error_fail(length == UTF8PROC_ERROR_NOMEM ? BATCH_OUT_OF_MEMORY : BATCH_FORMAT_ERROR,
                      "text: utf8proc: %s", utf8proc_errmsg(length));
  bool good = text_buffer_append(out, (const char *)normal, (size_t)length);
  free(normal);
  return good;
}

static bool normal_forms_supported(const char *function) {
  (void)function;
  return true;
}
#else
static bool normalize_well_formed(const char *text, size_t bytes, const batch_text_options *options,
                                  text_buffer *out) {
  (void)options;
  return text_buffer_append(out, text, bytes);
}

static bool normal_forms_supported(const char *function) {
  return error_fail(
      BATCH_UNSUPPORTED,
      "%s: normal forms and case folding need utf8proc, without which this libheadrace was built", function);
}
#endif

bool text_is_changed(const batch_text_options *options) {
  return options->normal_form || options->fold_case || options->squeeze_space;
}

bool text_options_check(const char *function, const batch_text_options *options) {
  if ((unsigned)options->malformed > BATCH_MALFORMED_ERROR)
    return error_fail(BATCH_INVALID_ARGUMENT, "%s: malformed is %d, expected 0 to %d", function,
                      (int)options->malformed, BATCH_MALFORMED_ERROR);
  if ((unsigned)options->normal_form > BATCH_NORMAL_NFKC)
    return error_fail(BATCH_INVALID_ARGUMENT, "%s: normal_form is %d, expected 0 to %d", function,
                      (int)options->normal_form, BATCH_NORMAL_NFKC);
  return !(options->normal_form || options->fold_case) || normal_forms_supported(function);
}

/* Normalizes run by run: malformed bytes pass between the runs. */
static bool normalize_runs(const char *text, size_t bytes, const batch_text_options *options,
                           text_buffer *out) {
  const uint8_t *raw = (const uint8_t *)text;
  while (bytes > 0) {
    size_t good = utf8_well_formed(raw, bytes);
    if (good > 0 && !normalize_well_formed((const char *)raw, good, options, out)) return false;
    raw += good;
    bytes -= good;
    if (bytes == 0) return true;
    size_t bad = utf8_next(raw, bytes).bytes;
    if (!text_buffer_append(out, (const char *)raw, bad)) return false;
    raw += bad;
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
  bool space = c == ' ' || c == '\t' || c == 0xA0 || c == 0x1680 || (c >= 0x2000 && c <= 0x200A) ||
               c == 0x202F || c == 0x205F || c == 0x3000;
  return space ? SPACE : NO_SPACE;
}

/* Squeezes in place from `from` on: what is written never overtakes what is read. */
static void squeeze(text_buffer *buffer, size_t from) {
  char *text = buffer->data;
  size_t to = from;
  bool pending = false; /* white space that is a blank unless a line break follows */
  for (size_t at = from; at < buffer->used;) {
    utf8_step step = utf8_next((const uint8_t *)text + at, buffer->used - at);
    space_kind kind = kind_of(&step);
    bool pair = kind == LINE_BREAK && text[at] == '\r' && at + 1 < buffer->used && text[at + 1] == '\n';
    if (kind == LINE_BREAK) text[to++] = '\n';
    if (kind == NO_SPACE) {
      if (pending) text[to++] = ' ';
      memmove(text + to, text + at, step.bytes);
      to += step.bytes;
    }
    pending = kind == SPACE;
    at += step.bytes + pair;
  }
  if (pending) text[to++] = ' ';
  buffer->used = to;
}

bool text_normalize(const char *text, size_t bytes, const batch_text_options *options, text_buffer *out) {
  size_t from = out->used;
  bool forms = options->normal_form || options->fold_case;
  if (!(forms ? normalize_runs(text, bytes, options, out) : text_buffer_append(out, text, bytes)))
    return false;
  if (options->squeeze_space && out->used > from) squeeze(out, from);
  return true;
}

/* Replaces malformed parts, or refuses them. */
static bool settle(const char *text, size_t bytes, batch_malformed malformed, text_buffer *out) {
  const uint8_t *raw = (const uint8_t *)text;
  size_t good = utf8_well_formed(raw, bytes);
  if (good < bytes && malformed == BATCH_MALFORMED_ERROR)
    return error_fail(BATCH_FORMAT_ERROR,
                      "batch_text_normalize: text: at byte %zu: found 0x%02X, expected UTF-8", good,
                      raw[good]);
  return utf8_repair(raw, bytes, out);
}

size_t batch_text_normalize(const char *text, size_t bytes, const batch_text_options *options, char *out,
                            size_t capacity) {
  static const batch_text_options unchanged = BATCH_TEXT_OPTIONS_INIT;
  text_buffer repaired = {0}, normal = {0};
  if (!options) options = &unchanged;
  if ((!text && bytes > 0) || (!out && capacity > 0))
    return error_set(BATCH_INVALID_ARGUMENT, "batch_text_normalize: %s is NULL, expected an address",
                     text ? "out" : "text"),
           BATCH_TOKENIZER_FAILED;
  bool good = text_options_check("batch_text_normalize", options);
  if (good && options->malformed) {
    good = settle(text, bytes, options->malformed, &repaired);
    text = repaired.data;
    bytes = repaired.used;
  }
  good = good && text_normalize(text, bytes, options, &normal);
  size_t length = good ? normal.used : BATCH_TOKENIZER_FAILED;
  if (good && capacity > 0 && length > 0) memcpy(out, normal.data, length < capacity ? length : capacity);
  text_buffer_free(&repaired);
  text_buffer_free(&normal);
  return length;
}
