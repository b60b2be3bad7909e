/* As test_messages.c, of the functions that are no part of the core: each message begins with the name of the
   function that was called, or, where a file is at fault, with its path. */
#include <headrace/headrace.h>

#include "support/check.h"
#include "support/files.h"
#include "support/messages.h"

TestSuite(messages_data, .init = files_begin, .fini = files_end);

static const char *missing[] = {"no/such/file"}, *nothing[] = {NULL};

/* The call fails over a file, whose path the message begins with. */
#define REFUSES_FILE(path, function, ...)                                                                    \
  do {                                                                                                       \
    check_forget_error();                                                                                    \
    (void)(function(__VA_ARGS__));                                                                           \
    cr_assert(begins_with(batch_last_error()->message, path), "%s(%s) says \"%s\"", #function, #__VA_ARGS__, \
              batch_last_error()->message);                                                                  \
  } while (0)

Test(messages_data, of_datasets) {
  const char *path = write_text("a.txt", "some text");
  BatchDataset *dataset = batch_dataset_open(&path, 1, NULL);
  batch_dataset_file file = BATCH_DATASET_FILE_INIT;
  batch_dataset_options options = BATCH_DATASET_OPTIONS_INIT;
  int32_t ids[2];
  uint8_t loss[2];
  batch_memory memory = BATCH_MEMORY_INIT;
  uint64_t a, b;
  options.format = (batch_format)99;
  REFUSES(batch_dataset_open, NULL, 1, NULL);
  REFUSES(batch_dataset_open, missing, 0, NULL);
  REFUSES(batch_dataset_open, nothing, 1, NULL);
  REFUSES(batch_dataset_open, &path, 1, &options);
  REFUSES_FILE(missing[0], batch_dataset_open, missing, 1, NULL);
  REFUSES(batch_dataset_from_memory, NULL, NULL);
  REFUSES(batch_dataset_from_memory, &memory, NULL);
  REFUSES(batch_dataset_from_memory, &memory, &options);
  REFUSES(batch_dataset_read, NULL, 0, 1, ids);
  REFUSES(batch_dataset_read, dataset, 9, 1, ids);
  REFUSES(batch_dataset_read, dataset, 0, 1, NULL);
  REFUSES(batch_dataset_has_loss, NULL);
  REFUSES(batch_dataset_read_loss, NULL, 0, 1, loss);
  REFUSES(batch_dataset_read_loss, dataset, 9, 1, loss);
  REFUSES(batch_dataset_read_loss, dataset, 0, 1, NULL);
  REFUSES(batch_dataset_tokens, NULL);
  REFUSES(batch_dataset_documents, NULL);
  REFUSES(batch_dataset_document, NULL, 0, &a, &b);
  REFUSES(batch_dataset_document, dataset, 1, &a, &b);
  REFUSES(batch_dataset_document, dataset, 0, &a, NULL);
  REFUSES(batch_dataset_width, NULL);
  REFUSES(batch_dataset_id_range, NULL, NULL, NULL);
  REFUSES(batch_dataset_fingerprint, NULL, &a);
  REFUSES(batch_dataset_fingerprint, dataset, NULL);
  REFUSES(batch_dataset_files, NULL);
  REFUSES(batch_dataset_get_file, NULL, 0, &file);
  REFUSES(batch_dataset_get_file, dataset, 1, &file);
  REFUSES(batch_dataset_get_file, dataset, 0, NULL);
  TAKES(batch_dataset_free, NULL);
  TAKES(batch_format_name, (batch_format)99);
  TAKES(batch_token_type_name, (batch_token_type)99);
  TAKES(batch_token_type_size, (batch_token_type)99);
  batch_dataset_free(dataset);
}

static size_t refuse_text(void *context, const char *text, size_t length, int32_t *ids, size_t capacity) {
  (void)context, (void)text, (void)length, (void)ids, (void)capacity;
  return BATCH_TOKENIZER_FAILED;
}

static size_t refuse_ids(void *context, const int32_t *ids, size_t count, char *text, size_t capacity) {
  (void)context, (void)ids, (void)count, (void)text, (void)capacity;
  return BATCH_TOKENIZER_FAILED;
}

Test(messages_data, of_tokenizers) {
  BatchTokenizer *tokenizer = batch_tokenizer_bytes(1), *stubborn;
  batch_tokenizer_functions functions = BATCH_TOKENIZER_FUNCTIONS_INIT;
  const char *path = write_text("a.txt", "no model");
  const int32_t outside = 9999;
  int32_t ids[4];
  char text[4];
  REFUSES(batch_tokenizer_bytes, UINT32_MAX);
  REFUSES(batch_tokenizer_custom, NULL, NULL, 9, 1);
  REFUSES(batch_tokenizer_custom, &functions, NULL, 9, 1);
  functions.encode = refuse_text;
  functions.decode = refuse_ids;
  REFUSES(batch_tokenizer_custom, &functions, NULL, 0, 1);
  REFUSES(batch_tokenizer_custom, &functions, NULL, 9, 9);
  REFUSES(batch_tokenizer_sentencepiece, NULL);
  REFUSES(batch_tokenizer_sentencepiece, "");
  batch_tokenizer_options open = BATCH_TOKENIZER_OPTIONS_INIT;
  batch_tokenizer_facts facts = {0};
  open.split = (batch_text_split)99;
  REFUSES(batch_tokenizer_open, NULL, NULL);
  REFUSES(batch_tokenizer_open, path, &open);
  REFUSES_FILE(path, batch_tokenizer_open, path, NULL);
  REFUSES_FILE(missing[0], batch_tokenizer_open, missing[0], NULL);
  REFUSES(batch_tokenizer_describe, NULL, &facts);
  REFUSES(batch_tokenizer_describe, tokenizer, &facts);
  stubborn = batch_tokenizer_custom(&functions, NULL, 9, BATCH_NO_TOKEN);
  REFUSES(batch_tokenizer_encode, NULL, "a", 1, ids, 4);
  REFUSES(batch_tokenizer_encode, tokenizer, NULL, 1, ids, 4);
  REFUSES(batch_tokenizer_encode, tokenizer, "a", 1, NULL, 4);
  REFUSES(batch_tokenizer_encode, stubborn, "a", 1, ids, 4);
  REFUSES(batch_tokenizer_decode, NULL, ids, 1, text, 4);
  REFUSES(batch_tokenizer_decode, tokenizer, NULL, 1, text, 4);
  REFUSES(batch_tokenizer_decode, tokenizer, &outside, 1, text, 4);
  REFUSES(batch_tokenizer_decode, tokenizer, ids, 0, NULL, 4);
  REFUSES(batch_tokenizer_decode, stubborn, &(int32_t){1}, 1, text, 4);
  REFUSES(batch_tokenizer_vocab_size, NULL);
  REFUSES(batch_tokenizer_end_of_text, NULL);
  TAKES(batch_tokenizer_free, NULL);
  const char *decoded;
  size_t length;
  BatchDecoder *decoder = batch_decoder_create(tokenizer);
  REFUSES(batch_decoder_create, NULL);
  REFUSES(batch_decoder_feed, NULL, ids, 1, true, &decoded, &length);
  REFUSES(batch_decoder_feed, decoder, NULL, 1, true, &decoded, &length);
  REFUSES(batch_decoder_feed, decoder, ids, 1, true, NULL, &length);
  REFUSES(batch_decoder_feed, decoder, ids, 1, true, &decoded, NULL);
  REFUSES(batch_decoder_feed, decoder, ids, SIZE_MAX, true, &decoded, &length);
  REFUSES(batch_decoder_feed, decoder, &outside, 1, true, &decoded, &length);
  TAKES(batch_decoder_free, NULL);
  batch_decoder_free(decoder);
  batch_dataset_options options = BATCH_DATASET_OPTIONS_INIT;
  options.tokenizer = stubborn;
  REFUSES_FILE(path, batch_dataset_open, &path, 1, &options);
  cr_assert_null(strstr(batch_last_error()->message, "batch_tokenizer"), "%s", batch_last_error()->message);
  batch_tokenizer_free(stubborn);
  batch_tokenizer_free(tokenizer);
}

Test(messages_data, of_normalization) {
  batch_text_options options = BATCH_TEXT_OPTIONS_INIT;
  char out[4];
  options.malformed = BATCH_MALFORMED_ERROR;
  REFUSES(batch_text_normalize, NULL, 1, &options, out, 4);
  REFUSES(batch_text_normalize, "a", 1, &options, NULL, 4);
  REFUSES(batch_text_normalize, "\xff", 1, &options, out, 4);
  options.normal_form = (batch_normal_form)99;
  REFUSES(batch_text_normalize, "a", 1, &options, out, 4);
}

Test(messages_data, of_random_numbers) {
  REFUSES(batch_random_next, NULL);
  REFUSES(batch_random_below, NULL, 9);
  REFUSES(batch_random_uniform, NULL);
  REFUSES(batch_random_normal, NULL);
}

Test(messages_data, of_writers) {
  batch_writer_options options = BATCH_WRITER_OPTIONS_INIT;
  const char *path = path_of("out.bin"), *text = write_text("a.txt", "some text"),
             *none = path_of("none/out.bin");
  BatchWriter *writer = batch_writer_create(path, NULL);
  batch_dataset_options of_no_format = BATCH_DATASET_OPTIONS_INIT, of_a_subset = BATCH_DATASET_OPTIONS_INIT;
  of_a_subset.subset = BATCH_SUBSET_TRAIN;
  of_a_subset.validation_fraction = 0.5;
  of_no_format.format = (batch_format)99;
  options.format = (batch_format)99;
  REFUSES(batch_writer_create, NULL, NULL);
  REFUSES(batch_writer_create, path, &options);
  REFUSES_FILE(none, batch_writer_create, none, NULL);
  REFUSES(batch_writer_check_input, NULL, path);
  REFUSES(batch_writer_check_input, writer, NULL);
  REFUSES(batch_writer_append, NULL, NULL, 0);
  REFUSES(batch_writer_append, writer, NULL, 1);
  REFUSES(batch_writer_append_masked, NULL, NULL, NULL, 0);
  REFUSES(batch_writer_append_masked, writer, NULL, NULL, 1);
  REFUSES(batch_writer_end_document, NULL);
  REFUSES(batch_writer_finish, NULL);
  REFUSES(batch_tokenize_files, NULL, 1, NULL, writer, NULL, NULL);
  REFUSES(batch_tokenize_files, nothing, 1, NULL, writer, NULL, NULL);
  REFUSES(batch_tokenize_files, &text, 0, NULL, writer, NULL, NULL);
  REFUSES(batch_tokenize_files, &text, 1, NULL, NULL, NULL, NULL);
  REFUSES(batch_tokenize_files, &text, 1, &of_no_format, writer, NULL, NULL);
  REFUSES(batch_tokenize_files, &text, 1, &of_a_subset, writer, NULL, NULL);
  REFUSES_FILE(missing[0], batch_tokenize_files, missing, 1, NULL, writer, NULL, NULL);
  cr_assert(batch_writer_append(writer, &(int32_t){1}, 1) && batch_writer_finish(writer));
  REFUSES(batch_writer_append, writer, NULL, 0);
  REFUSES(batch_writer_append_masked, writer, NULL, NULL, 0);
  REFUSES(batch_writer_end_document, writer);
  REFUSES(batch_writer_finish, writer);
  REFUSES(batch_tokenize_files, &text, 1, NULL, writer, NULL, NULL);
  REFUSES(batch_writer_tokens, NULL);
  REFUSES(batch_writer_masked, NULL);
  REFUSES(batch_writer_documents, NULL);
  REFUSES(batch_writer_files, NULL);
  REFUSES(batch_writer_token_type, NULL);
  TAKES(batch_writer_free, NULL);
  batch_writer_free(writer);
}

Test(messages_data, of_metrics) {
  batch_metrics_options options = BATCH_METRICS_OPTIONS_INIT;
  char text[8];
  REFUSES(batch_metrics_text, NULL, text, sizeof text);
  REFUSES(batch_metrics_text, &options, NULL, 1);
  options.num_objects = 1;
  REFUSES(batch_metrics_text, &options, text, sizeof text);
  TAKES(batch_metrics_text, &(batch_metrics_options)BATCH_METRICS_OPTIONS_INIT, text, sizeof text);
}
