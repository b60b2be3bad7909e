/* From the text of a file to ids: pieces are normalized, tokenized and handed to a sink. */
#ifndef HEADRACE_DATA_ENCODE_H
#define HEADRACE_DATA_ENCODE_H

#include "data/source.h"

/* Takes ids of the document at hand, and its end. False stops, with an error set. */
typedef struct token_sink {
  bool (*tokens)(void *context, const uint32_t *ids, size_t count);
  bool (*end_document)(void *context);
  bool (*progress)(void *context, uint64_t bytes_read); /* after every piece; may be NULL */
  void *context;
} token_sink;

/* Checks what options say of text: tokenizer, text, end_of_text. */
bool encode_check(const char *function, const batch_dataset_options *options);

/* Encodes a text or .jsonl file from its start. The separator is put into every document. */
bool encode_file(const source_file *file, const batch_dataset_options *options, const token_sink *sink);

/* Ids are below this: of the tokenizer and the separator. */
uint32_t encode_vocab_size(const batch_dataset_options *options);

#endif
