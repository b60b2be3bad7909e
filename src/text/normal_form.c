#include "text/normal_form.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/utf8.h"

#ifdef HEADRACE_WITH_UTF8PROC
#include <utf8proc.h>

enum { EXPANSION = 64 }; /* characters that one becomes, at most (18 in Unicode 15) */

bool normal_form_supported(const char *function) {
  (void)function;
  return true;
}

static utf8proc_option_t flags_of(const batch_text_options *options) {
  int flags = 0;
  if (options->normal_form) flags |= UTF8PROC_STABLE | UTF8PROC_COMPOSE;
  if (options->normal_form == BATCH_NORMAL_NFKC) flags |= UTF8PROC_COMPAT;
  if (options->fold_case) flags |= UTF8PROC_CASEFOLD;
  return (utf8proc_option_t)flags;
}

static uint8_t class_of(int32_t point) {
  return (uint8_t)utf8proc_get_property(point)->combining_class;
}

/* Whether nothing before this decomposed character can change with it: it is a starter, and no composition has
   it in second place. Those are marks but for the vowels and finals of Hangul and Kirat Rai. */
static bool is_boundary(int32_t point) {
  const utf8proc_property_t *property = utf8proc_get_property(point);
  bool mark = property->category >= UTF8PROC_CATEGORY_MN && property->category <= UTF8PROC_CATEGORY_ME;
  bool hangul = point >= 0x1160 && point <= 0x11FF, kirat_rai = point >= 0x16D40 && point <= 0x16D7F;
  return property->combining_class == 0 && !mark && !hangul && !kirat_rai;
}

/* Sorts a run of marks by combining class; those of one class keep their order. Linear: a run may be long. */
static bool sort_marks(int32_t *run, size_t count) {
  size_t places[257] = {0};
  int32_t *sorted = malloc(count * sizeof *sorted);
  if (!sorted) return error_fail(BATCH_ERROR_OUT_OF_MEMORY, "text: no memory for %zu combining marks", count);
  for (size_t i = 0; i < count; i++) places[class_of(run[i]) + 1]++;
  for (size_t i = 1; i < 257; i++) places[i] += places[i - 1];
  for (size_t i = 0; i < count; i++) sorted[places[class_of(run[i])]++] = run[i];
  memcpy(run, sorted, count * sizeof *run);
  free(sorted);
  return true;
}

/* Canonical order. */
static bool order(int32_t *points, size_t count) {
  for (size_t i = 0; i < count;) {
    size_t start = i;
    bool sorted = true;
    uint8_t last = 0;
    for (uint8_t class; i < count && (class = class_of(points[i])) > 0; i++, last = class)
      if (class < last) sorted = false;
    if (!sorted && !sort_marks(points + start, i - start)) return false;
    if (i == start) i++;
  }
  return true;
}

bool normal_form_flush(text_normalizer *n, text_buffer *out) {
  size_t count = n->count;
  n->count = 0;
  if (count == 0) return true;
  if (n->options->normal_form) {
    if (!order(n->points, count)) return false;
    count = (size_t)utf8proc_normalize_utf32(n->points, (utf8proc_ssize_t)count, flags_of(n->options));
  }
  if (!text_buffer_reserve(out, 4 * count)) return false;
  for (size_t i = 0; i < count; i++) out->used += utf8_put((uint32_t)n->points[i], out->data + out->used);
  return true;
}

static bool make_room(text_normalizer *n) {
  if (n->capacity - n->count >= EXPANSION) return true;
  size_t capacity = n->capacity ? 2 * n->capacity : NORMAL_FORM_HELD + EXPANSION;
  int32_t *grown = reallocarray(n->points, capacity, sizeof *grown);
  if (!grown) return error_fail(BATCH_ERROR_OUT_OF_MEMORY, "text: no memory for %zu characters", capacity);
  n->points = grown;
  n->capacity = capacity;
  return true;
}

static bool too_many(const text_normalizer *n) {
  return error_fail(
      BATCH_ERROR_FORMAT,
      "found more than %zu characters that combine with one another, expected at most that many "
      "(options.longest_document)",
      n->longest);
}

/* Composes what is held back when it is enough, unless it may still combine with the `got` characters behind it. */
static bool settle(text_normalizer *n, size_t got, text_buffer *out) {
  int32_t behind[EXPANSION];
  if (n->count < NORMAL_FORM_HELD || got == 0) return true;
  if (!is_boundary(n->points[n->count])) return n->count - NORMAL_FORM_HELD < n->longest || too_many(n);
  memcpy(behind, n->points + n->count, got * sizeof *behind);
  if (!normal_form_flush(n, out)) return false;
  memcpy(n->points, behind, got * sizeof *behind);
  return true;
}

/* A vowel of Hangul that stands just below the final consonants. utf8proc 2.8 takes it for the final consonant of the syllable
   before it, and drops it; it combines with nothing before it. */
enum { NO_FINAL = 0x11A7 };

/* Decomposes one character behind those that are held back. */
static bool add(text_normalizer *n, uint32_t code, text_buffer *out) {
  int bound = 0;
  if (code == NO_FINAL && !normal_form_flush(n, out)) return false;
  if (!make_room(n)) return false;
  utf8proc_ssize_t got =
      utf8proc_decompose_char((int32_t)code, n->points + n->count, EXPANSION, flags_of(n->options), &bound);
  if (got < 0 || got > EXPANSION)
    return error_fail(BATCH_ERROR_FORMAT, "text: utf8proc: %s",
                      got < 0 ? utf8proc_errmsg(got) : "a character that becomes more than 64");
  if (!settle(n, (size_t)got, out)) return false;
  n->count += (size_t)got;
  return true;
}

bool normal_form_begins(const batch_text_options *options, uint32_t code) {
  int32_t points[EXPANSION];
  int bound = 0;
  if (code < 0x80) return true;
  utf8proc_ssize_t got = utf8proc_decompose_char((int32_t)code, points, EXPANSION, flags_of(options), &bound);
  return got > 0 && got <= EXPANSION && is_boundary(points[0]);
}

bool normal_form_keeps(const batch_text_options *options, uint32_t code) {
  int32_t points[EXPANSION];
  int bound = 0;
  utf8proc_option_t flags = flags_of(options);
  utf8proc_ssize_t got = utf8proc_decompose_char((int32_t)code, points, EXPANSION, flags, &bound);
  if (got <= 0 || got > EXPANSION || !is_boundary(points[0])) return false;
  if (options->normal_form) got = utf8proc_normalize_utf32(points, got, flags);
  return got == 1 && points[0] == (int32_t)code;
}

static size_t ascii_run(const uint8_t *text, size_t bytes) {
  size_t i = 0;
  while (i < bytes && text[i] < 0x80) i++;
  return i;
}

/* ASCII is a boundary, and its own normal form, all but the last one, which a mark may follow. */
static bool add_ascii(text_normalizer *n, const uint8_t *text, size_t bytes, text_buffer *out) {
  if (!normal_form_flush(n, out) || !text_buffer_append(out, (const char *)text, bytes - 1)) return false;
  for (char *c = out->data + out->used - (bytes - 1); n->options->fold_case && c < out->data + out->used; c++)
    if (*c >= 'A' && *c <= 'Z') *c = (char)(*c | 0x20);
  return add(n, text[bytes - 1], out);
}

bool normal_form_feed(text_normalizer *n, const uint8_t *text, size_t bytes, text_buffer *out) {
  for (size_t at = 0; at < bytes;) {
    size_t run = ascii_run(text + at, bytes - at);
    if (run > 1) {
      if (!add_ascii(n, text + at, run, out)) return false;
      at += run;
    } else {
      utf8_step step = utf8_next(text + at, bytes - at);
      if (!add(n, step.code, out)) return false;
      at += step.bytes;
    }
  }
  return true;
}
#else
bool normal_form_supported(const char *function) {
  return error_fail(
      BATCH_ERROR_UNSUPPORTED,
      "%s: normal forms and case folding need utf8proc, without which this libheadrace was built", function);
}

bool normal_form_feed(text_normalizer *n, const uint8_t *text, size_t bytes, text_buffer *out) {
  (void)n;
  return text_buffer_append(out, (const char *)text, bytes);
}

bool normal_form_flush(text_normalizer *n, text_buffer *out) {
  (void)n, (void)out;
  return true;
}

bool normal_form_begins(const batch_text_options *options, uint32_t code) {
  (void)options;
  return code < 0x80;
}

bool normal_form_keeps(const batch_text_options *options, uint32_t code) {
  return code < 0x80 && !options->fold_case;
}
#endif
