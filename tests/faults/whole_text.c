/* Tokenizers, writers, text to tokens. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "whole.h"

static const char text[] =
    "The water runs through the race: caf\xC3\xA9, e\xCC\x81 and \xEF\xAC\x81ne flour.\n";

static bool decode(const BatchTokenizer *tokenizer, const int32_t *ids, size_t count) {
  const char *part;
  size_t bytes;
  BatchDecoder *decoder = batch_decoder_create(tokenizer);
  bool good = decoder != NULL;
  for (size_t i = 0; good && i < count; i++)
    if ((good = batch_decoder_feed(decoder, ids + i, 1, i + 1 == count, &part, &bytes)))
      fwrite(part, 1, bytes, stdout);
  batch_decoder_free(decoder);
  return good;
}

static bool use(BatchTokenizer *tokenizer) {
  int32_t ids[200];
  char back[400];
  batch_tokenizer_facts facts = BATCH_TOKENIZER_FACTS_INIT;
  size_t count = batch_tokenizer_encode(tokenizer, text, sizeof text - 1, ids, 200);
  if (count == BATCH_TOKENIZER_FAILED || !batch_tokenizer_describe(tokenizer, &facts)) return false;
  size_t bytes = batch_tokenizer_decode(tokenizer, ids, count, back, sizeof back);
  if (bytes == BATCH_TOKENIZER_FAILED) return false;
  printf("%zu ids of %u, %zu bytes\n", count, batch_tokenizer_vocab_size(tokenizer), bytes);
  return decode(tokenizer, ids, count);
}

static bool normalize(void) {
  char out[400];
  batch_text_options options = BATCH_TEXT_OPTIONS_INIT;
  options.normal_form = BATCH_NORMAL_NFKC;
  options.fold_case = true;
  size_t bytes = batch_text_normalize(text, sizeof text - 1, &options, out, sizeof out);
  if (bytes == BATCH_TOKENIZER_FAILED) return false;
  printf("%.*s", (int)bytes, out);
  return true;
}

static bool use_file(const char *path, batch_text_split split) {
  batch_tokenizer_options options = BATCH_TOKENIZER_OPTIONS_INIT;
  options.split = split;
  BatchTokenizer *tokenizer = batch_tokenizer_open(path, &options);
  bool good = tokenizer && use(tokenizer);
  batch_tokenizer_free(tokenizer);
  return good;
}

bool whole_tokenizer(void) {
  return use_file("small.json", 0) && use_file("small.tiktoken", BATCH_SPLIT_GPT2) && normalize();
}

static bool use_and_free(BatchTokenizer *tokenizer) {
  bool good = tokenizer && use(tokenizer);
  if (good) printf("ends with %d\n", (int)batch_tokenizer_end_of_text(tokenizer));
  batch_tokenizer_free(tokenizer);
  return good;
}

bool whole_sentencepiece(void) {
  return use_file("small.model", 0) && use_and_free(batch_tokenizer_sentencepiece("small.model"));
}

bool whole_byte_tokenizer(void) {
  return use_and_free(batch_tokenizer_bytes(2));
}

static size_t encode_signs(void *unused, const char *from, size_t bytes, int32_t *ids, size_t capacity) {
  (void)unused;
  for (size_t i = 0; i < bytes && i < capacity; i++) ids[i] = from[i] == ' ';
  return bytes;
}

static size_t decode_signs(void *unused, const int32_t *ids, size_t count, char *to, size_t capacity) {
  (void)unused;
  for (size_t i = 0; i < count && i < capacity; i++) to[i] = ids[i] ? ' ' : 'x';
  return count;
}

bool whole_custom_tokenizer(void) {
  batch_tokenizer_functions functions = BATCH_TOKENIZER_FUNCTIONS_INIT;
  functions.encode = encode_signs;
  functions.decode = decode_signs;
  return use_and_free(batch_tokenizer_custom(&functions, NULL, 2, BATCH_NO_TOKEN));
}

static bool write_documents(BatchWriter *writer) {
  static const uint8_t loss[] = {1, 0, 1, 1};
  for (int32_t document = 0; document < 20; document++) {
    int32_t ids[] = {document, 70000, 3, 4};
    if (!batch_writer_append_masked(writer, ids, document % 2 ? loss : NULL, 4) ||
        !batch_writer_append(writer, ids, 3) || !batch_writer_end_document(writer))
      return false;
  }
  return true;
}

static void print_written(const BatchWriter *writer) {
  printf("%u tokens of type %d in %u documents, %u masked, %u files\n", (unsigned)batch_writer_tokens(writer),
         batch_writer_token_type(writer), (unsigned)batch_writer_documents(writer),
         (unsigned)batch_writer_masked(writer), (unsigned)batch_writer_files(writer));
}

bool whole_writer(void) {
  batch_writer_options options = BATCH_WRITER_OPTIONS_INIT;
  options.vocab_size = 100000;
  options.overwrite = true;
  options.shard_tokens = 50;
  BatchWriter *writer = batch_writer_create("out.bin", &options);
  bool good = writer && write_documents(writer) && batch_writer_finish(writer);
  if (good) print_written(writer);
  batch_writer_free(writer);
  return good;
}

static bool count_calls(void *calls, const batch_tokenize_progress *progress) {
  (void)progress;
  return ++*(unsigned *)calls > 0;
}

bool whole_texts(void) {
  unsigned calls = 0;
  const char *path = "text.txt";
  batch_text_options normal = BATCH_TEXT_OPTIONS_INIT;
  normal.normal_form = BATCH_NORMAL_NFC;
  batch_dataset_options reading = BATCH_DATASET_OPTIONS_INIT;
  reading.text = &normal;
  reading.workers = 3;
  batch_writer_options writing = BATCH_WRITER_OPTIONS_INIT;
  writing.vocab_size = 257;
  writing.overwrite = true;
  writing.format = BATCH_FORMAT_DATATROVE;
  BatchWriter *writer = batch_writer_create("out.ds", &writing);
  bool good = writer && batch_writer_check_input(writer, path) &&
              batch_tokenize_files(&path, 1, &reading, writer, count_calls, &calls) == BATCH_OK &&
              batch_writer_finish(writer);
  if (good) printf("%u tokens\n", (unsigned)batch_writer_tokens(writer));
  batch_writer_free(writer);
  return good;
}
