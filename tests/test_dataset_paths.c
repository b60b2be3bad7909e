/* From names to files: nothing is read twice, nothing is left out in silence. */
#include "support/dataset_check.h"
#include "support/files.h"

#include <sys/stat.h>
#include <unistd.h>

TestSuite(dataset_paths, .init = files_begin, .fini = files_end);

static const uint16_t some_tokens[] = {1, 2, 3};

static const char *write_some(const char *name) {
  return write_data(name, some_tokens, sizeof some_tokens);
}

static const char *link_to(const char *target, const char *name) {
  const char *path = path_of(name);
  cr_assert_eq(symlink(target, path), 0);
  return path;
}

static uint64_t tokens_of(const char *const *paths, size_t count) {
  BatchDataset *dataset = batch_dataset_open(paths, count, NULL);
  cr_assert_not_null(dataset, "%s", batch_last_error()->message);
  uint64_t tokens = batch_dataset_tokens(dataset);
  batch_dataset_free(dataset);
  return tokens;
}

/* The pair NAME.idx and NAME.bin of one sequence of three tokens; returns the path of the .bin. */
static const char *write_pair(const char *name) {
  char file[64];
  bytes index = {0};
  put(&index, "MMIDIDX\0\0", 9);
  put_u64(&index, 1);
  put_u8(&index, 8);
  put_u64(&index, 1);
  put_u64(&index, 2);
  put_u32(&index, 3);
  put_u64(&index, 0);
  put_u64(&index, 0);
  put_u64(&index, 1);
  snprintf(file, sizeof file, "%s.idx", name);
  write_bytes(file, &index);
  snprintf(file, sizeof file, "%s.bin", name);
  return write_some(file);
}

Test(dataset_paths, a_pair_named_by_both_halves_is_read_once) {
  const char *a = write_pair("a"), *b = write_pair("b");
  cr_assert_eq(tokens_of((const char *[]){a, path_of("a.idx"), b, path_of("b.idx")}, 4), 6);
  cr_assert_eq(tokens_of((const char *[]){path_of("b.idx"), path_of("./b.bin")}, 2), 3);
  cr_assert_eq(tokens_of((const char *[]){path_of("*.bin"), path_of("*.idx")}, 2), 6);
  cr_assert_eq(tokens_of((const char *[]){path_of(""), path_of("a.idx")}, 2), 6);
}

Test(dataset_paths, many_pairs_are_read_once_however_they_are_named) {
  const char *named[24], *indexes[12];
  size_t count = 0;
  for (size_t i = 0; i < 12; i++) {
    char name[8];
    snprintf(name, sizeof name, "%02zu.idx", i * 7 % 12);
    indexes[i] = named[count++] = path_of(name);
    snprintf(name, sizeof name, "%02zu", i * 7 % 12);
    const char *bin = write_pair(name);
    if (i % 3 == 0) named[count++] = bin;
  }
  cr_assert_eq(tokens_of(named, count), 36);
  cr_assert_eq(tokens_of(indexes, 12), 36);
}

Test(dataset_paths, companions_that_a_shell_names_are_passed_over) {
  const char *paths[] = {write_some("x.ds"), write_data("x.ds.index", (uint64_t[]){3}, 8),
                         write_text("x.ds.metadata", "a tokenizer|2\n3\n3 T"),
                         write_data("x.ds.loss", "\1\1\1", 3)};
  cr_assert_eq(tokens_of(paths, 4), 3);
  cr_assert_eq(tokens_of((const char *[]){path_of("")}, 1), 3);
}

Test(dataset_paths, a_companion_in_place_of_its_file_is_refused) {
  write_some("x.ds");
  const char *index = write_data("x.ds.index", (uint64_t[]){3}, 8);
  assert_not_opened(index, NULL, BATCH_ERROR_INVALID_ARGUMENT, index, "x.ds and is no data");
  write_text("y.bin", "1234");
  const char *metadata = write_text("y.bin.metadata", "a tokenizer|2\n2\n2 T");
  assert_not_opened(metadata, NULL, BATCH_ERROR_INVALID_ARGUMENT, metadata, "y.bin");
}

Test(dataset_paths, a_companion_whose_file_is_not_there_is_an_error_in_a_directory) {
  write_some("a.ds");
  write_data("b.ds.index", (uint64_t[]){3}, 8);
  assert_not_opened(path_of(""), NULL, BATCH_ERROR_IO, "b.ds.index", "b.ds, which is not there");
}

Test(dataset_paths, a_file_reached_twice_is_refused_whatever_its_names) {
  const char *a = write_some("a.bin"), *b = write_some("b.bin");
  const char *names[] = {a, path_of("./a.bin"), link_to("a.bin", "soft.bin"), path_of("hard.bin")};
  cr_assert_eq(link(a, names[3]), 0);
  for (size_t i = 0; i < 4; i++) {
    const char *paths[] = {a, b, names[i]};
    assert_refused(!batch_dataset_open(paths, 3, NULL), BATCH_ERROR_INVALID_ARGUMENT, a, names[i],
                   "same file");
  }
  const char *found[] = {path_of("a*"), a};
  assert_refused(!batch_dataset_open(found, 2, NULL), BATCH_ERROR_INVALID_ARGUMENT, "same file");
}

Test(dataset_paths, a_file_of_two_names_in_one_listing_is_read_once_under_its_own) {
  batch_dataset_file info = BATCH_DATASET_FILE_INIT;
  const char *z = write_some("z.bin");
  link_to("z.bin", "a.bin");
  cr_assert_eq(tokens_of((const char *[]){path_of("*.bin")}, 1), 3);
  BatchDataset *dataset = open_dataset(path_of(""), NULL);
  cr_assert_eq(batch_dataset_tokens(dataset), 3);
  cr_assert(batch_dataset_get_file(dataset, 0, &info));
  cr_assert_str_eq(info.path, z);
  batch_dataset_free(dataset);
  cr_assert_eq(link(z, path_of("hard.bin")), 0);
  cr_assert_eq(tokens_of((const char *[]){path_of("")}, 1), 3);
  write_pair("m");
  link_to("m.bin", "b.bin");
  cr_assert_eq(tokens_of((const char *[]){path_of("[bm].*")}, 1), 3);
  const char *both[] = {path_of(""), path_of("?.bin")};
  assert_refused(!batch_dataset_open(both, 2, NULL), BATCH_ERROR_INVALID_ARGUMENT, "same file");
}

Test(dataset_paths, tokens_with_two_indexes_are_refused) {
  const char *a = write_pair("a"), *other = path_of("other.bin");
  write_pair("other");
  cr_assert_eq(unlink(other), 0);
  cr_assert_eq(link(a, other), 0);
  const char *indexes[] = {path_of("a.idx"), path_of("other.idx")};
  assert_refused(!batch_dataset_open(indexes, 2, NULL), BATCH_ERROR_INVALID_ARGUMENT, "same file");
  assert_not_opened(path_of("*.idx"), NULL, BATCH_ERROR_INVALID_ARGUMENT, "same file");
}

Test(dataset_paths, text_named_twice_is_refused_by_tokenize_too) {
  const char *text = write_text("a.txt", "text"), *paths[] = {text, text};
  BatchWriter *writer = batch_writer_create(path_of("out.bin"), NULL);
  assert_refused(batch_tokenize_files(paths, 2, NULL, writer, NULL, NULL) != BATCH_OK,
                 BATCH_ERROR_INVALID_ARGUMENT, "a.txt", "same file");
  batch_writer_free(writer);
}

Test(dataset_paths, a_link_to_nothing_is_an_error_wherever_it_is_found) {
  write_some("a.bin");
  const char *link = link_to("gone.bin", "b.bin");
  assert_not_opened(path_of(""), NULL, BATCH_ERROR_IO, link, "link to what is not there");
  assert_not_opened(path_of("*.bin"), NULL, BATCH_ERROR_IO, link, "link to what is not there");
  assert_not_opened(link, NULL, BATCH_ERROR_IO, link, "link to what is not there");
  assert_not_opened(link_to("gone.bin", "what[1].bin"), NULL, BATCH_ERROR_IO, "what[1].bin", "link");
}

Test(dataset_paths, an_index_that_is_a_link_to_nothing_is_an_error) {
  write_some("a.ds");
  link_to("gone.index", "a.ds.index");
  assert_not_opened(path_of("a.ds"), NULL, BATCH_ERROR_IO, "a.ds.index", "link to what is not there");
  assert_not_opened(path_of(""), NULL, BATCH_ERROR_IO, "a.ds.index", "link to what is not there");
  write_some("b.bin");
  link_to("gone.idx", "b.idx");
  assert_not_opened(path_of("b.bin"), NULL, BATCH_ERROR_IO, "b.idx", "link to what is not there");
}

Test(dataset_paths, a_link_in_a_circle_is_an_error) {
  write_some("a.bin");
  link_to("b.bin", "b.bin");
  assert_not_opened(path_of(""), NULL, BATCH_ERROR_IO, "b.bin", "symbolic links");
}

Test(dataset_paths, a_pattern_goes_through_no_link_to_nothing) {
  cr_assert_eq(mkdir(path_of("one"), 0700), 0);
  write_some("one/a.bin");
  cr_assert_eq(tokens_of((const char *[]){path_of("*/*.bin")}, 1), 3);
  link_to("gone", "two");
  assert_not_opened(path_of("*/*.bin"), NULL, BATCH_ERROR_IO, "two", "link to what is not there");
  assert_not_opened(path_of("two/*.bin"), NULL, BATCH_ERROR_IO, "two", "link to what is not there");
  assert_not_opened(path_of("three/*.bin"), NULL, BATCH_ERROR_IO, "three", "no file matches");
}

Test(dataset_paths, directories_below_are_passed_over_and_what_is_no_file_is_an_error) {
  cr_assert_eq(mkdir(path_of("below"), 0700), 0);
  write_some("below/b.bin");
  write_some("a.bin");
  cr_assert_eq(tokens_of((const char *[]){path_of("")}, 1), 3);
  cr_assert_eq(mkfifo(path_of("fifo.bin"), 0600), 0);
  assert_not_opened(path_of(""), NULL, BATCH_ERROR_IO, "fifo.bin", "special file");
  assert_not_opened(path_of("*.bin"), NULL, BATCH_ERROR_IO, "fifo.bin", "special file");
}

Test(dataset_paths, links_to_files_elsewhere_are_files) {
  const char *a = write_some("a.bin");
  cr_assert_eq(mkdir(path_of("links"), 0700), 0);
  link_to(a, "links/x.bin");
  cr_assert_eq(tokens_of((const char *[]){path_of("links")}, 1), 3);
}

Test(dataset_paths, names_among_alternatives_must_be_there) {
  write_some("a.bin");
  write_some("b.bin");
  write_some("c1.u16");
  cr_assert_eq(tokens_of((const char *[]){path_of("{a,b}.bin")}, 1), 6);
  cr_assert_eq(tokens_of((const char *[]){path_of("{a.bin,c*.{u16,u32}}")}, 1), 6);
  cr_assert_eq(tokens_of((const char *[]){path_of("*.{bin,ds}")}, 1), 6);
  cr_assert_eq(mkdir(path_of("d"), 0700), 0);
  write_some("d/x.bin");
  cr_assert_eq(tokens_of((const char *[]){path_of("{a.bin,d}")}, 1), 6);
  write_some(".h.bin");
  cr_assert_eq(tokens_of((const char *[]){path_of("{a,.h}.bin")}, 1), 6);
  assert_not_opened(path_of("{a,x}.bin"), NULL, BATCH_ERROR_IO, "x.bin", "No such file");
  assert_not_opened(path_of("{x,y}*.bin"), NULL, BATCH_ERROR_IO, "{x,y}*.bin", "no file matches");
  assert_not_opened(path_of("{a}.bin"), NULL, BATCH_ERROR_IO, "{a}.bin", "No such file");
  assert_not_opened(path_of("{a,b.bin"), NULL, BATCH_ERROR_IO, "{a,b.bin", "No such file");
  cr_assert_eq(tokens_of((const char *[]){write_some("{a,b}.u16")}, 1), 3);
}
