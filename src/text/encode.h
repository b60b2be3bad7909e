/* From the text of a file to ids, which are handed to a sink: in the calling thread, or on several processors
   (text/pipeline). The ids are those of each document as a whole, however the file was read. */
#ifndef HEADRACE_TEXT_ENCODE_H
#define HEADRACE_TEXT_ENCODE_H

#include "text/pipeline/deliver.h"

/* What a caller says of data, in the library's own copies: options.text is &text, options.spans &spans. */
typedef struct encode_options {
  batch_dataset_options options;
  batch_text_options text;
  batch_span_options spans;
  bool has_spans; /* the caller says something of them */
} encode_options;

/* Copies a caller's options, which may be NULL, to mine, and checks what they say of text. */
bool encode_read_options(const char *function, const batch_dataset_options *given, encode_options *mine);

/* Encodes files of text or .jsonl, one after the other, the first one from a place on that end_document was told, or from
   its start (NULL). The separator is put into every document. *bad_lines: lines of the file at hand that were passed over, as
   options.on_bad_line says. The sink is called by the calling thread only, and its progress about ten times a second at
   least, unless a single call of the tokenizer takes longer and there are no other threads. What it is given, and the error,
   are the same for any number of options.workers. */
bool encode_files(const text_files *files, const batch_dataset_options *options, const text_place *from,
                  const token_sink *sink, uint64_t *bad_lines);

/* The same of one file, which stays open. */
bool encode_file(const text_file *file, const batch_dataset_options *options, const text_place *from,
                 const token_sink *sink, uint64_t *bad_lines);

/* Ids are below this: of the tokenizer and the separator. */
uint32_t encode_vocab_size(const batch_dataset_options *options);

#endif
