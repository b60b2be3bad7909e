/* The SentencePiece tokenizer: C++ behind a C face, so that nothing else sees C++. */
#ifndef HEADRACE_TEXT_TOKENIZER_SENTENCEPIECE_H
#define HEADRACE_TEXT_TOKENIZER_SENTENCEPIECE_H

#include "text/sentencepiece_model.h"
#include "text/tokenizer.h"
#include "text/tokenizer_file.h"

/* BATCH_ERROR_UNSUPPORTED with the path where there is no libsentencepiece. */
bool tokenizer_sentencepiece_supported(const char *path);

/* Makes a tokenizer of a model, in the name of `function`. */
BatchTokenizer *tokenizer_sentencepiece_make(const char *function, const tokenizer_file *file);

/* Of the C++ part. A model is a sentencepiece processor and how it is given text:
   - A model for which a line feed is nothing but white space, or unknown, gets the lines one by one, without their
     ends, as spm_encode does.
   - A model that has line feeds gets them: its ids are those of the whole text at once. Lines are still encoded one by
     one, each behind a line feed whose ids are dropped, if the model's facts say that nothing reaches over it. (By the
     library's rounding of sums a unigram model may split a text of some hundred KB in other ways at once.) */
#ifdef __cplusplus
extern "C" {
#endif
void *sentencepiece_load(const char *bytes, size_t count, const sentencepiece_facts *facts, bool *no_memory);
void sentencepiece_free(void *model);
uint32_t sentencepiece_vocab_size(void *model);
int32_t sentencepiece_end_of_text(void *model);
bool sentencepiece_needs_whole(void *model); /* a text may not be cut */
size_t sentencepiece_encode(const void *model, void *scratch, const char *text, size_t bytes, uint64_t before,
                            int32_t *ids, size_t capacity);
bool sentencepiece_decodes_parts(void *model); /* the three below may be called */
size_t sentencepiece_cut_ids(const void *model, const int32_t *ids, size_t count);
size_t sentencepiece_decode_behind(const void *model, const int32_t *ids, size_t count, char *text,
                                   size_t capacity);
size_t sentencepiece_begins(const void *model, const int32_t *ids, size_t count, bool *begun);
size_t sentencepiece_decode(const void *model, const int32_t *ids, size_t count, char *text, size_t capacity);
#ifdef __cplusplus
}
#endif

#endif
