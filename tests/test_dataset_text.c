/* Text, .jsonl and zstd as datasets. */
#include "support/dataset_check.h"
#include "support/files.h"
#include "support/packages.h"

#include <stdlib.h>
#include <string.h>

TestSuite(dataset_text, .init = files_begin, .fini = files_end);

static batch_dataset_options separated(batch_separator separator) {
  batch_dataset_options options = BATCH_DATASET_OPTIONS_INIT;
  options.separator = separator;
  options.end_of_text = 256;
  return options;
}

static void assert_text(const BatchDataset *dataset, const char *text, size_t count) {
  int32_t *ids = malloc((count + 1) * sizeof *ids);
  for (size_t i = 0; i < count; i++) ids[i] = (uint8_t)text[i];
  assert_tokens(dataset, ids, count);
  free(ids);
}

/* A long text of lines, with characters of one to four bytes. */
static bytes long_text(size_t least) {
  static const char *const words[] = {
      "mill", "race", "Wehr", "eau", "\xc3\xbc\142er", "\xe6\xb0\xb4\xe8\xb7\xaf", "\xf0\x9f\x92\xa7", "\n"};
  bytes b = {0};
  for (uint32_t x = 1; b.used < least; x = x * 1664525u + 1013904223u) {
    put_text(&b, words[x >> 29]);
    put_text(&b, " ");
  }
  return b;
}

static const char *compress_file(const char *path, const char *name) {
  const char *to = path_of(name);
  if (run_program((const char *[]){"zstd", "-q", "-f", path, "-o", to, NULL}) != 0)
    cr_skip("no zstd command here");
  return to;
}

Test(dataset_text, text_without_a_tokenizer_is_its_bytes_and_one_document) {
  const char *path = write_text("a.txt", "mill\xc3\xbc\xff race");
  batch_dataset_file info;
  BatchDataset *dataset = open_dataset(path, NULL);
  assert_text(dataset, "mill\xc3\xbc\xff race", 12);
  assert_documents(dataset, (uint64_t[]){0, 12}, 1);
  cr_assert(batch_dataset_file_info(dataset, 0, &info));
  cr_assert(!info.tokenized, "plain text is mapped as it is");
  batch_dataset_free(dataset);
}

Test(dataset_text, a_file_of_unknown_name_that_is_utf8_is_text) {
  BatchDataset *dataset = open_dataset(write_text("LICENSE", "f\xc3\xbcr alle\n"), NULL);
  assert_text(dataset, "f\xc3\xbcr alle\n", 10);
  batch_dataset_free(dataset);
  const char *latin = write_text("LATIN", "f\xfcr alle\n");
  assert_not_opened(latin, NULL, BATCH_FORMAT_ERROR, latin, "no format");
}

Test(dataset_text, separators_are_put_around_documents) {
  batch_dataset_options options = separated(BATCH_SEPARATOR_BEFORE);
  BatchDataset *dataset = open_dataset(write_text("a.txt", "ab"), &options);
  assert_tokens(dataset, (int32_t[]){256, 'a', 'b'}, 3);
  assert_documents(dataset, (uint64_t[]){0, 3}, 1);
  batch_dataset_free(dataset);
  options = separated(BATCH_SEPARATOR_AFTER);
  dataset =
      open_dataset(write_text("b.jsonl", "{\"text\":\"ab\"}\n{\"text\":\"\"}\n{\"text\":\"c\"}"), &options);
  assert_tokens(dataset, (int32_t[]){'a', 'b', 256, 256, 'c', 256}, 6);
  assert_documents(dataset, (uint64_t[]){0, 3, 4, 6}, 3);
  batch_dataset_free(dataset);
}

Test(dataset_text, jsonl_lines_are_documents) {
  static const char lines[] = "{\"text\": \"one\", \"id\": 1}\n\n  \t\r\n{\"id\": 2, \"text\": "
                              "\"\\u00fc\\n\\u0000\"}\r\n{\"text\": \"\"}\n";
  BatchDataset *dataset = open_dataset(write_text("a.jsonl", lines), NULL);
  assert_text(dataset, "one\xc3\xbc\n\0", 7);
  assert_documents(dataset, (uint64_t[]){0, 3, 7, 7}, 3);
  batch_dataset_free(dataset);
}

Test(dataset_text, jsonl_takes_another_field) {
  batch_dataset_options options = BATCH_DATASET_OPTIONS_INIT;
  options.text_field = "content";
  BatchDataset *dataset =
      open_dataset(write_text("a.jsonl", "{\"text\":\"no\",\"content\":\"yes\"}"), &options);
  assert_text(dataset, "yes", 3);
  batch_dataset_free(dataset);
}

Test(dataset_text, jsonl_lines_may_be_longer_than_any_buffer) {
  bytes text = long_text(3000000), line = {0};
  for (size_t i = 0; i < text.used; i++)
    if (text.data[i] == '\n') text.data[i] = '_';
  put_text(&line, "{\"text\":\"short\"}\n{\"text\":\"");
  put(&line, text.data, text.used);
  put_text(&line, "\"}\n{\"text\":\"end\"}");
  BatchDataset *dataset = open_dataset(write_bytes("a.jsonl", &line), NULL);
  assert_documents(dataset, (uint64_t[]){0, 5, 5 + text.used, 8 + text.used}, 3);
  int32_t ids[64];
  cr_assert(batch_dataset_read(dataset, 5 + text.used - 61, 64, ids));
  for (size_t i = 0; i < 61; i++) cr_assert_eq(ids[i], text.data[text.used - 61 + i]);
  free_bytes(&text);
  batch_dataset_free(dataset);
}

Test(dataset_text, wrong_lines_of_jsonl_are_refused_with_line_and_offset) {
  static const struct {
    const char *line, *found, *place;
  } lines[] = {{"{\"text\": ", "no JSON (the end of the line)", "byte 22"},
               {"[1]", "found an array", "byte 13"},
               {"{\"text\": 7}", "found a number", "byte 22"},
               {"{\"text\": {\"text\":\"x\"}}", "found an object", "byte 22"},
               {"{\"body\": \"x\"}", "found nothing", "byte 13"},
               {"{\"text\": \"\\ud80\"}", "no JSON", "byte 28"},
               {"{\"text\":\"a\"} x", "no JSON (x)", "byte 26"},
               {"{\"text\": \"a\tb\"}", "no JSON (byte 0x09)", "byte 24"},
               {"{\"text\": 'x'}", "no JSON (')", "byte 22"},
               {"{\"text\": \"a\", \"n\": 01}", "no JSON (1)", "byte 33"}};
  for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
    bytes b = {0};
    put_text(&b, "{\"text\":\"a\"}\n");
    put_text(&b, lines[i].line);
    const char *path = write_bytes("a.jsonl", &b);
    assert_not_opened(path, NULL, BATCH_FORMAT_ERROR, path, lines[i].place, "line 2", lines[i].found,
                      "expected");
  }
}

Test(dataset_text, malformed_bytes_are_kept_replaced_or_refused) {
  batch_dataset_options options = BATCH_DATASET_OPTIONS_INIT;
  const char *path = write_text("a.txt", "a\xe2\x82z\xc3");
  options.text.malformed = BATCH_MALFORMED_REPLACE;
  BatchDataset *dataset = open_dataset(path, &options);
  assert_text(dataset, "a\xef\xbf\xbdz\xef\xbf\xbd", 8);
  batch_dataset_free(dataset);
  options.text.malformed = BATCH_MALFORMED_ERROR;
  assert_not_opened(path, &options, BATCH_FORMAT_ERROR, path, "byte 1", "0xE2", "UTF-8");
  const char *lines = write_text("a.jsonl", "{\"text\":\"a\"}\n{\"text\":\"\xff\"}");
  assert_not_opened(lines, &options, BATCH_FORMAT_ERROR, lines, "byte 22", "0xFF");
  options.text.malformed = BATCH_MALFORMED_REPLACE;
  dataset = open_dataset(lines, &options);
  assert_text(dataset, "a\xef\xbf\xbd", 4);
  batch_dataset_free(dataset);
}

/* A place far into the text: the pieces before it count. */
Test(dataset_text, the_offset_of_a_malformed_byte_counts_from_the_start_of_the_file) {
  batch_dataset_options options = BATCH_DATASET_OPTIONS_INIT;
  options.text.malformed = BATCH_MALFORMED_ERROR;
  bytes b = long_text(1000000);
  char where[32];
  snprintf(where, sizeof where, "byte %zu:", b.used);
  put_text(&b, "\x80 and more");
  assert_not_opened(write_bytes("a.txt", &b), &options, BATCH_FORMAT_ERROR, where, "0x80");
}

Test(dataset_text, long_text_goes_through_the_pieces_unchanged) {
  bytes text = long_text(2000000);
  batch_dataset_options options = separated(BATCH_SEPARATOR_AFTER);
  options.text.malformed = BATCH_MALFORMED_ERROR; /* a character cut in two would be refused */
  BatchDataset *dataset = open_dataset(write_data("a.txt", text.data, text.used), &options);
  int32_t *ids = malloc((text.used + 1) * sizeof *ids);
  for (size_t i = 0; i < text.used; i++) ids[i] = text.data[i];
  ids[text.used] = 256;
  assert_tokens(dataset, ids, text.used + 1);
  assert_documents(dataset, (uint64_t[]){0, text.used + 1}, 1);
  free(ids);
  free_bytes(&text);
  batch_dataset_free(dataset);
}

Test(dataset_text, text_without_line_ends_is_cut_between_characters) {
  batch_dataset_options options = BATCH_DATASET_OPTIONS_INIT;
  options.text.malformed = BATCH_MALFORMED_ERROR;
  bytes text = {0};
  put_u8(&text, 'a'); /* so that a cut at a power of two falls inside a character */
  while (text.used < 1000000) put_text(&text, "\xf0\x9f\x92\xa7");
  BatchDataset *dataset = open_dataset(write_data("a.txt", text.data, text.used), &options);
  assert_text(dataset, (const char *)text.data, text.used);
  free_bytes(&text);
  batch_dataset_free(dataset);
}

Test(dataset_text, text_is_normalized_before_it_is_tokenized) {
  need_package(PACKAGE_UTF8PROC);
  batch_dataset_options options = BATCH_DATASET_OPTIONS_INIT;
  options.text = (batch_text_options){BATCH_MALFORMED_KEEP, BATCH_NORMAL_NFC, true, true};
  BatchDataset *dataset = open_dataset(write_text("a.txt", "U\xcc\x88"
                                                           "BER \t ALLES \r\nX"),
                                       &options);
  assert_text(dataset,
              "\xc3\xbc"
              "ber alles\nx",
              13);
  batch_dataset_free(dataset);
}

/* ---- zstd */

Test(dataset_text, zstd_of_text_and_jsonl_gives_what_is_inside) {
  need_package(PACKAGE_ZSTD);
  bytes text = long_text(1500000);
  BatchDataset *dataset =
      open_dataset(compress_file(write_data("a.txt", text.data, text.used), "x.txt.zst"), NULL);
  batch_dataset_file info;
  cr_assert(batch_dataset_file_info(dataset, 0, &info));
  cr_assert(info.compressed && info.tokenized);
  cr_assert_eq(info.format, BATCH_FORMAT_TEXT);
  assert_text(dataset, (const char *)text.data, text.used);
  batch_dataset_free(dataset);
  dataset = open_dataset(
      compress_file(write_text("a.jsonl", "{\"text\":\"ab\"}\n{\"text\":\"c\"}\n"), "x.jsonl.zst"), NULL);
  assert_text(dataset, "abc", 3);
  assert_documents(dataset, (uint64_t[]){0, 2, 3}, 2);
  batch_dataset_free(dataset);
  free_bytes(&text);
}

Test(dataset_text, several_zstd_frames_are_one_text) {
  need_package(PACKAGE_ZSTD);
  bytes one = read_bytes(compress_file(write_text("a.txt", "one "), "a.zst"));
  bytes two = read_bytes(compress_file(write_text("b.txt", "two"), "b.zst"));
  put(&one, two.data, two.used);
  free_bytes(&two);
  BatchDataset *dataset = open_dataset(write_bytes("both.txt.zst", &one), NULL);
  assert_text(dataset, "one two", 7);
  batch_dataset_free(dataset);
}

Test(dataset_text, damaged_zstd_is_refused) {
  need_package(PACKAGE_ZSTD);
  bytes text = long_text(400000);
  bytes whole = read_bytes(compress_file(write_bytes("a.txt", &text), "a.txt.zst"));
  const char *cut = write_data("cut.txt.zst", whole.data, whole.used / 2);
  assert_not_opened(cut, NULL, BATCH_FORMAT_ERROR, cut, "end of the file inside a zstd frame");
  memset(whole.data + whole.used / 2, 0xA5, 64);
  const char *damaged = write_bytes("damaged.txt.zst", &whole);
  assert_not_opened(damaged, NULL, BATCH_FORMAT_ERROR, damaged, "zstd", "expected");
  const char *plain = write_text("plain.txt.zst", "this is not compressed");
  assert_not_opened(plain, NULL, BATCH_FORMAT_ERROR, plain, "byte 0", "zstd");
}

/* ---- temporary files */

Test(dataset_text, tokenized_text_leaves_no_file_behind) {
  batch_dataset_options options = separated(BATCH_SEPARATOR_AFTER);
  options.temporary_directory = path_of("");
  BatchDataset *dataset = open_dataset(write_text("a.txt", "ab"), &options);
  cr_assert_eq(files_count(), 1);
  batch_dataset_free(dataset);
  cr_assert_eq(files_count(), 1);
}

Test(dataset_text, a_temporary_directory_that_is_not_there_is_named) {
  batch_dataset_options options = separated(BATCH_SEPARATOR_AFTER);
  options.temporary_directory = path_of("nowhere");
  assert_not_opened(write_text("a.txt", "ab"), &options, BATCH_IO_ERROR, options.temporary_directory,
                    "temporary file");
}

/* ---- a caller's tokenizer */

/* Three ids for every byte, so that the first guess of the room is too small. */
static size_t triple(void *context, const char *text, size_t count, uint32_t *ids, size_t capacity) {
  for (size_t i = 0; i < 3 * count && i < capacity; i++) ids[i] = (uint8_t)text[i / 3] + *(uint32_t *)context;
  return 3 * count;
}

static size_t no_text(void *context, const uint32_t *ids, size_t count, char *text, size_t capacity) {
  (void)context, (void)ids, (void)count, (void)text, (void)capacity;
  return BATCH_TOKENIZER_FAILED;
}

static size_t refuse(void *context, const char *text, size_t count, uint32_t *ids, size_t capacity) {
  (void)context, (void)text, (void)count, (void)ids, (void)capacity;
  return BATCH_TOKENIZER_FAILED;
}

Test(dataset_text, a_tokenizer_of_the_caller_is_used) {
  uint32_t shift = 100000;
  batch_dataset_options options = BATCH_DATASET_OPTIONS_INIT;
  BatchTokenizer *tokenizer = batch_tokenizer_custom(&(batch_tokenizer_functions){triple, no_text, NULL},
                                                     &shift, 200000, BATCH_NO_TOKEN);
  options.tokenizer = tokenizer;
  BatchDataset *dataset = open_dataset(write_text("a.txt", "a very short text, of some bytes"), &options);
  cr_assert_eq(batch_dataset_tokens(dataset), 96);
  cr_assert_eq(batch_dataset_width(dataset), 4);
  int32_t ids[4];
  cr_assert(batch_dataset_read(dataset, 0, 4, ids));
  cr_assert_eq(ids[2], 100000 + 'a');
  cr_assert_eq(ids[3], 100000 + ' ');
  batch_dataset_free(dataset);
  batch_tokenizer_free(tokenizer);
}

Test(dataset_text, a_tokenizer_that_fails_is_reported_with_the_file) {
  uint32_t shift = 100000;
  batch_dataset_options options = BATCH_DATASET_OPTIONS_INIT;
  const char *path = write_text("a.txt", "text");
  BatchTokenizer *refusing =
      batch_tokenizer_custom(&(batch_tokenizer_functions){refuse, no_text, NULL}, NULL, 10, BATCH_NO_TOKEN);
  options.tokenizer = refusing;
  assert_not_opened(path, &options, BATCH_FORMAT_ERROR, path, "tokenizer refuses");
  BatchTokenizer *outside = batch_tokenizer_custom(&(batch_tokenizer_functions){triple, no_text, NULL},
                                                   &shift, 1000, BATCH_NO_TOKEN);
  options.tokenizer = outside;
  assert_not_opened(path, &options, BATCH_OUT_OF_RANGE, path, "100116", "vocabulary size 1000");
  batch_tokenizer_free(refusing);
  batch_tokenizer_free(outside);
}
