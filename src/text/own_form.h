/* The normal form that a tokenizer gives text before it splits it. What is in that form already, nearly all text, is
   told character by character and passed on as it is. */
#ifndef HEADRACE_TEXT_OWN_FORM_H
#define HEADRACE_TEXT_OWN_FORM_H

#include "text/normalize.h"

/* One thread's; begin with {0}. */
typedef struct own_form {
  text_normalizer normalizer;
  batch_text_options options;
  text_buffer out;
} own_form;

void own_form_free(own_form *form);

/* The text in that form, and *bytes of it: the text itself where nothing changes, else good until the next call.
   Malformed bytes pass through and separate. NULL: an error, with a sentence that names no function. */
const char *own_form_apply(own_form *form, batch_normal_form kind, const char *text, size_t *bytes);

/* Whether this character is the same in that form, and stays apart from what stands before it: a text of such
   characters only is in that form. */
bool own_form_stable(batch_normal_form kind, uint32_t code);

/* Of utf8proc's tables; NULL in a build without it. */
const char *own_form_unicode_version(void);

#endif
