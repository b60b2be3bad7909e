/* The SentencePiece tokenizer: C++ behind a C face, so that nothing else sees C++. */
#ifndef HEADRACE_DATA_TOKENIZER_SENTENCEPIECE_H
#define HEADRACE_DATA_TOKENIZER_SENTENCEPIECE_H

#include "headrace/tokenizer.h"

/* Loads a model into a tokenizer; where there is no libsentencepiece: BATCH_UNSUPPORTED. */
BatchTokenizer *tokenizer_sentencepiece_load(const char *path);

/* Of the C++ part. A model is a sentencepiece processor. Failures write a sentence. */
#ifdef __cplusplus
extern "C" {
#endif
void *sentencepiece_load(const char *bytes, size_t count, char *sentence, size_t room);
void sentencepiece_free(void *model);
uint32_t sentencepiece_vocab_size(void *model);
int64_t sentencepiece_end_of_text(void *model);
size_t sentencepiece_encode(void *model, const char *text, size_t bytes, uint32_t *ids, size_t capacity);
size_t sentencepiece_decode(void *model, const uint32_t *ids, size_t count, char *text, size_t capacity);
#ifdef __cplusplus
}
#endif

#endif
