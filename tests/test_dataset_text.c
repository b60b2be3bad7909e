/* Text, .jsonl and zstd as datasets. */
#include "support/dataset_check.h"
#include "support/files.h"
#include "support/packages.h"
#include "support/vocabulary.h"

#include "text/pipeline/job.h"

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

static const char *gzip_file(const char *path, const char *name) {
  const char *to = path_of(name);
  char command[700];
  snprintf(command, sizeof command, "gzip -c '%s' > '%s'", path, to);
  if (run_program((const char *[]){"sh", "-c", command, NULL}) != 0) cr_skip("no gzip command here");
  return to;
}

static void assert_format(const char *path, batch_format format, const char *compression) {
  batch_dataset_file info = BATCH_DATASET_FILE_INIT;
  BatchDataset *dataset = open_dataset(path, NULL);
  cr_assert(batch_dataset_get_file(dataset, 0, &info));
  cr_assert_eq(info.format, format, "%s: %s", path, batch_format_name(info.format));
  cr_assert(compression ? info.compression && strcmp(info.compression, compression) == 0 : !info.compression);
  cr_assert_eq(info.compressed, compression != NULL);
  batch_dataset_free(dataset);
}

Test(dataset_text, text_without_a_tokenizer_is_its_bytes_and_one_document) {
  const char *path = write_text("a.txt", "mill\xc3\xbc\xff race");
  batch_dataset_file info = BATCH_DATASET_FILE_INIT;
  BatchDataset *dataset = open_dataset(path, NULL);
  assert_text(dataset, "mill\xc3\xbc\xff race", 12);
  assert_documents(dataset, (uint64_t[]){0, 12}, 1);
  cr_assert(batch_dataset_get_file(dataset, 0, &info));
  cr_assert(!info.tokenized, "plain text is mapped as it is");
  batch_dataset_free(dataset);
}

Test(dataset_text, a_file_of_unknown_name_that_is_utf8_is_text) {
  BatchDataset *dataset = open_dataset(write_text("LICENSE", "f\xc3\xbcr alle\n"), NULL);
  assert_text(dataset, "f\xc3\xbcr alle\n", 10);
  batch_dataset_free(dataset);
  const char *latin = write_text("LATIN", "f\xfcr alle\n");
  assert_not_opened(latin, NULL, BATCH_ERROR_FORMAT, latin, "no format");
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
    assert_not_opened(path, NULL, BATCH_ERROR_FORMAT, path, lines[i].place, "line 2", lines[i].found,
                      "expected");
  }
}

Test(dataset_text, malformed_bytes_are_kept_replaced_or_refused) {
  batch_dataset_options options = BATCH_DATASET_OPTIONS_INIT;
  batch_text_options how = BATCH_TEXT_OPTIONS_INIT;
  const char *path = write_text("a.txt", "a\xe2\x82z\xc3");
  options.text = &how;
  how.malformed = BATCH_MALFORMED_REPLACE;
  BatchDataset *dataset = open_dataset(path, &options);
  assert_text(dataset, "a\xef\xbf\xbdz\xef\xbf\xbd", 8);
  batch_dataset_free(dataset);
  how.malformed = BATCH_MALFORMED_ERROR;
  assert_not_opened(path, &options, BATCH_ERROR_FORMAT, path, "byte 1", "0xE2", "UTF-8");
  const char *lines = write_text("a.jsonl", "{\"text\":\"a\"}\n{\"text\":\"\xff\"}");
  assert_not_opened(lines, &options, BATCH_ERROR_FORMAT, lines, "byte 22", "0xFF");
  how.malformed = BATCH_MALFORMED_REPLACE;
  dataset = open_dataset(lines, &options);
  assert_text(dataset, "a\xef\xbf\xbd", 4);
  batch_dataset_free(dataset);
}

/* A place far into the text: the pieces before it count. */
Test(dataset_text, the_offset_of_a_malformed_byte_counts_from_the_start_of_the_file) {
  batch_dataset_options options = BATCH_DATASET_OPTIONS_INIT;
  batch_text_options how = BATCH_TEXT_OPTIONS_INIT;
  options.text = &how;
  how.malformed = BATCH_MALFORMED_ERROR;
  bytes b = long_text(1000000);
  char where[32];
  snprintf(where, sizeof where, "byte %zu:", b.used);
  put_text(&b, "\x80 and more");
  assert_not_opened(write_bytes("a.txt", &b), &options, BATCH_ERROR_FORMAT, where, "0x80");
}

Test(dataset_text, long_text_goes_through_the_pieces_unchanged) {
  bytes text = long_text(2000000);
  batch_dataset_options options = separated(BATCH_SEPARATOR_AFTER);
  batch_text_options how = BATCH_TEXT_OPTIONS_INIT;
  options.text = &how;
  how.malformed = BATCH_MALFORMED_ERROR; /* a character cut in two would be refused */
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
  batch_text_options how = BATCH_TEXT_OPTIONS_INIT;
  options.text = &how;
  how.malformed = BATCH_MALFORMED_ERROR;
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
  batch_text_options how = BATCH_TEXT_OPTIONS_INIT;
  options.text = &how;
  how = (batch_text_options){.size = sizeof(batch_text_options),
                             .normal_form = BATCH_NORMAL_NFC,
                             .fold_case = true,
                             .squeeze_space = true};
  BatchDataset *dataset = open_dataset(write_text("a.txt", "U\xcc\x88"
                                                           "BER \t ALLES \r\nX"),
                                       &options);
  assert_text(dataset,
              "\xc3\xbc"
              "ber alles\nx",
              13);
  batch_dataset_free(dataset);
}

Test(dataset_text, json_lines_are_found_by_their_bytes) {
  static const char lines[] = "{\"text\":\"hello\"}\n{\"text\":\"world\"}\n", long_line[] = "{\"text\":\"";
  static const char *const names[] = {"a.json", "corpus", "a.log", "UP.JSONL", "a.NDJSON"};
  for (size_t i = 0; i < sizeof names / sizeof *names; i++)
    assert_format(write_text(names[i], lines), BATCH_FORMAT_JSONL, NULL);
  bytes b = {0};
  put_text(&b, "\xef\xbb\xbf\n");
  put_text(&b, long_line);
  for (unsigned i = 0; i < 10000; i++) put_u8(&b, 'x');
  put_text(&b, "\"}\n");
  assert_format(write_bytes("long.json", &b), BATCH_FORMAT_JSONL, NULL);
  assert_format(write_text("notes", "[1] Smith, A.: Mills.\n"), BATCH_FORMAT_TEXT, NULL);
  assert_format(write_text("a.c", "{ return 1; }\n"), BATCH_FORMAT_TEXT, NULL);
  assert_format(write_text("a.TXT", lines), BATCH_FORMAT_TEXT, NULL);
}

Test(dataset_text, json_that_is_no_lines_is_refused) {
  const char *array = write_text("array.json", "[{\"text\":\"a\"},\n{\"text\":\"b\"}]\n"),
             *pretty = write_text("pretty.json", "{\n  \"text\": \"a\"\n}\n"),
             *other = write_text("other.json", "text: a\n"),
             *bare = write_text("bare", "[{\"text\":\"a\"}]\n"),
             *joined = write_text("joined", "{\"text\":\"a\"}{\"text\":\"b\"}\n");
  assert_not_opened(array, NULL, BATCH_ERROR_FORMAT, array, "a JSON array", "--format");
  assert_not_opened(pretty, NULL, BATCH_ERROR_FORMAT, pretty, "not one a line", "--format");
  assert_not_opened(other, NULL, BATCH_ERROR_FORMAT, other, "no JSON object", "--format");
  assert_not_opened(bare, NULL, BATCH_ERROR_FORMAT, bare, "a JSON array", "--format");
  assert_not_opened(joined, NULL, BATCH_ERROR_FORMAT, joined, "not one a line", "--format");
  batch_dataset_options options = BATCH_DATASET_OPTIONS_INIT;
  options.format = BATCH_FORMAT_TEXT;
  BatchDataset *dataset = open_dataset(bare, &options);
  cr_assert_eq(batch_dataset_tokens(dataset), 15);
  batch_dataset_free(dataset);
}

Test(dataset_text, other_kinds_of_files_are_refused_by_name) {
  static const struct {
    const char *name, *found;
    size_t count;
    const char *head;
  } files[] = {{"a.xz", "xz", 8, "\xFD\x37zXZ\0\0\4"},
               {"a.txt.xz", "xz", 8, "\xFD\x37zXZ\0\0\4"},
               {"a.jsonl.bz2", "bzip2", 8, "BZh91AY&"},
               {"a.lz4", "lz4", 8, "\x04\x22\x4D\x18\x64\x40\xA7\0"},
               {"model.bin", "ZIP", 8, "PK\3\4\0\0\0\0"},
               {"a.parquet", "Parquet", 8, "PAR1\x15\4\x15\2"},
               {"a.arrow", "Arrow", 8, "ARROW1\0\0"},
               {"a.feather", "Feather", 8, "FEA1\0\0\0\0"},
               {"a.pkl", "pickle", 8, "\x80\4\x95\1\0\0\0\0"},
               {"a.h5", "HDF5", 8, "\x89HDF\r\n\x1A\n"},
               {"a.safetensors", "safetensors", 12, "\x50\0\0\0\0\0\0\0{\"a\""},
               {"wide.txt", "UTF-16", 6,
                "\xFF\xFE"
                "a\0b\0"},
               {"a.jsonl", "gzip|Parquet", 4, "PAR1"}};
  for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
    const char *path = write_data(files[i].name, files[i].head, files[i].count);
    assert_not_opened(path, NULL, BATCH_ERROR_FORMAT, path, files[i].found, "--format");
  }
}

/* Tokens may begin with any two or three bytes. */
Test(dataset_text, tokens_that_begin_like_gzip_are_tokens) {
  const char *path = write_data("a.bin", "\x1F\x8B\x08\0\1\0", 6);
  BatchDataset *dataset = open_dataset(path, NULL);
  assert_tokens(dataset, (int32_t[]){0x8B1F, 8, 1}, 3);
  batch_dataset_free(dataset);
}

Test(dataset_text, a_byte_order_mark_before_json_is_passed_over_and_before_text_is_text) {
  BatchDataset *dataset = open_dataset(write_text("a.jsonl", "\xef\xbb\xbf{\"text\":\"ab\"}\n"), NULL);
  assert_text(dataset, "ab", 2);
  batch_dataset_free(dataset);
  dataset = open_dataset(write_text("a.txt", "\xef\xbb\xbf"
                                             "ab"),
                         NULL);
  assert_text(dataset,
              "\xef\xbb\xbf"
              "ab",
              5);
  batch_dataset_free(dataset);
}

Test(dataset_text, what_members_hold_that_nobody_asks_for_does_not_matter) {
  static const char lines[] = "{\"text\":\"a\",\"hash\":18446744073709551615,\"x\":1e400}\n"
                              "{\"title\":\"\\udc00 \xff\",\"score\":NaN,\"text\":\"b\",\"y\":-Infinity}\n";
  for (batch_malformed m = BATCH_MALFORMED_KEEP; m <= BATCH_MALFORMED_ERROR; m++) {
    batch_dataset_options options = BATCH_DATASET_OPTIONS_INIT;
    batch_text_options how = BATCH_TEXT_OPTIONS_INIT;
    options.text = &how;
    how.malformed = m;
    BatchDataset *dataset = open_dataset(write_text("a.jsonl", lines), &options);
    assert_text(dataset, "ab", 2);
    batch_dataset_free(dataset);
  }
}

Test(dataset_text, half_a_surrogate_pair_is_kept_replaced_or_refused) {
  static const struct {
    batch_malformed malformed;
    const char *text;
  } ways[] = {{BATCH_MALFORMED_KEEP, "x\xed\xa0\x80y\xff"},
              {BATCH_MALFORMED_REPLACE, "x\xef\xbf\xbdy\xef\xbf\xbd"}};
  const char *path = write_text("a.jsonl", "{\"text\":\"x\\ud800y\xff\"}\n");
  batch_dataset_options options = BATCH_DATASET_OPTIONS_INIT;
  batch_text_options how = BATCH_TEXT_OPTIONS_INIT;
  for (size_t i = 0; i < 2; i++) {
    options.text = &how;
    how.malformed = ways[i].malformed;
    BatchDataset *dataset = open_dataset(path, &options);
    assert_text(dataset, ways[i].text, strlen(ways[i].text));
    batch_dataset_free(dataset);
  }
  how.malformed = BATCH_MALFORMED_ERROR;
  assert_not_opened(path, &options, BATCH_ERROR_FORMAT, path, "byte 10", "line 1", "surrogate", "\\ud800");
}

Test(dataset_text, bad_lines_are_passed_over_and_counted_when_asked) {
  static const char lines[] =
      "{\"text\":\"a\"}\nno json\n{\"body\":\"x\"}\n\n{\"text\":1}\n{\"text\":\"\xff\"}\n"
      "{\"text\":\"this line is longer than the longest document\"}\n{\"text\":\"b\"}\n{\"te";
  const char *path = write_text("a.jsonl", lines);
  batch_dataset_options options = BATCH_DATASET_OPTIONS_INIT;
  batch_text_options how = BATCH_TEXT_OPTIONS_INIT;
  batch_dataset_file info = BATCH_DATASET_FILE_INIT;
  options.on_bad_line = BATCH_BAD_LINE_SKIP;
  options.text = &how;
  how.malformed = BATCH_MALFORMED_ERROR;
  options.longest_document = 20;
  BatchDataset *dataset = open_dataset(path, &options);
  assert_text(dataset, "ab", 2);
  assert_documents(dataset, (uint64_t[]){0, 1, 2}, 2);
  cr_assert(batch_dataset_get_file(dataset, 0, &info));
  cr_assert_eq(info.bad_lines, 6);
  batch_dataset_free(dataset);
  options.on_bad_line = BATCH_BAD_LINE_STOP;
  assert_not_opened(path, &options, BATCH_ERROR_FORMAT, path, "line 2", "byte 14", "no JSON");
  options.on_bad_line = (batch_bad_line)2;
  assert_not_opened(path, &options, BATCH_ERROR_INVALID_ARGUMENT, "on_bad_line", "2");
}

Test(dataset_text, of_nothing_but_bad_lines_their_number_is_said) {
  batch_dataset_options options = BATCH_DATASET_OPTIONS_INIT;
  options.on_bad_line = BATCH_BAD_LINE_SKIP;
  const char *path = write_text("a.jsonl", "{\"text\":1}\n{\"text\":2}\n");
  assert_not_opened(path, &options, BATCH_ERROR_FORMAT, path, "no tokens in the 1 file",
                    "bad lines passed over: 2");
}

Test(dataset_text, a_dotted_field_leads_into_objects) {
  batch_dataset_options options = BATCH_DATASET_OPTIONS_INIT;
  options.text_field = "doc.body";
  BatchDataset *dataset =
      open_dataset(write_text("a.jsonl", "{\"doc\":{\"body\":\"yes\"},\"body\":\"no\"}"), &options);
  assert_text(dataset, "yes", 3);
  batch_dataset_free(dataset);
}

/* A compressed line of so many bytes: a few KB in the file. */
static const char *long_line(size_t count) {
  bytes b = {0};
  put_text(&b, "{\"text\":\"ok\"}\n{\"text\":\"");
  while (b.used < count) put_text(&b, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa");
  put_text(&b, "\"}\n");
  return compress_file(write_bytes("long.jsonl", &b), "long.jsonl.zst");
}

Test(dataset_text, a_line_longer_than_the_longest_document_is_refused_with_its_limit) {
  need_package(PACKAGE_ZSTD);
  batch_dataset_options options = BATCH_DATASET_OPTIONS_INIT;
  const char *path = long_line(5000000);
  options.longest_document = 1000000;
  assert_not_opened(path, &options, BATCH_ERROR_FORMAT, path, "line 2", "1000000", "longest_document");
  options.longest_document = 6000000;
  BatchDataset *dataset = open_dataset(path, &options);
  cr_assert_gt(batch_dataset_tokens(dataset), 4999000);
  batch_dataset_free(dataset);
}

Test(dataset_text, the_longest_document_is_64_MiB_unless_another_is_given) {
  need_package(PACKAGE_ZSTD);
  const char *path = long_line(((size_t)64 << 20) + 1);
  assert_not_opened(path, NULL, BATCH_ERROR_FORMAT, path, "line 2", "67108864");
}

/* How often a run was reported, and when to stop it. */
typedef struct reports {
  unsigned count, stop_at;
  batch_tokenize_progress last;
} reports;

static bool note(void *context, const batch_tokenize_progress *progress) {
  reports *r = context;
  r->last = *progress;
  return ++r->count != r->stop_at;
}

static batch_status tokenize(const char *path, const batch_dataset_options *options, reports *r) {
  batch_writer_options to = BATCH_WRITER_OPTIONS_INIT;
  to.overwrite = true;
  BatchWriter *writer = batch_writer_create(path_of("out.bin"), &to);
  batch_status status = batch_tokenize_files(&path, 1, options, writer, note, r);
  batch_writer_free(writer);
  return status;
}

/* So that a signal that the callback looks at acts within a moment. */
Test(dataset_text, progress_is_reported_inside_a_long_line) {
  need_package(PACKAGE_ZSTD);
  const char *path = long_line(8000000);
  batch_dataset_options options = BATCH_DATASET_OPTIONS_INIT;
  batch_text_options how = BATCH_TEXT_OPTIONS_INIT;
  reports r = {0};
  options.text = &how;
  options.workers = 1;
  how.squeeze_space = true;
  cr_assert_eq(tokenize(path, &options, &r), BATCH_OK);
  cr_assert_gt(r.count, 2 * 8000000 / (1 << 18) - 4, "%u reports of reading and tokenizing 8 MB", r.count);
  cr_assert_eq(r.last.documents, 2);
  cr_assert_eq(r.last.bytes, r.last.total_bytes);
  r = (reports){.stop_at = 5};
  cr_assert_eq(tokenize(path, &options, &r), BATCH_CLOSED);
  cr_assert_eq(r.count, 5);
  cr_assert_lt(r.last.documents, 2);
}

Test(dataset_text, bad_lines_are_reported_while_tokenizing) {
  batch_dataset_options options = BATCH_DATASET_OPTIONS_INIT;
  reports r = {0};
  options.on_bad_line = BATCH_BAD_LINE_SKIP;
  cr_assert_eq(tokenize(write_text("a.jsonl", "{\"text\":\"a\"}\nbad\n{}\n"), &options, &r), BATCH_OK);
  cr_assert_eq(r.last.bad_lines, 2);
  cr_assert_eq(r.last.documents, 1);
  r = (reports){.stop_at = r.count}; /* when all 20 bytes are read */
  assert_refused(tokenize(path_of("a.jsonl"), &options, &r) == BATCH_CLOSED, BATCH_CLOSED, "at byte 20 of",
                 "a.jsonl");
}

/* Plain text has no such limit where the tokenizer takes it in parts. */
Test(dataset_text, text_may_be_longer_than_the_longest_document) {
  batch_dataset_options options = separated(BATCH_SEPARATOR_AFTER);
  batch_text_options how = BATCH_TEXT_OPTIONS_INIT;
  options.longest_document = 10;
  options.text = &how;
  how.squeeze_space = true;
  BatchDataset *dataset = open_dataset(write_text("a.txt", "a line that is longer than ten bytes"), &options);
  cr_assert_eq(batch_dataset_tokens(dataset), 37);
  batch_dataset_free(dataset);
}

/* Letters alone give a scanner no place to cut: what is held of them is bounded. */
Test(dataset_text, a_word_longer_than_the_longest_document_is_refused) {
  need_package(PACKAGE_PCRE2);
  batch_dataset_options options = BATCH_DATASET_OPTIONS_INIT;
  bytes letters = {0};
  while (letters.used < 60000) put(&letters, "abcdefgh", 8);
  BatchTokenizer *tokenizer =
      vocabulary_open(vocabulary_path("small.tiktoken"), BATCH_SPLIT_GPT2, BATCH_SPECIALS_IGNORE);
  options.tokenizer = tokenizer;
  options.longest_document = 10000;
  text_job_step = 4000;
  assert_not_opened(write_bytes("a.txt", &letters), &options, BATCH_ERROR_FORMAT, "a.txt",
                    "more than 10000 bytes where the tokenizer allows no cut", "longest_document");
  batch_tokenizer_free(tokenizer);
  free_bytes(&letters);
}

static const char *train_on_licenses(const char *const *options) {
  char prefix[300];
  const char *arguments[16] = {"spm_train", "--input=/usr/share/common-licenses/GPL-3", "--vocab_size=500",
                               "--num_threads=1", prefix};
  size_t n = 5;
  snprintf(prefix, sizeof prefix, "--model_prefix=%s", path_of("m"));
  while (*options) arguments[n++] = *options++;
  int status = run_program(arguments);
  if (status < 0) cr_skip("no spm_train here");
  cr_assert_eq(status, 0);
  return path_of("m.model");
}

/* Line feeds may be pieces together, so that they are held together. */
Test(dataset_text, blank_lines_behind_a_line_are_bounded_with_it) {
  need_package(PACKAGE_SENTENCEPIECE);
  batch_dataset_options options = BATCH_DATASET_OPTIONS_INIT;
  BatchTokenizer *tokenizer = batch_tokenizer_sentencepiece(train_on_licenses(
      (const char *const[]){"--byte_fallback", "--normalization_rule_name=identity", NULL}));
  cr_assert_not_null(tokenizer, "%s", batch_last_error()->message);
  options.tokenizer = tokenizer;
  options.longest_document = 4;
  const char *path = write_text("a.txt", "abcd\nabc\n\nab\n\n\na\n\n\n\nabcd");
  for (text_job_step = 4; text_job_step < 12; text_job_step++)
    batch_dataset_free(open_dataset(path, &options));
  static const char *const longer[] = {"abcd\n\nab", "a\n\n\n\n\n", "\n\n\n\n\n\n", "abcde", "a\nabcde"};
  for (size_t i = 0; i < sizeof longer / sizeof *longer; i++)
    for (text_job_step = 4; text_job_step < 12; text_job_step++)
      assert_not_opened(write_text("b.txt", longer[i]), &options, BATCH_ERROR_FORMAT, "b.txt",
                        "more than 4 bytes where the tokenizer allows no cut", "longest_document");
  batch_tokenizer_free(tokenizer);
}

Test(dataset_text, gzip_of_text_and_jsonl_gives_what_is_inside) {
  need_package(PACKAGE_ZLIB);
  bytes text = long_text(1500000);
  const char *path = gzip_file(write_data("a.txt", text.data, text.used), "x.txt.gz");
  assert_format(path, BATCH_FORMAT_TEXT, "gzip");
  BatchDataset *dataset = open_dataset(path, NULL);
  assert_text(dataset, (const char *)text.data, text.used);
  batch_dataset_free(dataset);
  free_bytes(&text);
  const char *lines = write_text("a.jsonl", "{\"text\":\"ab\"}\n{\"text\":\"c\"}\n");
  assert_format(gzip_file(lines, "x.jsonl.gz"), BATCH_FORMAT_JSONL, "gzip");
  assert_format(gzip_file(lines, "c4.json.gz"), BATCH_FORMAT_JSONL, "gzip");
  assert_format(gzip_file(lines, "corpus"), BATCH_FORMAT_JSONL, "gzip");
}

/* What was compressed twice, or is UTF-16, is no text, whatever it is named. */
Test(dataset_text, other_kinds_of_files_inside_gzip_are_refused_by_name) {
  need_package(PACKAGE_ZLIB);
  const char *once = gzip_file(write_text("a.txt", "text"), "a.gz"), *twice = gzip_file(once, "b.txt.gz"),
             *wide = gzip_file(write_data("w.txt", "\xFF\xFE\0a", 4), "w.txt.gz"),
             *lines = gzip_file(once, "b.jsonl.gz");
  assert_not_opened(twice, NULL, BATCH_ERROR_FORMAT, twice, "a gzip file in the compressed data", "--format");
  assert_not_opened(lines, NULL, BATCH_ERROR_FORMAT, lines, "a gzip file", "--format");
  assert_not_opened(wide, NULL, BATCH_ERROR_FORMAT, wide, "UTF-16", "--format");
}

/* Not even nothing compresses to nothing: such a file was not finished. */
Test(dataset_text, an_empty_file_with_the_name_of_a_compressed_one_is_refused) {
  need_package(PACKAGE_ZLIB);
  static const char *const names[] = {"a.txt.gz", "a.jsonl.zst", "a.gz"};
  for (size_t i = 0; i < sizeof names / sizeof *names; i++)
    assert_not_opened(write_text(names[i], ""), NULL, BATCH_ERROR_FORMAT, names[i],
                      "no magic of zstd or gzip");
  BatchDataset *dataset = NULL;
  const char *paths[] = {write_text("b.txt", "text"), gzip_file(write_text("c.txt", ""), "c.txt.gz")};
  cr_assert_not_null(dataset = batch_dataset_open(paths, 2, NULL), "%s", batch_last_error()->message);
  batch_dataset_free(dataset);
}

/* Said to be text is what is inside. */
Test(dataset_text, what_is_said_to_be_text_is_decompressed_all_the_same) {
  need_package(PACKAGE_ZLIB);
  batch_dataset_options options = BATCH_DATASET_OPTIONS_INIT;
  options.format = BATCH_FORMAT_TEXT;
  BatchDataset *dataset = open_dataset(gzip_file(write_text("a.txt", "text"), "a.bin"), &options);
  assert_text(dataset, "text", 4);
  batch_dataset_free(dataset);
  const char *path = write_text("b.txt.gz", "\1damaged");
  assert_not_opened(path, &options, BATCH_ERROR_FORMAT, path, "no magic of zstd or gzip");
}

Test(dataset_text, several_gzip_members_are_one_text_and_zeros_behind_them_padding) {
  need_package(PACKAGE_ZLIB);
  bytes one = read_bytes(gzip_file(write_text("a.txt", "one "), "a.gz"));
  bytes two = read_bytes(gzip_file(write_text("b.txt", "two"), "b.gz"));
  put(&one, two.data, two.used);
  put_zeros(&one, 300000);
  free_bytes(&two);
  BatchDataset *dataset = open_dataset(write_bytes("both.txt.gz", &one), NULL);
  assert_text(dataset, "one two", 7);
  batch_dataset_free(dataset);
}

Test(dataset_text, damaged_gzip_is_refused) {
  need_package(PACKAGE_ZLIB);
  bytes text = long_text(400000);
  bytes whole = read_bytes(gzip_file(write_bytes("a.txt", &text), "a.txt.gz"));
  for (size_t cut = 1; cut < 20; cut++) {
    const char *path = write_data("cut.txt.gz", whole.data, whole.used - cut * whole.used / 25);
    assert_not_opened(path, NULL, BATCH_ERROR_FORMAT, path, "end of the file inside a gzip member");
  }
  put_text(&whole, "trailing garbage");
  const char *garbage = write_data("garbage.txt.gz", whole.data, whole.used);
  assert_not_opened(garbage, NULL, BATCH_ERROR_FORMAT, garbage, "zlib refuses", "gzip");
  memset(whole.data + whole.used / 2, 0xA5, 64);
  const char *damaged = write_bytes("damaged.txt.gz", &whole);
  assert_not_opened(damaged, NULL, BATCH_ERROR_FORMAT, damaged, "zlib refuses");
  const char *plain = write_text("plain.txt.gz", "this is not compressed");
  assert_not_opened(plain, NULL, BATCH_ERROR_FORMAT, plain, "byte 0", "gzip");
}

Test(dataset_text, compressed_tokens_are_refused) {
  need_package(PACKAGE_ZSTD);
  const char *path = compress_file(write_data("a.bin", "\1\0\2\0", 4), "a.bin.zst");
  assert_not_opened(path, NULL, BATCH_ERROR_FORMAT, path, "compressed", "decompress it");
}

Test(dataset_text, zstd_is_found_under_other_names_and_json_lines_inside) {
  need_package(PACKAGE_ZSTD);
  const char *lines = write_text("a.jsonl", "{\"text\":\"ab\"}\n{\"text\":\"c\"}\n");
  assert_format(compress_file(lines, "pile.jsonl.zstd"), BATCH_FORMAT_JSONL, "zstd");
  assert_format(compress_file(lines, "c4.json.zst"), BATCH_FORMAT_JSONL, "zstd");
  assert_format(compress_file(lines, "a.zst"), BATCH_FORMAT_JSONL, "zstd");
  const char *binary = compress_file(write_data("b", "\1\2\3\0", 4), "b.zst");
  assert_not_opened(binary, NULL, BATCH_ERROR_FORMAT, binary, "no format");
}

Test(dataset_text, zstd_with_a_long_window_is_read) {
  need_package(PACKAGE_ZSTD);
  bytes text = {0};
  put_zeros(&text, 300000);
  memset(text.data, 'a', text.used);
  const char *from = write_bytes("a.txt", &text);
  for (int window = 28; window <= (SIZE_MAX == UINT32_MAX ? 30 : 31); window++) {
    char option[32], name[32];
    snprintf(option, sizeof option, "--long=%d", window);
    snprintf(name, sizeof name, "w%d.txt.zst", window);
    const char *to = path_of(name);
    /* through a pipe: a known size would make the window smaller */
    char command[700];
    snprintf(command, sizeof command, "cat '%s' | zstd -q %s -c > '%s'", from, option, to);
    if (run_program((const char *[]){"sh", "-c", command, NULL}) != 0) cr_skip("no zstd command here");
    BatchDataset *dataset = open_dataset(to, NULL);
    cr_assert_eq(batch_dataset_tokens(dataset), 300000);
    batch_dataset_free(dataset);
  }
}

Test(dataset_text, zstd_of_text_and_jsonl_gives_what_is_inside) {
  need_package(PACKAGE_ZSTD);
  bytes text = long_text(1500000);
  BatchDataset *dataset =
      open_dataset(compress_file(write_data("a.txt", text.data, text.used), "x.txt.zst"), NULL);
  batch_dataset_file info = BATCH_DATASET_FILE_INIT;
  cr_assert(batch_dataset_get_file(dataset, 0, &info));
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
  assert_not_opened(cut, NULL, BATCH_ERROR_FORMAT, cut, "end of the file inside a zstd frame");
  memset(whole.data + whole.used / 2, 0xA5, 64);
  const char *damaged = write_bytes("damaged.txt.zst", &whole);
  assert_not_opened(damaged, NULL, BATCH_ERROR_FORMAT, damaged, "zstd", "expected");
  const char *plain = write_text("plain.txt.zst", "this is not compressed");
  assert_not_opened(plain, NULL, BATCH_ERROR_FORMAT, plain, "byte 0", "zstd");
}

/* Tokens of a text lie in a file without a name, whose bytes tell nobody anything. */
Test(dataset_text, a_wrong_id_in_tokenized_text_is_reported_with_its_document) {
  batch_dataset_options options = separated(BATCH_SEPARATOR_AFTER);
  const char *path = write_text("a.jsonl", "{\"text\":\"ab\"}\n{\"text\":\"cdefghijklmnop\"}\n");
  options.end_of_text = 200;
  BatchDataset *dataset = open_dataset(path, &options);
  batch_loader_options loading = BATCH_LOADER_OPTIONS_INIT;
  loading.batch_size = 1;
  loading.sequence_length = 4;
  loading.vocab_size = 'h';
  loading.shuffle = BATCH_SHUFFLE_NONE;
  BatchLoader *loader = batch_loader_create(dataset, &loading);
  cr_assert_not_null(loader, "%s", batch_last_error()->message);
  check_forget_error();
  Batch *batch;
  while ((batch = batch_loader_next(loader))) batch_release(batch);
  assert_error(BATCH_ERROR_OUT_OF_RANGE, path, "document 0", "token 2", "200");
  cr_assert(!strstr(batch_last_error()->message, "at byte"));
  batch_loader_free(loader);
  batch_dataset_free(dataset);
}

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
  assert_not_opened(write_text("a.txt", "ab"), &options, BATCH_ERROR_IO, options.temporary_directory,
                    "temporary file");
}

/* Three ids for every byte, so that the first guess of the room is too small. */
static size_t triple(void *context, const char *text, size_t count, int32_t *ids, size_t capacity) {
  for (size_t i = 0; i < 3 * count && i < capacity; i++) ids[i] = (uint8_t)text[i / 3] + *(uint32_t *)context;
  return 3 * count;
}

static size_t no_text(void *context, const int32_t *ids, size_t count, char *text, size_t capacity) {
  (void)context, (void)ids, (void)count, (void)text, (void)capacity;
  return BATCH_TOKENIZER_FAILED;
}

static size_t refuse(void *context, const char *text, size_t count, int32_t *ids, size_t capacity) {
  (void)context, (void)text, (void)count, (void)ids, (void)capacity;
  return BATCH_TOKENIZER_FAILED;
}

Test(dataset_text, a_tokenizer_of_the_caller_is_used) {
  uint32_t shift = 100000;
  batch_dataset_options options = BATCH_DATASET_OPTIONS_INIT;
  BatchTokenizer *tokenizer = batch_tokenizer_custom(
      &(batch_tokenizer_functions){
          .size = sizeof(batch_tokenizer_functions), .encode = triple, .decode = no_text},
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
  BatchTokenizer *refusing = batch_tokenizer_custom(
      &(batch_tokenizer_functions){
          .size = sizeof(batch_tokenizer_functions), .encode = refuse, .decode = no_text},
      NULL, 10, BATCH_NO_TOKEN);
  options.tokenizer = refusing;
  assert_not_opened(path, &options, BATCH_ERROR_FORMAT, path, "tokenizer refuses");
  BatchTokenizer *outside = batch_tokenizer_custom(
      &(batch_tokenizer_functions){
          .size = sizeof(batch_tokenizer_functions), .encode = triple, .decode = no_text},
      &shift, 1000, BATCH_NO_TOKEN);
  options.tokenizer = outside;
  assert_not_opened(path, &options, BATCH_ERROR_OUT_OF_RANGE, path, "100116", "vocabulary size 1000");
  batch_tokenizer_free(refusing);
  batch_tokenizer_free(outside);
}

/* Counts that grow, and ids that are counted and not written. */
static size_t undecided(void *context, const char *text, size_t count, int32_t *ids, size_t capacity) {
  (void)text;
  if (capacity > 0) memset(ids, 0, capacity * sizeof *ids);
  return 1000 * count + ++*(uint32_t *)context;
}

static size_t unwritten(void *context, const char *text, size_t count, int32_t *ids, size_t capacity) {
  (void)context, (void)text;
  if (capacity > 0) ids[0] = 1;
  return count;
}

Test(dataset_text, a_tokenizer_that_miscounts_is_refused) {
  uint32_t calls = 0;
  batch_dataset_options options = BATCH_DATASET_OPTIONS_INIT;
  const char *path = write_text("a.txt", "text");
  BatchTokenizer *growing = batch_tokenizer_custom(
      &(batch_tokenizer_functions){
          .size = sizeof(batch_tokenizer_functions), .encode = undecided, .decode = no_text},
      &calls, 10, BATCH_NO_TOKEN);
  options.tokenizer = growing;
  assert_not_opened(path, &options, BATCH_ERROR_FORMAT, path, "4001", "4002", "asked again");
  BatchTokenizer *lazy = batch_tokenizer_custom(
      &(batch_tokenizer_functions){
          .size = sizeof(batch_tokenizer_functions), .encode = unwritten, .decode = no_text},
      NULL, 10, BATCH_NO_TOKEN);
  options.tokenizer = lazy;
  assert_not_opened(path, &options, BATCH_ERROR_OUT_OF_RANGE, path, "ids[1]", "vocabulary size 10");
  batch_tokenizer_free(growing);
  batch_tokenizer_free(lazy);
}

Test(dataset_text, a_text_that_a_callers_tokenizer_would_have_to_take_whole_is_bounded) {
  uint32_t shift = 0;
  batch_dataset_options options = BATCH_DATASET_OPTIONS_INIT;
  BatchTokenizer *tokenizer = batch_tokenizer_custom(
      &(batch_tokenizer_functions){
          .size = sizeof(batch_tokenizer_functions), .encode = triple, .decode = no_text},
      &shift, 256, BATCH_NO_TOKEN);
  options.tokenizer = tokenizer;
  options.longest_document = 9;
  const char *path = write_text("a.txt", "ten bytes.");
  assert_not_opened(path, &options, BATCH_ERROR_FORMAT, path, "more than 9 bytes", "longest_document");
  options.longest_document = 10;
  BatchDataset *dataset = open_dataset(path, &options);
  cr_assert_eq(batch_dataset_tokens(dataset), 30);
  batch_dataset_free(dataset);
  batch_tokenizer_free(tokenizer);
}
