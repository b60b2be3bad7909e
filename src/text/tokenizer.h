/* What is known of a tokenizer beyond its public face. */
#ifndef HEADRACE_TEXT_TOKENIZER_H
#define HEADRACE_TEXT_TOKENIZER_H

#include "headrace/tokenizer.h"

/* Ids of text are its bytes. NULL, the default, is such a tokenizer too. */
bool tokenizer_is_bytes(const BatchTokenizer *tokenizer);

/* Where text may be cut so that the ids of the parts are those of the whole. */
typedef enum tokenizer_cut {
  TOKENIZER_CUT_NOWHERE,
  TOKENIZER_CUT_LINES, /* behind a line feed that another character follows */
  TOKENIZER_CUT_ANYWHERE
} tokenizer_cut;

tokenizer_cut tokenizer_cut_of(const BatchTokenizer *tokenizer);

/* What an encoder of ours answers when memory is short. */
#define TOKENIZER_NO_MEMORY (BATCH_TOKENIZER_FAILED - 1)

/* As batch_tokenizer_encode in the name of `function`, of a part that was cut off; more: it is not the first one of
   its text. */
size_t tokenizer_encode_part(const char *function, const BatchTokenizer *tokenizer, const char *text,
                             size_t bytes, bool more, int32_t *ids, size_t capacity);

/* Encodes a part that is not the first one. */
typedef size_t (*tokenizer_more)(void *context, const char *text, size_t bytes, int32_t *ids,
                                 size_t capacity);

/* A tokenizer, in the name of `function`, whose context must be freed if this fails. more: NULL: as encode. */
BatchTokenizer *tokenizer_make(const char *function, const batch_tokenizer_functions *functions,
                               void *context, uint32_t vocab_size, int32_t end_of_text, tokenizer_cut cut,
                               tokenizer_more more);

#endif
