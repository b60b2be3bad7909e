#include "text/own_form.h"

#ifdef HEADRACE_WITH_UTF8PROC
#include <utf8proc.h>
#endif

#include <string.h>

#include "text/normal_form.h"

const char *own_form_unicode_version(void) {
#ifdef HEADRACE_WITH_UTF8PROC
  return utf8proc_unicode_version();
#else
  return NULL;
#endif
}

void own_form_rules_make(own_form_rules *rules, batch_normal_form kind) {
  *rules = (own_form_rules){.options = BATCH_TEXT_OPTIONS_INIT};
  rules->options.normal_form = kind;
  for (uint32_t code = 0; code < 0x10000; code++)
    if (normal_form_keeps(&rules->options, code)) rules->kept[code / 64] |= UINT64_C(1) << (code % 64);
}

bool own_form_keeps(const own_form_rules *rules, const utf8_step *step) {
  if (!step->valid) return true;
  if (step->code < 0x10000) return rules->kept[step->code / 64] >> (step->code % 64) & 1;
  return normal_form_keeps(&rules->options, step->code);
}

void own_form_free(own_form *form) {
  text_normalizer_free(&form->normalizer);
  text_buffer_free(&form->out);
}

static size_t ascii_run(const uint8_t *text, size_t bytes) {
  size_t i = 0;
  uint64_t word;
  for (; bytes - i >= sizeof word; i += sizeof word) {
    memcpy(&word, text + i, sizeof word);
    if (word & UINT64_C(0x8080808080808080)) break;
  }
  while (i < bytes && text[i] < 0x80) i++;
  return i;
}

/* Where the first character from `at` on lies that is not kept, or `bytes`; *before: where the one in front of it
   does, with which it may combine. */
static size_t next_change(const own_form *form, const uint8_t *text, size_t bytes, size_t at,
                          size_t *before) {
  *before = at;
  while (at < bytes) {
    size_t run = ascii_run(text + at, bytes - at);
    at += run;
    if (run > 0) *before = at - 1;
    if (at == bytes) break;
    utf8_step step = utf8_next(text + at, bytes - at);
    if (!own_form_keeps(form->rules, &step)) return at;
    *before = at;
    at += step.bytes;
  }
  return bytes;
}

/* Behind characters that are not kept: where the next kept one lies, before which they end. */
static size_t end_of_change(const own_form *form, const uint8_t *text, size_t bytes, size_t at) {
  while (at < bytes) {
    utf8_step step = utf8_next(text + at, bytes - at);
    if (own_form_keeps(form->rules, &step)) break;
    at += step.bytes;
  }
  return at;
}

static bool rewrite(own_form *form, const char *text, size_t bytes) {
  text_normalizer *n = &form->normalizer;
  n->options = &form->rules->options;
  n->longest = SIZE_MAX;
  return text_normalizer_feed(n, text, bytes, &form->out) && text_normalizer_end(n, &form->out);
}

const char *own_form_apply(own_form *form, const char *text, size_t *bytes) {
  const uint8_t *raw = (const uint8_t *)text;
  size_t before, done = 0, change = next_change(form, raw, *bytes, 0, &before);
  if (change == *bytes) return text;
  form->out.used = 0;
  for (; change < *bytes; change = next_change(form, raw, *bytes, done, &before)) {
    size_t end = end_of_change(form, raw, *bytes, change);
    if (!text_buffer_append(&form->out, text + done, before - done) ||
        !rewrite(form, text + before, end - before))
      return NULL;
    done = end;
  }
  if (!text_buffer_append(&form->out, text + done, *bytes - done)) return NULL;
  *bytes = form->out.used;
  return form->out.data;
}
