/* Tokenizers: bytes, a caller's own, SentencePiece against its own command. */
#include "support/check.h"
#include "support/files.h"
#include "support/packages.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

TestSuite(tokenizer, .init = files_begin, .fini = files_end);

static const char licenses[] = "/usr/share/common-licenses";

Test(tokenizer, bytes_are_their_own_ids) {
  BatchTokenizer *tokenizer = batch_tokenizer_bytes(0);
  char all[256], back[256];
  int32_t ids[256];
  for (int i = 0; i < 256; i++) all[i] = (char)i;
  cr_assert_eq(batch_tokenizer_vocab_size(tokenizer), 256);
  cr_assert_eq(batch_tokenizer_end_of_text(tokenizer), BATCH_NO_TOKEN);
  cr_assert_eq(batch_tokenizer_encode(tokenizer, all, 256, ids, 256), 256);
  for (int32_t i = 0; i < 256; i++) cr_assert_eq(ids[i], i);
  cr_assert_eq(batch_tokenizer_decode(tokenizer, ids, 256, back, 256), 256);
  cr_assert_arr_eq(back, all, 256);
  batch_tokenizer_free(tokenizer);
}

Test(tokenizer, special_ids_of_bytes_decode_to_nothing) {
  BatchTokenizer *tokenizer = batch_tokenizer_bytes(2);
  char text[4];
  cr_assert_eq(batch_tokenizer_vocab_size(tokenizer), 258);
  cr_assert_eq(batch_tokenizer_end_of_text(tokenizer), 256);
  cr_assert_eq(batch_tokenizer_decode(tokenizer, (int32_t[]){'a', 256, 'b', 257}, 4, text, 4), 2);
  cr_assert_arr_eq(text, "ab", 2);
  batch_tokenizer_free(tokenizer);
}

Test(tokenizer, a_short_buffer_gets_what_fits_and_the_count_of_all) {
  BatchTokenizer *tokenizer = batch_tokenizer_bytes(0);
  int32_t ids[3] = {0, 0, 99};
  char text[3] = "..";
  cr_assert_eq(batch_tokenizer_encode(tokenizer, "abcdef", 6, ids, 2), 6);
  cr_assert_eq(ids[1], 'b');
  cr_assert_eq(ids[2], 99, "written beyond the capacity");
  cr_assert_eq(batch_tokenizer_encode(tokenizer, "abcdef", 6, NULL, 0), 6);
  cr_assert_eq(batch_tokenizer_encode(tokenizer, NULL, 0, NULL, 0), 0);
  cr_assert_eq(batch_tokenizer_decode(tokenizer, (int32_t[]){'x', 'y', 'z'}, 3, text, 1), 3);
  cr_assert_arr_eq(text, "x.", 2);
  batch_tokenizer_free(tokenizer);
}

Test(tokenizer, ids_outside_the_vocabulary_are_refused) {
  BatchTokenizer *tokenizer = batch_tokenizer_bytes(1);
  char text[2];
  assert_refused(batch_tokenizer_decode(tokenizer, (int32_t[]){1, 257}, 2, text, 2) == BATCH_TOKENIZER_FAILED,
                 BATCH_ERROR_OUT_OF_RANGE, "batch_tokenizer_decode", "ids[1]", "257");
  assert_refused(batch_tokenizer_decode(tokenizer, (int32_t[]){-1}, 1, text, 2) == BATCH_TOKENIZER_FAILED,
                 BATCH_ERROR_OUT_OF_RANGE, "batch_tokenizer_decode", "ids[0] is -1");
  batch_tokenizer_free(tokenizer);
}

Test(tokenizer, bad_arguments_are_refused) {
  BatchTokenizer *tokenizer = batch_tokenizer_bytes(0);
  int32_t id;
  char text;
  assert_refused(!batch_tokenizer_bytes(65281), BATCH_ERROR_INVALID_ARGUMENT, "specials", "65281");
  assert_refused(!batch_tokenizer_sentencepiece(NULL), BATCH_ERROR_INVALID_ARGUMENT, "path is NULL");
  assert_refused(!batch_tokenizer_sentencepiece(""), BATCH_ERROR_INVALID_ARGUMENT, "path is empty");
  assert_refused(batch_tokenizer_encode(NULL, "a", 1, &id, 1) == BATCH_TOKENIZER_FAILED,
                 BATCH_ERROR_INVALID_ARGUMENT, "tokenizer is NULL");
  assert_refused(batch_tokenizer_encode(tokenizer, NULL, 1, &id, 1) == BATCH_TOKENIZER_FAILED,
                 BATCH_ERROR_INVALID_ARGUMENT, "NULL");
  assert_refused(batch_tokenizer_encode(tokenizer, "a", 1, NULL, 1) == BATCH_TOKENIZER_FAILED,
                 BATCH_ERROR_INVALID_ARGUMENT, "NULL");
  assert_refused(batch_tokenizer_decode(tokenizer, NULL, 1, &text, 1) == BATCH_TOKENIZER_FAILED,
                 BATCH_ERROR_INVALID_ARGUMENT, "NULL");
  cr_assert_eq(batch_tokenizer_vocab_size(NULL), 0);
  cr_assert_eq(batch_tokenizer_end_of_text(NULL), BATCH_NO_TOKEN);
  batch_tokenizer_free(tokenizer);
  batch_tokenizer_free(NULL);
}

static size_t count_up(void *context, const char *text, size_t length, int32_t *ids, size_t capacity) {
  (void)text;
  for (size_t i = 0; i < length && i < capacity; i++) ids[i] = *(int32_t *)context + (int32_t)i;
  return length;
}

static size_t no_text(void *context, const int32_t *ids, size_t count, char *text, size_t capacity) {
  (void)context, (void)ids, (void)count, (void)text, (void)capacity;
  return BATCH_TOKENIZER_FAILED;
}

static void count_free(void *context) {
  *(int32_t *)context += 1000;
}

Test(tokenizer, a_callers_functions_are_called_and_their_ids_checked) {
  int32_t context = 5;
  int32_t ids[4];
  char text;
  BatchTokenizer *tokenizer =
      batch_tokenizer_custom(&(batch_tokenizer_functions){.size = sizeof(batch_tokenizer_functions),
                                                          .encode = count_up,
                                                          .decode = no_text,
                                                          .free = count_free},
                             &context, 8, 7);
  cr_assert_not_null(tokenizer);
  cr_assert_eq(batch_tokenizer_end_of_text(tokenizer), 7);
  cr_assert_eq(batch_tokenizer_encode(tokenizer, "abc", 3, ids, 4), 3);
  cr_assert_eq(ids[2], 7);
  assert_refused(batch_tokenizer_encode(tokenizer, "abcd", 4, ids, 4) == BATCH_TOKENIZER_FAILED,
                 BATCH_ERROR_OUT_OF_RANGE, "ids[3]", "8");
  assert_refused(batch_tokenizer_decode(tokenizer, ids, 1, &text, 1) == BATCH_TOKENIZER_FAILED,
                 BATCH_ERROR_FORMAT, "refuses");
  context = -4;
  assert_refused(batch_tokenizer_encode(tokenizer, "abcd", 4, ids, 4) == BATCH_TOKENIZER_FAILED,
                 BATCH_ERROR_OUT_OF_RANGE, "batch_tokenizer_encode", "ids[0] is -4", "8");
  context = 5;
  batch_tokenizer_free(tokenizer);
  cr_assert_eq(context, 1005, "free was not called once");
}

Test(tokenizer, a_callers_tokenizer_with_something_missing_is_refused) {
  const batch_tokenizer_functions whole = {.size = sizeof whole, .encode = count_up, .decode = no_text},
                                  half = {.size = sizeof half, .encode = count_up};
  assert_refused(!batch_tokenizer_custom(NULL, NULL, 1, BATCH_NO_TOKEN), BATCH_ERROR_INVALID_ARGUMENT,
                 "functions");
  assert_refused(!batch_tokenizer_custom(&half, NULL, 1, BATCH_NO_TOKEN), BATCH_ERROR_INVALID_ARGUMENT,
                 "decode");
  assert_refused(!batch_tokenizer_custom(&whole, NULL, 0, BATCH_NO_TOKEN), BATCH_ERROR_INVALID_ARGUMENT,
                 "vocab_size");
  assert_refused(!batch_tokenizer_custom(&whole, NULL, 8, 8), BATCH_ERROR_INVALID_ARGUMENT, "end_of_text",
                 "8");
  assert_refused(!batch_tokenizer_custom(&whole, NULL, (1u << 31) + 1, BATCH_NO_TOKEN),
                 BATCH_ERROR_INVALID_ARGUMENT, "vocab_size is 2147483649, expected 1 to 2^31");
  assert_refused(!batch_tokenizer_custom(&whole, NULL, 8, -2), BATCH_ERROR_INVALID_ARGUMENT, "end_of_text",
                 "-2");
}

/* The package, and its commands. */
static void need_sentencepiece(void) {
  need_package(PACKAGE_SENTENCEPIECE);
  if (run_program((const char *[]){"spm_encode", "--version", NULL}) < 0) cr_skip("no spm_encode here");
}

/* Everything in the licenses, as one file. */
static bytes read_licenses(void) {
  bytes all = {0};
  DIR *directory = opendir(licenses);
  if (!directory) cr_skip("no licenses here");
  for (struct dirent *entry; (entry = readdir(directory));) {
    char path[600];
    if (entry->d_name[0] == '.') continue;
    snprintf(path, sizeof path, "%s/%s", licenses, entry->d_name);
    bytes one = read_bytes(path);
    put(&all, one.data, one.used);
    free_bytes(&one);
  }
  closedir(directory);
  return all;
}

/* Trains a model on the text and returns its path. */
static const char *train(const char *text_path, const char *type, const char *name) {
  char input[300], prefix[300], model_type[40], file[64];
  snprintf(input, sizeof input, "--input=%s", text_path);
  snprintf(prefix, sizeof prefix, "--model_prefix=%s", path_of(name));
  snprintf(model_type, sizeof model_type, "--model_type=%s", type);
  cr_assert_eq(run_program((const char *[]){"spm_train", input, prefix, model_type, "--vocab_size=1000",
                                            "--num_threads=2", NULL}),
               0);
  snprintf(file, sizeof file, "%s.model", name);
  return path_of(file);
}

/* What spm_encode (--output_format=id) or spm_decode (--input_format=id) prints for a file. */
static char *output_of_command(const char *command, const char *format, const char *model, const char *in,
                               const char *out) {
  char model_option[300], output_option[300];
  snprintf(model_option, sizeof model_option, "--model=%s", model);
  snprintf(output_option, sizeof output_option, "--output=%s", out);
  cr_assert_eq(run_program((const char *[]){command, model_option, output_option, format, in, NULL}), 0);
  bytes printed = read_bytes(out);
  put_u8(&printed, 0);
  return (char *)printed.data;
}

/* One line: the ids of spm_encode, the text of spm_decode. Returns how many ids. */
static size_t compare_line(const BatchTokenizer *tokenizer, const char *line, size_t length,
                           char *expected_ids, const char *expected_text) {
  static int32_t ids[100000];
  static char text[400000];
  size_t count = batch_tokenizer_encode(tokenizer, line, length, ids, 100000), i = 0;
  cr_assert(count <= 100000, "%s", batch_last_error()->message);
  for (char *rest, *number = strtok_r(expected_ids, " ", &rest); number;
       number = strtok_r(NULL, " ", &rest), i++) {
    cr_assert_lt(i, count, "fewer ids than spm_encode");
    cr_assert_eq(ids[i], strtol(number, NULL, 10), "id %zu of \"%.*s\"", i, (int)length, line);
  }
  cr_assert_eq(i, count, "more ids than spm_encode");
  size_t decoded = batch_tokenizer_decode(tokenizer, ids, count, text, sizeof text);
  cr_assert(decoded == strlen(expected_text) && memcmp(text, expected_text, decoded) == 0,
            "\"%.*s\" instead of \"%s\"", (int)decoded, text, expected_text);
  return count;
}

/* Cuts the first line off *text. */
static char *next_line(char **text) {
  char *line = *text, *end = strchr(line, '\n');
  cr_assert_not_null(end, "the command printed fewer lines");
  *end = 0;
  *text = end + 1;
  return line;
}

static void compare_with_command(const char *type) {
  need_sentencepiece();
  bytes text = read_licenses();
  const char *text_path = write_data("text.txt", text.data, text.used), *model = train(text_path, type, type);
  BatchTokenizer *tokenizer = batch_tokenizer_sentencepiece(model);
  cr_assert_not_null(tokenizer, "%s", batch_last_error()->message);
  cr_assert_eq(batch_tokenizer_vocab_size(tokenizer), 1000);
  cr_assert_eq(batch_tokenizer_end_of_text(tokenizer), 2);
  char *all_ids = output_of_command("spm_encode", "--output_format=id", model, text_path, path_of("ids.txt")),
       *ids_left = all_ids;
  char *all_text = output_of_command("spm_decode", "--input_format=id", model, path_of("ids.txt"),
                                     path_of("back.txt")),
       *text_left = all_text;
  size_t lines = 0, ids = 0;
  for (const char *line = (char *)text.data, *end = line + text.used; line < end; lines++) {
    const char *stop = memchr(line, '\n', (size_t)(end - line));
    if (!stop) stop = end;
    char *line_ids = next_line(&ids_left);
    ids += compare_line(tokenizer, line, (size_t)(stop - line), line_ids, next_line(&text_left));
    line = stop + 1;
  }
  printf("%s: %zu ids of %zu lines are those of spm_encode, their text that of spm_decode\n", type, ids,
         lines);
  cr_assert_gt(ids, 10000);
  free(all_ids);
  free(all_text);
  free_bytes(&text);
  batch_tokenizer_free(tokenizer);
}

Test(tokenizer, sentencepiece_unigram_gives_the_ids_of_spm_encode) {
  compare_with_command("unigram");
}

Test(tokenizer, sentencepiece_bpe_gives_the_ids_of_spm_encode) {
  compare_with_command("bpe");
}

Test(tokenizer, sentencepiece_over_a_text_file_is_what_it_is_over_the_whole_text) {
  need_sentencepiece();
  bytes text = read_licenses();
  const char *path = write_data("text.txt", text.data, text.used);
  BatchTokenizer *tokenizer = batch_tokenizer_sentencepiece(train(path, "bpe", "m"));
  int32_t *whole = malloc((text.used + 16) * sizeof *whole);
  size_t count = batch_tokenizer_encode(tokenizer, (char *)text.data, text.used, whole, text.used + 16);
  batch_dataset_options options = BATCH_DATASET_OPTIONS_INIT;
  options.tokenizer = tokenizer;
  BatchDataset *dataset = batch_dataset_open(&path, 1, &options);
  cr_assert_not_null(dataset, "%s", batch_last_error()->message);
  cr_assert_eq(batch_dataset_tokens(dataset), count);
  int32_t *ids = malloc(count * sizeof *ids);
  cr_assert(batch_dataset_read(dataset, 0, count, ids));
  cr_assert_arr_eq(ids, whole, count * sizeof *ids);
  free(ids);
  free(whole);
  free_bytes(&text);
  batch_dataset_free(dataset);
  batch_tokenizer_free(tokenizer);
}

Test(tokenizer, what_is_no_sentencepiece_model_is_refused_as_what_it_is) {
  need_sentencepiece();
  static const struct {
    const char *name;
    size_t count;
    const char *text, *found;
  } files[] = {
      {"text.model", 17, "this is no model\n", "a text"},
      {"empty.model", 0, "", "an empty file"},
      {"gpt2.tiktoken", 14, "IQ== 0\nIg== 1\n", "rank file of tiktoken"},
      {"tokenizer.json", 42, "{\"model\": {\"type\":\"BPE\", \"vocab\":{\"a\":1}}}", "a tokenizer.json"},
      {"other.json", 8, "{\"a\": 1}", "a JSON file"},
      {"tokens.npy", 8, "\x93NUMPY\1\0", "a NumPy array"},
      {"model.safetensors", 12, "\x50\0\0\0\0\0\0\0{\"a\"", "safetensors"},
      {"model.zst", 8, "\x28\xB5\x2F\xFD\0\0\0\0", "zstd"},
      {"tokens.bin", 8, "\1\0\2\0\3\0\4\0", "no field of a message"},
  };
  for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
    const char *path = write_data(files[i].name, files[i].text, files[i].count);
    assert_refused(!batch_tokenizer_sentencepiece(path), BATCH_ERROR_FORMAT, path, files[i].found,
                   "expected a SentencePiece model");
    cr_assert(!strstr(batch_last_error()->message, ".cc"), "%s", batch_last_error()->message);
  }
  const char *missing = path_of("missing.model");
  assert_refused(!batch_tokenizer_sentencepiece(missing), BATCH_ERROR_IO, missing, "No such file");
}

Test(tokenizer, sentencepiece_takes_malformed_text_and_zero_bytes) {
  need_sentencepiece();
  bytes text = read_licenses();
  BatchTokenizer *tokenizer =
      batch_tokenizer_sentencepiece(train(write_bytes("text.txt", &text), "bpe", "m"));
  char *heap = malloc(5); /* its end is the end of a block: an overrun is seen */
  memcpy(heap, "a\0\xff\xe2\x82", 5);
  int32_t ids[64];
  size_t count = batch_tokenizer_encode(tokenizer, heap, 5, ids, 64);
  cr_assert(count > 0 && count <= 64);
  free(heap);
  batch_tokenizer_free(tokenizer);
}

#ifndef CHECK_UNDER_ASAN /* its shadow takes any address space */
/* libsentencepiece takes more than 70 times a text; 0: that memory ran out is what is said. */
static void encode_with_little_memory(void *context) {
  enum { BYTES = 8000000, MEMORY = 300 << 20 };
  char *text = malloc(BYTES);
  if (text) memset(text, 'a', BYTES);
  if (!text || setrlimit(RLIMIT_AS, &(struct rlimit){MEMORY, MEMORY}) != 0) _exit(2);
  size_t count = batch_tokenizer_encode(context, text, BYTES, NULL, 0);
  const batch_error *error = batch_last_error();
  _exit(count != BATCH_TOKENIZER_FAILED || error->code != BATCH_ERROR_OUT_OF_MEMORY ||
        !strstr(error->message, "no memory to encode 8000000 bytes"));
}

Test(tokenizer, sentencepiece_without_memory_is_said_to_be_that) {
  need_sentencepiece();
  check_needs_limits_of_memory();
  check_needs_exceptions_of_memory();
  bytes text = read_licenses();
  BatchTokenizer *tokenizer =
      batch_tokenizer_sentencepiece(train(write_bytes("text.txt", &text), "unigram", "m"));
  check_ending ending = check_end_of(encode_with_little_memory, tokenizer);
  cr_assert_eq(ending.status, 0, "status %d: %s", ending.status, ending.message);
  free_bytes(&text);
  batch_tokenizer_free(tokenizer);
}
#endif
