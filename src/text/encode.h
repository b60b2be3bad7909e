/* From the text of a file to ids: pieces are normalized, cut where the tokenizer allows it, tokenized and handed
   to a sink. The ids are those of each document as a whole, however the file was read. */
#ifndef HEADRACE_TEXT_ENCODE_H
#define HEADRACE_TEXT_ENCODE_H

#include "text/text_reader.h"

/* Takes ids of the document at hand, and its end; next: where in the file the document after it begins, or nothing
   more does. False stops, with an error set. */
typedef struct token_sink {
  bool (*tokens)(void *context, const int32_t *ids, size_t count);
  bool (*end_document)(void *context, const text_place *next);
  bool (*progress)(void *context, uint64_t bytes_read, uint64_t bad_lines); /* often; may be NULL */
  void *context;
} token_sink;

/* What a caller says of data, in the library's own copies: options.text is &text. */
typedef struct encode_options {
  batch_dataset_options options;
  batch_text_options text;
} encode_options;

/* Copies a caller's options, which may be NULL, to mine, and checks what they say of text. */
bool encode_read_options(const char *function, const batch_dataset_options *given, encode_options *mine);

/* Encodes a text or .jsonl file from a place on that end_document was told, or from its start (NULL). The separator is
   put into every document. *bad_lines: lines of the file that were passed over, as options.on_bad_line says. */
bool encode_file(const text_file *file, const batch_dataset_options *options, const text_place *from,
                 const token_sink *sink, uint64_t *bad_lines);

/* Ids are below this: of the tokenizer and the separator. */
uint32_t encode_vocab_size(const batch_dataset_options *options);

#endif
