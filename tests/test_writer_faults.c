/* The writer when it is killed and when the disk is full: under a final name stands a whole file or none. */
#include "support/dataset_check.h"
#include "support/files.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

TestSuite(writer_faults, .init = files_begin, .fini = files_end);

enum { DOCUMENT = 700, SHARD = 3000, KILLS = 40 };

/* Writes documents for ever, a byte to the pipe for each. */
static void write_until_killed(const char *path, batch_format format, int pipe_end) {
  int32_t ids[DOCUMENT];
  for (uint32_t i = 0; i < DOCUMENT; i++) ids[i] = i;
  batch_writer_options options = {
      .size = sizeof(batch_writer_options), .format = format, .shard_tokens = SHARD};
  BatchWriter *writer = batch_writer_create(path, &options);
  while (writer && batch_writer_append(writer, ids, DOCUMENT) && batch_writer_end_document(writer))
    if (write(pipe_end, ".", 1) != 1) _exit(1);
  _exit(2);
}

/* Kills such a writer after so many documents: it may be at any step by then. */
static void kill_after(const char *path, batch_format format, unsigned documents) {
  int ends[2], status;
  char byte;
  cr_assert_eq(pipe(ends), 0);
  pid_t child = fork();
  cr_assert(child >= 0);
  if (child == 0) write_until_killed(path, format, ends[1]);
  close(ends[1]);
  for (unsigned i = 0; i < documents; i++)
    cr_assert_eq(read(ends[0], &byte, 1), 1, "the writer stopped by itself");
  kill(child, SIGKILL);
  cr_assert_eq(waitpid(child, &status, 0), child);
  cr_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
  close(ends[0]);
}

/* Every shard that is there is whole: five documents. */
static size_t assert_whole_shards(const char *pattern) {
  BatchDataset *dataset = batch_dataset_open(&pattern, 1, NULL);
  if (!dataset) {
    assert_error(BATCH_ERROR_IO, "no file matches");
    return 0;
  }
  size_t shards = batch_dataset_files(dataset), count = shards * 5 * DOCUMENT;
  int32_t *ids = malloc(count * sizeof *ids);
  cr_assert_eq(batch_dataset_tokens(dataset), count);
  cr_assert(batch_dataset_read(dataset, 0, count, ids), "%s", batch_last_error()->message);
  for (size_t i = 0; i < count; i++) cr_assert_eq(ids[i], (int32_t)(i % DOCUMENT));
  free(ids);
  batch_dataset_free(dataset);
  return shards;
}

/* Another run takes away what was written, and what was left. */
static void sweep(const char *path, batch_format format) {
  batch_writer_options options = {.size = sizeof(batch_writer_options), .format = format, .overwrite = true};
  BatchWriter *writer = batch_writer_create(path, &options);
  cr_assert(batch_writer_finish(writer), "%s", batch_last_error()->message);
  batch_writer_free(writer);
  cr_assert_eq(files_count(), format == BATCH_FORMAT_LLMC_GPT2 ? 1 : format == BATCH_FORMAT_MEGATRON ? 2 : 3);
  static const char *const endings[] = {".bin", ".idx", ".ds", ".ds.index", ".ds.metadata"};
  for (size_t i = 0; i < sizeof endings / sizeof *endings; i++) {
    char name[256];
    snprintf(name, sizeof name, "%.*s%s", (int)(strrchr(path, '.') - path), path, endings[i]);
    unlink(name);
  }
}

static void kill_again_and_again(batch_format format, const char *name, const char *pattern) {
  const char *path = path_of(name), *shards = path_of(pattern);
  size_t whole = 0;
  for (unsigned i = 0; i < KILLS; i++) {
    kill_after(path, format, 1 + i * 7 % 31);
    whole += assert_whole_shards(shards);
    sweep(path, format);
  }
  printf("%s: killed %d times, %zu shards found and all whole\n", batch_format_name(format), KILLS, whole);
  cr_assert_gt(whole, 0);
}

Test(writer_faults, a_killed_writer_leaves_whole_shards_llmc) {
  kill_again_and_again(BATCH_FORMAT_LLMC_GPT2, "a.bin", "a_*.bin");
}

Test(writer_faults, a_killed_writer_leaves_whole_shards_megatron) {
  kill_again_and_again(BATCH_FORMAT_MEGATRON, "a.bin", "a_*.bin");
}

Test(writer_faults, a_killed_writer_leaves_whole_shards_datatrove) {
  kill_again_and_again(BATCH_FORMAT_DATATROVE, "a.ds", "a_*.ds");
}

/* A companion whose tokens never came is refused, not passed over. */
Test(writer_faults, an_index_without_its_tokens_is_refused) {
  bytes index = {0};
  put(&index, "MMIDIDX\0\0", 9);
  put_zeros(&index, 25);
  const char *path = write_bytes("a.idx", &index);
  assert_not_opened(path, NULL, BATCH_ERROR_IO, "a.bin", "No such file");
}

/* A full disk: files may not grow beyond a limit, which is EFBIG instead of ENOSPC. */

static void limit_file_size(rlim_t size) {
  signal(SIGXFSZ, SIG_IGN);
  cr_assert_eq(setrlimit(RLIMIT_FSIZE, &(struct rlimit){size, RLIM_INFINITY}), 0);
}

static bool write_much(BatchWriter *writer) {
  static int32_t ids[1000];
  for (int i = 0; i < 2000; i++)
    if (!batch_writer_append(writer, ids, 1000) || !batch_writer_end_document(writer)) return false;
  return batch_writer_finish(writer);
}

static void assert_full_disk(batch_format format, const char *name) {
  const char *path = path_of(name);
  write_text("bystander", "untouched");
  batch_writer_options options = {.size = sizeof(batch_writer_options), .format = format};
  BatchWriter *writer = batch_writer_create(path, &options);
  limit_file_size(1000000);
  assert_refused(!write_much(writer), BATCH_ERROR_IO, path, "write", "File too large");
  assert_refused(!batch_writer_finish(writer), BATCH_ERROR_IO, path, "File too large");
  batch_writer_free(writer);
  limit_file_size(RLIM_INFINITY);
  cr_assert_eq(files_count(), 1, "something was left");
  bytes bystander = read_bytes(path_of("bystander"));
  cr_assert_eq(bystander.used, 9);
  free_bytes(&bystander);
}

Test(writer_faults, a_full_disk_is_an_error_that_names_the_file_headerless) {
  assert_full_disk(BATCH_FORMAT_HEADERLESS, "a.bin");
}

Test(writer_faults, a_full_disk_is_an_error_that_names_the_file_megatron) {
  assert_full_disk(BATCH_FORMAT_MEGATRON, "a.bin");
}

/* The tokens fit, the index does not: neither appears. */
Test(writer_faults, a_disk_that_is_full_at_the_index_leaves_neither_file) {
  const char *path = path_of("a.bin");
  batch_writer_options options = {.size = sizeof(batch_writer_options), .format = BATCH_FORMAT_MEGATRON};
  BatchWriter *writer = batch_writer_create(path, &options);
  for (int32_t i = 0; i < 20000; i++)
    cr_assert(batch_writer_append(writer, &i, 1) && batch_writer_end_document(writer));
  limit_file_size(170000); /* 40,000 bytes of tokens, 160,000 of ends, 400,000 of index */
  assert_refused(!batch_writer_finish(writer), BATCH_ERROR_IO, "a.idx", "File too large");
  batch_writer_free(writer);
  limit_file_size(RLIM_INFINITY);
  cr_assert_eq(files_count(), 0);
}

Test(writer_faults, a_full_disk_while_text_is_tokenized_for_a_dataset_is_an_error) {
  bytes text = {0};
  for (int i = 0; i < 400000; i++) put_text(&text, "text\n");
  const char *path = write_bytes("a.txt", &text);
  batch_dataset_options options = BATCH_DATASET_OPTIONS_INIT;
  options.separator = BATCH_SEPARATOR_AFTER;
  options.end_of_text = 256;
  options.temporary_directory = path_of("");
  limit_file_size(1000000);
  assert_not_opened(path, &options, BATCH_ERROR_IO, options.temporary_directory, "File too large");
  limit_file_size(RLIM_INFINITY);
  cr_assert_eq(files_count(), 1);
}
