/* What every tokenizer must do that a file has given. */
#ifndef HEADRACE_FUZZ_TOKENIZERS_H
#define HEADRACE_FUZZ_TOKENIZERS_H

#include "support/fuzz.h"

/* Opens a file of a tokenizer twice. Where it is one, both give the same ids for the text, all in the vocabulary; decoded
   at once and in parts they are the same bytes, and where `exact` those of the text. */
void fuzz_check_tokenizer(const char *path, const batch_tokenizer_options *options, fuzz_part text,
                          bool exact);

#endif
