/* The normal form that a tokenizer gives text before it splits it. What is in that form already, nearly all text, is
   told character by character and passed on as it is.

   Usage:
       own_form_rules rules;                        once, for any number of threads
       own_form_rules_make(&rules, BATCH_NORMAL_NFC);
       own_form form = {.rules = &rules};           one thread's
       text = own_form_apply(&form, text, &bytes);
       own_form_free(&form); */
#ifndef HEADRACE_TEXT_OWN_FORM_H
#define HEADRACE_TEXT_OWN_FORM_H

#include "base/utf8.h"
#include "text/normalize.h"

typedef struct own_form_rules {
  batch_text_options options;
  uint64_t kept[1024]; /* of the first 65,536 characters, those that normal_form_keeps */
} own_form_rules;

void own_form_rules_make(own_form_rules *rules, batch_normal_form kind);

typedef struct own_form {
  const own_form_rules *rules;
  text_normalizer normalizer;
  text_buffer out;
} own_form;

void own_form_free(own_form *form);

/* The text in that form, and *bytes of it: the text itself where nothing changes, else good until the next call.
   Malformed bytes pass through and separate. NULL: an error, with a sentence that names no function. */
const char *own_form_apply(own_form *form, const char *text, size_t *bytes);

/* Whether this character, malformed bytes among them, stays as it is and apart from what stands before it. */
bool own_form_keeps(const own_form_rules *rules, const utf8_step *step);

/* Of utf8proc's tables; NULL in a build without it. */
const char *own_form_unicode_version(void);

#endif
