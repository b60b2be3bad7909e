/* What the data layer knows of a tokenizer beyond its public face. */
#ifndef HEADRACE_DATA_TOKENIZER_H
#define HEADRACE_DATA_TOKENIZER_H

#include "headrace/tokenizer.h"

/* Ids of text are its bytes. NULL, the default, is such a tokenizer too. */
bool tokenizer_is_bytes(const BatchTokenizer *tokenizer);

/* A tokenizer whose context must be freed if this fails. */
BatchTokenizer *tokenizer_make(const batch_tokenizer_functions *functions, void *context, uint32_t vocab_size,
                               int64_t end_of_text);

#endif
