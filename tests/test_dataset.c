#include "support/dataset_check.h"
#include "support/files.h"

#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

TestSuite(dataset, .init = files_begin, .fini = files_end);

/* Tokens first, first + 1, ... as u16. */
static const char *write_count(const char *name, uint16_t first, size_t count) {
  bytes b = {0};
  for (size_t i = 0; i < count; i++) put_u16(&b, (uint16_t)(first + i));
  return write_bytes(name, &b);
}

static void assert_counts(const BatchDataset *dataset, int32_t first, size_t count) {
  int32_t *ids = malloc(count * sizeof *ids);
  cr_assert_eq(batch_dataset_tokens(dataset), count);
  cr_assert(batch_dataset_read(dataset, 0, count, ids), "%s", batch_last_error()->message);
  for (size_t i = 0; i < count; i++) cr_assert_eq(ids[i], first + (int32_t)i, "token %zu is %d", i, ids[i]);
  free(ids);
}

Test(dataset, several_files_are_one_stream_in_the_given_order) {
  const char *paths[] = {write_count("b.bin", 0, 700), write_count("empty.bin", 0, 0),
                         write_count("a.bin", 700, 9000), write_count("c.bin", 9700, 1)};
  BatchDataset *dataset = batch_dataset_open(paths, 4, NULL);
  cr_assert_not_null(dataset, "%s", batch_last_error()->message);
  assert_counts(dataset, 0, 9701);
  cr_assert_eq(batch_dataset_files(dataset), 4);
  cr_assert_eq(batch_dataset_width(dataset), 2);
  cr_assert_eq(batch_dataset_documents(dataset), 0);
  batch_dataset_free(dataset);
}

Test(dataset, reads_cross_files_and_stop_at_the_end) {
  const char *paths[] = {write_count("a.bin", 0, 10), write_count("b.bin", 10, 10)};
  BatchDataset *dataset = batch_dataset_open(paths, 2, NULL);
  int32_t ids[20];
  cr_assert(batch_dataset_read(dataset, 8, 5, ids));
  for (int i = 0; i < 5; i++) cr_assert_eq(ids[i], 8 + i);
  cr_assert(batch_dataset_read(dataset, 20, 0, ids));
  cr_assert(batch_dataset_read(dataset, 0, 0, NULL));
  assert_refused(!batch_dataset_read(dataset, 19, 2, ids), BATCH_ERROR_OUT_OF_RANGE, "batch_dataset_read",
                 "19", "20");
  assert_refused(!batch_dataset_read(dataset, UINT64_MAX, 2, ids), BATCH_ERROR_OUT_OF_RANGE,
                 "batch_dataset_read");
  assert_refused(!batch_dataset_read(dataset, 0, 1, NULL), BATCH_ERROR_INVALID_ARGUMENT, "ids", "NULL");
  batch_dataset_free(dataset);
}

Test(dataset, a_directory_gives_its_files_in_byte_order_without_companions) {
  write_count("b.bin", 3, 2);
  write_count("a.bin", 0, 3);
  write_count(".hidden.bin", 99, 3);
  BatchDataset *dataset = open_dataset(path_of(""), NULL);
  assert_counts(dataset, 0, 5);
  batch_dataset_free(dataset);
}

Test(dataset, a_pattern_gives_its_matches_in_byte_order) {
  write_count("t_10.bin", 0, 3);
  write_count("t_2.bin", 3, 2);
  write_count("other.bin", 99, 3);
  BatchDataset *dataset = open_dataset(path_of("t_*.bin"), NULL);
  assert_counts(dataset, 0, 5);
  batch_dataset_free(dataset);
}

Test(dataset, a_name_with_pattern_characters_that_exists_is_a_file) {
  BatchDataset *dataset = open_dataset(write_count("a[1].bin", 0, 4), NULL);
  assert_counts(dataset, 0, 4);
  batch_dataset_free(dataset);
}

Test(dataset, a_directory_of_several_formats_is_refused) {
  write_count("a.bin", 0, 3);
  write_text("notes.txt", "not data");
  const char *path = path_of("");
  assert_refused(!batch_dataset_open(&path, 1, NULL), BATCH_ERROR_FORMAT, "notes.txt", "text", "headerless");
}

Test(dataset, what_cannot_be_opened_is_refused_with_its_path) {
  const char *missing = path_of("missing.bin"), *nothing = path_of("*.none"), *directory = path_of("");
  assert_refused(!batch_dataset_open(&missing, 1, NULL), BATCH_ERROR_IO, missing, "No such file");
  assert_refused(!batch_dataset_open(&nothing, 1, NULL), BATCH_ERROR_IO, nothing, "no file matches");
  assert_refused(!batch_dataset_open(&directory, 1, NULL), BATCH_ERROR_IO, directory, "no files");
  const char *device = "/dev/null";
  assert_refused(!batch_dataset_open(&device, 1, NULL), BATCH_ERROR_IO, "/dev/null", "special file",
                 "regular file");
}

Test(dataset, too_many_files_for_the_process_are_refused_with_advice) {
  const char *paths[40];
  char name[16];
  for (int i = 0; i < 40; i++) {
    snprintf(name, sizeof name, "%02d.bin", i);
    paths[i] = write_count(name, 0, 3);
  }
  struct rlimit limit;
  cr_assert_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
  limit.rlim_cur = 20;
  cr_assert_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
  assert_refused(!batch_dataset_open(paths, 40, NULL), BATCH_ERROR_IO, path_of(""), "Too many open files",
                 "ulimit -n");
  BatchDataset *dataset = open_dataset(paths[0], NULL); /* those that were opened were closed again */
  batch_dataset_free(dataset);
}

Test(dataset, a_fifo_is_refused_without_waiting) {
  const char *path = path_of("fifo.bin");
  cr_assert_eq(run_program((const char *[]){"mkfifo", path, NULL}), 0);
  assert_refused(!batch_dataset_open(&path, 1, NULL), BATCH_ERROR_IO, path, "special file");
}

Test(dataset, bad_arguments_are_refused) {
  const char *path = write_count("a.bin", 0, 3), *null = NULL, *empty = "";
  batch_dataset_options options = BATCH_DATASET_OPTIONS_INIT;
  batch_text_options how = BATCH_TEXT_OPTIONS_INIT;
  assert_refused(!batch_dataset_open(NULL, 1, NULL), BATCH_ERROR_INVALID_ARGUMENT, "batch_dataset_open",
                 "paths");
  assert_refused(!batch_dataset_open(&path, 0, NULL), BATCH_ERROR_INVALID_ARGUMENT, "n is 0");
  assert_refused(!batch_dataset_open(&null, 1, NULL), BATCH_ERROR_INVALID_ARGUMENT, "paths[0]", "NULL");
  assert_refused(!batch_dataset_open(&empty, 1, NULL), BATCH_ERROR_INVALID_ARGUMENT, "paths[0]", "empty");
  options.format = (batch_format)77;
  assert_refused(!batch_dataset_open(&path, 1, &options), BATCH_ERROR_INVALID_ARGUMENT, "format", "77");
  options = (batch_dataset_options)BATCH_DATASET_OPTIONS_INIT;
  options.token_type = (batch_token_type)-1;
  assert_refused(!batch_dataset_open(&path, 1, &options), BATCH_ERROR_INVALID_ARGUMENT, "token_type", "-1");
  options = (batch_dataset_options)BATCH_DATASET_OPTIONS_INIT;
  options.separator = (batch_separator)3;
  assert_refused(!batch_dataset_open(&path, 1, &options), BATCH_ERROR_INVALID_ARGUMENT, "separator", "3");
  options.separator = BATCH_SEPARATOR_AFTER;
  options.end_of_text = -7;
  assert_refused(!batch_dataset_open(&path, 1, &options), BATCH_ERROR_INVALID_ARGUMENT, "end_of_text", "-7",
                 "0 or more");
  options = (batch_dataset_options)BATCH_DATASET_OPTIONS_INIT;
  options.text = &how;
  how.normal_form = (batch_normal_form)9;
  assert_refused(!batch_dataset_open(&path, 1, &options), BATCH_ERROR_INVALID_ARGUMENT, "normal_form", "9");
}

Test(dataset, null_datasets_have_nothing) {
  uint64_t start, end, value;
  batch_dataset_file info = BATCH_DATASET_FILE_INIT;
  int32_t id;
  assert_refused(batch_dataset_tokens(NULL) == 0, BATCH_ERROR_INVALID_ARGUMENT, "batch_dataset_tokens",
                 "NULL");
  assert_refused(batch_dataset_documents(NULL) == 0, BATCH_ERROR_INVALID_ARGUMENT, "batch_dataset_documents");
  assert_refused(batch_dataset_width(NULL) == 0, BATCH_ERROR_INVALID_ARGUMENT, "batch_dataset_width");
  assert_refused(batch_dataset_files(NULL) == 0, BATCH_ERROR_INVALID_ARGUMENT, "batch_dataset_files");
  assert_refused(!batch_dataset_read(NULL, 0, 1, &id), BATCH_ERROR_INVALID_ARGUMENT, "batch_dataset_read");
  assert_refused(!batch_dataset_document(NULL, 0, &start, &end), BATCH_ERROR_INVALID_ARGUMENT,
                 "batch_dataset_document");
  assert_refused(!batch_dataset_get_file(NULL, 0, &info), BATCH_ERROR_INVALID_ARGUMENT,
                 "batch_dataset_get_file");
  assert_refused(!batch_dataset_fingerprint(NULL, &value), BATCH_ERROR_INVALID_ARGUMENT,
                 "batch_dataset_fingerprint");
  assert_refused(!batch_dataset_id_range(NULL, NULL, NULL), BATCH_ERROR_INVALID_ARGUMENT,
                 "batch_dataset_id_range");
  batch_dataset_free(NULL);
}

Test(dataset, files_without_any_token_are_refused) {
  const char *paths[] = {write_count("a.bin", 0, 0), write_count("b.bin", 0, 0)};
  assert_refused(!batch_dataset_open(paths, 2, NULL), BATCH_ERROR_FORMAT, paths[0], "no tokens", "2 files");
}

Test(dataset, pread_gives_what_the_mapping_gives) {
  batch_dataset_options options = BATCH_DATASET_OPTIONS_INIT;
  options.io = BATCH_IO_READ;
  BatchDataset *dataset = open_dataset(write_count("a.bin", 5, 5000), &options);
  assert_counts(dataset, 5, 5000);
  batch_dataset_free(dataset);
}

/* Ids that int32 cannot hold are found where they stand. */
Test(dataset, ids_beyond_int32_are_refused_with_their_offset) {
  batch_dataset_options options = BATCH_DATASET_OPTIONS_INIT;
  options.token_type = BATCH_TOKEN_U32;
  int64_t smallest, largest;
  int32_t ids[3];
  bytes b = {0};
  put_u32(&b, 7);
  put_u32(&b, 0x80000000u);
  put_u32(&b, 8);
  const char *path = write_bytes("a.bin", &b);
  BatchDataset *dataset = open_dataset(path, &options);
  assert_refused(!batch_dataset_read(dataset, 0, 3, ids), BATCH_ERROR_OUT_OF_RANGE, path, "byte 4",
                 "2147483648");
  cr_assert(batch_dataset_read(dataset, 2, 1, ids));
  cr_assert_eq(ids[0], 8);
  cr_assert(batch_dataset_id_range(dataset, &smallest, &largest));
  cr_assert_eq(smallest, 7);
  cr_assert_eq(largest, 0x80000000);
  batch_dataset_free(dataset);
}

Test(dataset, a_file_that_shrinks_is_an_error_and_no_signal) {
  const char *path = write_count("a.bin", 0, 20000);
  BatchDataset *dataset = open_dataset(path, NULL);
  int32_t ids[100];
  uint64_t value;
  cr_assert_eq(truncate(path, 8000), 0);
  assert_refused(!batch_dataset_read(dataset, 10000, 100, ids), BATCH_ERROR_IO, path, "byte 8000",
                 "end of the file", "20200");
  assert_refused(!batch_dataset_fingerprint(dataset, &value), BATCH_ERROR_IO, path, "end of the file");
  assert_refused(!batch_dataset_id_range(dataset, NULL, NULL), BATCH_ERROR_IO, path, "end of the file");
  batch_dataset_free(dataset);
}

Test(dataset, the_fingerprint_is_of_the_tokens_not_of_the_files) {
  const char *whole = write_count("whole.bin", 0, 9000);
  const char *parts[] = {write_count("a.bin", 0, 4001), write_count("b.bin", 4001, 4999)};
  bytes b = {0};
  for (uint32_t i = 0; i < 9000; i++) put_u32(&b, i);
  const char *wide = write_bytes("wide.u32", &b);
  BatchDataset *datasets[] = {open_dataset(whole, NULL), batch_dataset_open(parts, 2, NULL),
                              open_dataset(wide, NULL)};
  cr_assert_eq(fingerprint_of(datasets[0]), fingerprint_of(datasets[1]));
  cr_assert_eq(fingerprint_of(datasets[0]), fingerprint_of(datasets[2]));
  for (int i = 0; i < 3; i++) batch_dataset_free(datasets[i]);
}

Test(dataset, the_fingerprint_changes_with_the_data) {
  BatchDataset *datasets[] = {
      open_dataset(write_count("a.bin", 0, 9000), NULL), open_dataset(write_count("b.bin", 1, 9000), NULL),
      open_dataset(write_count("c.bin", 0, 9001), NULL), open_dataset(write_count("d.bin", 0, 40), NULL),
      open_dataset(write_count("e.bin", 0, 41), NULL)};
  for (int i = 0; i < 5; i++)
    for (int j = 0; j < i; j++) cr_assert_neq(fingerprint_of(datasets[i]), fingerprint_of(datasets[j]));
  for (int i = 0; i < 5; i++) batch_dataset_free(datasets[i]);
}

static const char *write_separated(const char *name) {
  static const uint16_t tokens[] = {9, 1, 2, 9, 9, 3};
  return write_data(name, tokens, sizeof tokens);
}

Test(dataset, a_separator_before_begins_documents) {
  batch_dataset_options options = BATCH_DATASET_OPTIONS_INIT;
  options.separator = BATCH_SEPARATOR_BEFORE;
  options.end_of_text = 9;
  BatchDataset *dataset = open_dataset(write_separated("a.bin"), &options);
  assert_documents(dataset, (uint64_t[]){0, 3, 4, 6}, 3);
  batch_dataset_free(dataset);
}

Test(dataset, a_separator_after_ends_documents) {
  batch_dataset_options options = BATCH_DATASET_OPTIONS_INIT;
  options.separator = BATCH_SEPARATOR_AFTER;
  options.end_of_text = 9;
  BatchDataset *dataset = open_dataset(write_separated("a.bin"), &options);
  assert_documents(dataset, (uint64_t[]){0, 1, 4, 5, 6}, 4);
  batch_dataset_free(dataset);
}

Test(dataset, documents_of_several_files_are_counted_through) {
  batch_dataset_options options = BATCH_DATASET_OPTIONS_INIT;
  options.separator = BATCH_SEPARATOR_AFTER;
  options.end_of_text = 9;
  const char *paths[] = {write_separated("a.bin"), write_count("empty.bin", 0, 0),
                         write_count("b.bin", 10, 4)};
  BatchDataset *dataset = batch_dataset_open(paths, 3, &options);
  cr_assert_not_null(dataset);
  assert_documents(dataset, (uint64_t[]){0, 1, 4, 5, 6, 10}, 5);
  batch_dataset_free(dataset);
}

Test(dataset, a_file_without_boundaries_beside_one_that_has_them_is_one_document) {
  const char *paths[] = {write_count("a.bin", 0, 5), write_text("b.txt", "text"), write_count("c.bin", 5, 2)};
  BatchDataset *dataset = batch_dataset_open(paths, 3, NULL);
  cr_assert_not_null(dataset);
  assert_documents(dataset, (uint64_t[]){0, 5, 9, 11}, 3);
  batch_dataset_free(dataset);
}

Test(dataset, get_file_says_what_each_file_is) {
  const char *paths[] = {write_count("a.bin", 0, 5), write_text("b.txt", "text")};
  BatchDataset *dataset = batch_dataset_open(paths, 2, NULL);
  batch_dataset_file info = BATCH_DATASET_FILE_INIT;
  cr_assert(batch_dataset_get_file(dataset, 1, &info));
  cr_assert_str_eq(info.path, paths[1]);
  cr_assert_eq(info.format, BATCH_FORMAT_TEXT);
  cr_assert_eq(info.token_type, BATCH_TOKEN_U8);
  cr_assert_eq(info.first_token, 5);
  cr_assert_eq(info.tokens, 4);
  cr_assert_eq(info.documents, 1);
  cr_assert(!info.compressed && !info.tokenized);
  assert_refused(!batch_dataset_get_file(dataset, 2, &info), BATCH_ERROR_OUT_OF_RANGE, "2");
  assert_refused(!batch_dataset_get_file(dataset, 0, NULL), BATCH_ERROR_INVALID_ARGUMENT, "file is NULL");
  batch_dataset_free(dataset);
}

Test(dataset, names_of_what_is_none_are_question_marks) {
  cr_assert_str_eq(batch_format_name(BATCH_FORMAT_MEGATRON), "Megatron");
  cr_assert_str_eq(batch_format_name((batch_format)99), "?");
  cr_assert_str_eq(batch_token_type_name(BATCH_TOKEN_I64), "i64");
  cr_assert_str_eq(batch_token_type_name((batch_token_type)99), "?");
  cr_assert_eq(batch_token_type_size(BATCH_TOKEN_I64), 8);
  cr_assert_eq(batch_token_type_size(BATCH_TOKEN_DEFAULT), 0);
}
