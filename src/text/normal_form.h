/* Normal forms and case folding, through utf8proc, one character after the other. */
#ifndef HEADRACE_TEXT_NORMAL_FORM_H
#define HEADRACE_TEXT_NORMAL_FORM_H

#include "text/normalize.h"

/* Characters that are held back, at least, before they are composed. */
enum { NORMAL_FORM_HELD = 4096 };

/* BATCH_ERROR_UNSUPPORTED in a build without utf8proc. */
bool normal_form_supported(const char *function);

/* Takes well-formed text; appends to `out` what no later text can change. */
bool normal_form_feed(text_normalizer *n, const uint8_t *text, size_t bytes, text_buffer *out);

/* Appends what is held back: the text ends here, or a malformed byte parts it. */
bool normal_form_flush(text_normalizer *n, text_buffer *out);

/* Whether nothing before the character changes with it. */
bool normal_form_begins(const batch_text_options *options, uint32_t code);

/* Whether that is so and the character stays as it is: a text of such characters only is in normal form. */
bool normal_form_keeps(const batch_text_options *options, uint32_t code);

#endif
