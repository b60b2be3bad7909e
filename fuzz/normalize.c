/* Normalization: what utf8proc makes of the whole text and a squeeze written down plainly, for any bytes and options; in
   pieces, in the parts that it allows, and by the quick way of tokenizers the same. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

#include "base/utf8.h"
#include "support/fuzz.h"
#include "support/mutate.h"
#include "support/random.h"
#include "support/random_text.h"
#include "text/own_form.h"

enum { HEAD = 3, MOST = 20000 };

typedef struct text {
  char *data;
  size_t size, room;
} text;

/* In a block of exactly its size. */
static text copy_of(const void *data, size_t size) {
  text t = {malloc(size ? size : 1), size, size};
  if (size) memcpy(t.data, data, size);
  return t;
}

static void add(text *t, const void *data, size_t size) {
  if (t->size + size > t->room) {
    t->room = 2 * (t->size + size);
    t->data = realloc(t->data, t->room);
  }
  if (size) memcpy(t->data + t->size, data, size);
  t->size += size;
}

static bool same(text a, text b) {
  return a.size == b.size && (a.size == 0 || memcmp(a.data, b.data, a.size) == 0);
}

static text by_library(text t, const batch_text_options *options) {
  size_t size = batch_text_normalize(t.data, t.size, options, NULL, 0);
  if (size == BATCH_TOKENIZER_FAILED) fuzz_fail("a text of %zu bytes is refused", t.size);
  text normal = {malloc(size ? size : 1), size, size};
  if (batch_text_normalize(t.data, t.size, options, normal.data, size) != size)
    fuzz_fail("another size the second time");
  return normal;
}

static utf8_step step_at(text t, size_t at) {
  return utf8_next((const uint8_t *)t.data + at, t.size - at);
}

static text repaired(text t) {
  text r = {NULL, 0, 0};
  for (size_t at = 0; at < t.size;) {
    utf8_step step = step_at(t, at);
    add(&r, step.valid ? t.data + at : "\xEF\xBF\xBD", step.valid ? step.bytes : 3);
    at += step.bytes;
  }
  return r;
}

/* Well-formed bytes up to the next U+11A7: utf8proc loses that vowel of Hangul behind a syllable, and it combines with
   nothing before it. */
static size_t run_of(text t, size_t at) {
  size_t good = utf8_well_formed((const uint8_t *)t.data + at, t.size - at);
  const char *vowel = good > 1 ? memmem(t.data + at + 1, good - 1, "\xE1\x86\xA7", 3) : NULL;
  return vowel ? (size_t)(vowel - (t.data + at)) : good;
}

/* Run by run: malformed bytes pass between the runs. */
static text formed(text t, int flags) {
  text r = {NULL, 0, 0};
  for (size_t at = 0; at < t.size;) {
    size_t good = run_of(t, at);
    utf8proc_uint8_t *run = NULL;
    utf8proc_ssize_t size = utf8proc_map((const utf8proc_uint8_t *)t.data + at, (utf8proc_ssize_t)good, &run,
                                         (utf8proc_option_t)flags);
    if (size < 0) fuzz_fail("utf8proc: %s", utf8proc_errmsg(size));
    add(&r, run, good ? (size_t)size : 0);
    free(run);
    at += good;
    if (at == t.size || step_at(t, at).valid) continue;
    size_t bad = step_at(t, at).bytes;
    add(&r, t.data + at, bad);
    at += bad;
  }
  return r;
}

static bool is_break(uint32_t c) {
  return (c >= 0x0A && c <= 0x0D) || c == 0x85 || c == 0x2028 || c == 0x2029;
}

static bool is_blank(uint32_t c) {
  return c == 0x09 || c == 0x20 || c == 0xA0 || c == 0x1680 || (c >= 0x2000 && c <= 0x200A) || c == 0x202F ||
         c == 0x205F || c == 0x3000;
}

static text squeezed(text t) {
  text r = {NULL, 0, 0};
  for (size_t at = 0; at < t.size;) {
    size_t end = at;
    utf8_step step = step_at(t, at);
    for (; step.valid && is_blank(step.code); step = end < t.size ? step_at(t, end) : (utf8_step){0})
      end += step.bytes;
    bool blank = end > at, breaks = end < t.size && step.valid && is_break(step.code);
    if (blank && !breaks) add(&r, " ", 1);
    at = end;
    if (at == t.size) break;
    add(&r, breaks ? "\n" : t.data + at, breaks ? 1 : step.bytes);
    if (breaks && t.data[at] == '\r' && at + 1 < t.size && t.data[at + 1] == '\n') at++;
    at += step.bytes;
  }
  return r;
}

static text by_reference(text t, const batch_text_options *o) {
  static const int forms[] = {0, UTF8PROC_STABLE | UTF8PROC_COMPOSE,
                              UTF8PROC_STABLE | UTF8PROC_COMPOSE | UTF8PROC_COMPAT};
  int flags = forms[o->normal_form] | (o->fold_case ? UTF8PROC_CASEFOLD : 0);
  text r = o->malformed == BATCH_MALFORMED_REPLACE ? repaired(t) : copy_of(t.data, t.size), next;
  if (flags) next = formed(r, flags), free(r.data), r = next;
  if (o->squeeze_space && !fuzz_control) next = squeezed(r), free(r.data), r = next;
  return r;
}

static text in_pieces(text t, const batch_text_options *options, uint64_t seed, uint32_t most) {
  text_normalizer n = {.options = options, .longest = SIZE_MAX};
  text_buffer out = {0};
  for (size_t at = 0, size; at < t.size; at += size) {
    size = 4 + random_below(&seed, most);
    if (size < t.size - at)
      size -= utf8_cut_off((const uint8_t *)t.data + at, size);
    else
      size = t.size - at;
    text piece = copy_of(t.data + at, size);
    if (!text_normalizer_feed(&n, piece.data, size, &out)) fuzz_fail("a piece of %zu bytes is refused", size);
    free(piece.data);
  }
  if (!text_normalizer_end(&n, &out)) fuzz_fail("the end is refused");
  text_normalizer_free(&n);
  return (text){out.data, out.used, out.used};
}

/* What stands before and behind a place, each by itself. */
static void check_parts(text t, size_t at, const batch_text_options *options, text whole) {
  if (at == 0 || at >= t.size || !text_normalizer_parts(options, t.data, at, t.size)) return;
  text first = copy_of(t.data, at), second = copy_of(t.data + at, t.size - at),
       parts = by_library(first, options), behind = by_library(second, options);
  add(&parts, behind.data, behind.size);
  if (!same(parts, whole)) fuzz_fail("parted at byte %zu of %zu, it becomes something else", at, t.size);
  free(first.data), free(second.data), free(parts.data), free(behind.data);
}

static void check_own_form(text t, batch_normal_form kind, text whole) {
  static own_form_rules rules[3];
  if (!rules[kind].options.size) own_form_rules_make(&rules[kind], kind);
  own_form form = {.rules = &rules[kind]};
  text quick = {NULL, t.size, 0};
  const char *data = own_form_apply(&form, t.data, &quick.size);
  if (!data) fuzz_fail("a tokenizer's own form is refused");
  quick.data = (char *)(uintptr_t)data;
  if (!same(quick, whole)) fuzz_fail("a tokenizer's own form is another one");
  own_form_free(&form);
}

static void check(text t, const batch_text_options *o, uint64_t seed) {
  text whole = by_library(t, o), slow = by_reference(t, o);
  if (!same(whole, slow)) fuzz_fail("%zu bytes, expected %zu, or others", whole.size, slow.size);
  text raw = o->malformed == BATCH_MALFORMED_REPLACE ? repaired(t) : copy_of(t.data, t.size);
  text pieces = in_pieces(raw, o, seed + 1, seed % 2 ? 8 : 300);
  if (!same(pieces, whole)) fuzz_fail("in pieces it becomes something else");
  check_parts(t, t.size * (seed % 256) / 256, o, whole);
  if (o->normal_form && !o->malformed && !o->fold_case && !o->squeeze_space)
    check_own_form(t, o->normal_form, whole);
  free(whole.data), free(slow.data), free(raw.data), free(pieces.data);
}

/* Malformed bytes are an error where they are asked to be, and named. */
static void check_strict(text t, batch_text_options o) {
  o.malformed = BATCH_MALFORMED_ERROR;
  size_t good = utf8_well_formed((const uint8_t *)t.data, t.size),
         size = batch_text_normalize(t.data, t.size, &o, NULL, 0);
  char where[40];
  snprintf(where, sizeof where, "at byte %zu", good);
  if ((good == t.size) != (size != BATCH_TOKENIZER_FAILED))
    fuzz_fail("%zu bytes of %zu are UTF-8", good, t.size);
  if (good < t.size && batch_last_error()->code != BATCH_ERROR_FORMAT) fuzz_fail("another error");
  if (good < t.size) fuzz_check_refusal(where);
}

static void repeat(text *t) {
  text once = *t, more = {NULL, 0, 0};
  while (once.size > 0 && more.size + once.size < MOST) add(&more, once.data, once.size);
  *t = copy_of(more.data, more.size);
  free(once.data), free(more.data);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  fuzz_input in = fuzz_begin(data, size);
  batch_text_options o = BATCH_TEXT_OPTIONS_INIT;
  unsigned how = fuzz_take_u8(&in);
  uint64_t seed = fuzz_take_u8(&in) | (uint64_t)fuzz_take_u8(&in) << 8;
  o.malformed = how & 1 ? BATCH_MALFORMED_REPLACE : BATCH_MALFORMED_KEEP;
  o.fold_case = how & 2;
  o.squeeze_space = how & 4;
  o.normal_form = (batch_normal_form)((how >> 3) % 3);
  if (in.size > MOST) return fuzz_end();
  text t = copy_of(in.data, in.size);
  if (how >= 0xC0) repeat(&t); /* characters are held back until there are thousands of them */
  check(t, &o, seed);
  check_strict(t, o);
  free(t.data);
  return fuzz_end();
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t most, unsigned seed) {
  return mutate_text(data, size, most, seed, HEAD, random_text);
}
