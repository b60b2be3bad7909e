/* What readers say while a run replaces files, and when it was killed between two renames. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "support/dataset_check.h"
#include "support/files.h"

TestSuite(writer_watch, .init = files_begin, .fini = files_end);

static bool write_ids(const char *path, batch_format format, uint64_t shard_tokens, int32_t first) {
  batch_writer_options options = {.size = sizeof(batch_writer_options),
                                  .format = format,
                                  .shard_tokens = shard_tokens,
                                  .overwrite = true};
  BatchWriter *writer = batch_writer_create(path, &options);
  bool good = writer;
  for (int32_t id = first; good && id < first + 4; id++)
    good = batch_writer_append(writer, &id, 1) && batch_writer_end_document(writer);
  good = good && batch_writer_finish(writer);
  batch_writer_free(writer);
  return good;
}

static void write_run(const char *path, batch_format format, uint64_t shard_tokens, uint32_t first) {
  cr_assert(write_ids(path, format, shard_tokens, first), "%s", batch_last_error()->message);
}

/* What a run that was killed has moved to a part of its hidden directory. */
static void take_away(const char *name, const char *output, const char *part) {
  char hidden[64], to[128];
  snprintf(hidden, sizeof hidden, ".%s.headrace", output);
  (void)mkdir(path_of(hidden), 0777);
  snprintf(to, sizeof to, "%s/%s", hidden, part);
  (void)mkdir(path_of(to), 0777);
  snprintf(to, sizeof to, "%s/%s/%s", hidden, part, name);
  cr_assert_eq(rename(path_of(name), path_of(to)), 0);
}

static void assert_reads(const char *path, uint64_t tokens) {
  BatchDataset *dataset = open_dataset(path, NULL);
  cr_assert_eq(batch_dataset_tokens(dataset), tokens);
  batch_dataset_free(dataset);
}

static void assert_half_replaced(const char *part) {
  write_run(path_of("t.bin"), BATCH_FORMAT_HEADERLESS, 1, 1);
  write_run(path_of("u.bin"), BATCH_FORMAT_HEADERLESS, 0, 1);
  take_away("t_000004.bin", "t.bin", part);
  assert_not_opened(path_of(""), NULL, BATCH_ERROR_IO, "t.bin.headrace", part, "t_000004.bin");
  assert_not_opened(path_of("*.bin"), NULL, BATCH_ERROR_IO, "t.bin.headrace", part, "t_000004.bin");
  assert_not_opened(path_of("t_000001.bin"), NULL, BATCH_ERROR_IO, path_of("t_000001.bin"), part);
  assert_reads(path_of("u.bin"), 4);
  cr_assert(!write_ids(path_of("t.bin"), BATCH_FORMAT_LLMC_GPT2, 0, 70000), "no such id");
  assert_reads(path_of(""), 8);
}

Test(writer_watch, files_that_are_half_replaced_are_not_read) {
  assert_half_replaced("old");
}

Test(writer_watch, files_that_are_half_in_place_are_not_read) {
  assert_half_replaced("ready");
}

Test(writer_watch, what_is_being_written_is_in_nobodys_way) {
  write_run(path_of("t.bin"), BATCH_FORMAT_MEGATRON, 1, 1);
  batch_writer_options options = {.size = sizeof(batch_writer_options),
                                  .format = BATCH_FORMAT_MEGATRON,
                                  .shard_tokens = 1,
                                  .overwrite = true};
  BatchWriter *writer = batch_writer_create(path_of("t.bin"), &options);
  cr_assert(batch_writer_append(writer, &(int32_t){9}, 1));
  assert_reads(path_of(""), 4);
  assert_reads(path_of("t_000001.idx"), 1);
  batch_writer_free(writer);
}

/* A run that comes while a dataset is opened: when text of it is tokenized. */
typedef struct meanwhile {
  const char *path;
  batch_format format;
  uint64_t shard_tokens;
  int calls;
} meanwhile;

static size_t encode(void *context, const char *text, size_t size, int32_t *ids, size_t capacity) {
  meanwhile *m = context;
  (void)text, (void)size;
  if (m->calls++ == 0 && !write_ids(m->path, m->format, m->shard_tokens, 50)) return BATCH_TOKENIZER_FAILED;
  if (capacity > 0) ids[0] = 7;
  return 1;
}

static size_t decode(void *context, const int32_t *ids, size_t count, char *text, size_t capacity) {
  (void)context, (void)ids, (void)count, (void)text, (void)capacity;
  return BATCH_TOKENIZER_FAILED;
}

/* Opens `first`, then a text, which lets the run come, then `last`. */
static void assert_replaced(meanwhile m, const char *first, const char *last) {
  const char *paths[] = {first, write_text("text.txt", "some"), last};
  batch_dataset_options options = BATCH_DATASET_OPTIONS_INIT;
  BatchTokenizer *tokenizer = batch_tokenizer_custom(
      &(batch_tokenizer_functions){
          .size = sizeof(batch_tokenizer_functions), .encode = encode, .decode = decode},
      &m, 100, BATCH_NO_TOKEN);
  options.tokenizer = tokenizer;
  assert_refused(!batch_dataset_open(paths, last ? 3 : 2, &options), BATCH_ERROR_IO, first, "replaced");
  cr_assert_gt(m.calls, 0, "no run came");
  batch_tokenizer_free(tokenizer);
}

Test(writer_watch, shards_of_two_runs_are_not_read_as_one) {
  const char *path = path_of("t.bin");
  write_run(path, BATCH_FORMAT_HEADERLESS, 2, 1);
  assert_replaced((meanwhile){path, BATCH_FORMAT_HEADERLESS, 2, 0}, path_of("t_000001.bin"),
                  path_of("t_000002.bin"));
}

/* Not the missing shard: it is nobody's fault. */
Test(writer_watch, what_is_wrong_because_files_were_replaced_is_not_blamed) {
  const char *path = path_of("t.bin");
  write_run(path, BATCH_FORMAT_HEADERLESS, 2, 1);
  assert_replaced((meanwhile){path, BATCH_FORMAT_HEADERLESS, 0, 0}, path_of("t_000001.bin"),
                  path_of("t_000002.bin"));
}

Test(writer_watch, a_file_that_is_replaced_while_it_is_opened_is_refused) {
  const char *path = path_of("t.bin");
  write_run(path, BATCH_FORMAT_MEGATRON, 0, 1);
  assert_replaced((meanwhile){path, BATCH_FORMAT_MEGATRON, 0, 0}, path, NULL);
}
