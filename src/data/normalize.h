/* Normal form, case folding and white space of a piece of text. */
#ifndef HEADRACE_DATA_NORMALIZE_H
#define HEADRACE_DATA_NORMALIZE_H

#include "data/text_buffer.h"
#include "headrace/tokenizer.h"

/* Whether the options (malformed aside) change anything. */
bool text_is_changed(const batch_text_options *options);

/* Checks enumerators, and that this build has what is asked for. */
bool text_options_check(const char *function, const batch_text_options *options);

/* Appends the normalized text; malformed bytes are kept, whatever the options say of them. */
bool text_normalize(const char *text, size_t bytes, const batch_text_options *options, text_buffer *out);

#endif
