#include "text/own_form.h"

#ifdef HEADRACE_WITH_UTF8PROC
#include <utf8proc.h>
#endif

#include "base/utf8.h"
#include "text/normal_form.h"

void own_form_free(own_form *form) {
  text_normalizer_free(&form->normalizer);
  text_buffer_free(&form->out);
}

#ifdef HEADRACE_WITH_UTF8PROC
const char *own_form_unicode_version(void) {
  return utf8proc_unicode_version();
}

bool own_form_stable(batch_normal_form kind, uint32_t code) {
  (void)kind;
  return code < 0x80;
}
#else
const char *own_form_unicode_version(void) {
  return NULL;
}

bool own_form_stable(batch_normal_form kind, uint32_t code) {
  (void)kind;
  return code < 0x80;
}
#endif

const char *own_form_apply(own_form *form, batch_normal_form kind, const char *text, size_t *bytes) {
  text_normalizer *n = &form->normalizer;
  form->options = (batch_text_options)BATCH_TEXT_OPTIONS_INIT;
  form->options.normal_form = kind;
  n->options = &form->options;
  n->longest = SIZE_MAX;
  form->out.used = 0;
  if (!text_normalizer_feed(n, text, *bytes, &form->out) || !text_normalizer_end(n, &form->out)) return NULL;
  *bytes = form->out.used;
  return form->out.data;
}
