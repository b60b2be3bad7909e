/* Many files go through one pipeline: in order, whoever of the workers is done first. */
#include "support/dataset_check.h"
#include "support/gathered.h"

#include "text/encode.h"

#include <inttypes.h>
#include <stdlib.h>

TestSuite(text_workers_files, .init = files_begin, .fini = files_end);

/* Small files of every kind, empty ones too, and one longer than a job here and there. */
enum { FILES = 60 };

static void make_small_files(const char **paths) {
  for (unsigned i = 0; i < FILES; i++) {
    char name[32];
    bool jsonl = i % 3 == 1;
    bytes content = {0};
    snprintf(name, sizeof name, "%02u.%s", i, jsonl ? "jsonl" : "txt");
    if (i % 7 != 5)
      content = jsonl ? random_lines(i % 10 + 1) : random_text(&seed, i % 11 == 4 ? 5000 : 10 * i, true);
    paths[i] = strdup(write_bytes(name, &content));
  }
}

/* Progress over many files, which only grows. */
typedef struct walk {
  batch_tokenize_progress last;
  unsigned files;
} walk;

static bool walk_on(void *context, const batch_tokenize_progress *p) {
  walk *w = context;
  cr_assert_not_null(p->path);
  cr_assert(p->bytes >= w->last.bytes && p->bytes <= p->total_bytes, "%" PRIu64 " bytes behind %" PRIu64,
            p->bytes, w->last.bytes);
  cr_assert(p->tokens >= w->last.tokens && p->documents >= w->last.documents &&
            p->bad_lines >= w->last.bad_lines);
  cr_assert(p->reader_ns >= w->last.reader_ns && p->worker_ns >= w->last.worker_ns &&
            p->writer_ns >= w->last.writer_ns && p->reserved == 0);
  w->files += p->path != w->last.path;
  w->last = *p;
  return true;
}

/* The tokens and documents of all files, of so many workers; what was written before an error is left. */
static batch_status tokenize_files(const char *const *paths, size_t n, uint32_t workers, bytes *written,
                                   walk *w) {
  batch_dataset_options options = BATCH_DATASET_OPTIONS_INIT;
  batch_writer_options to = BATCH_WRITER_OPTIONS_INIT;
  options.on_bad_line = BATCH_BAD_LINE_SKIP;
  options.workers = workers;
  to.overwrite = true;
  to.format = BATCH_FORMAT_DATATROVE;
  BatchWriter *writer = batch_writer_create(path_of("out.ds"), &to);
  cr_assert_not_null(writer, "%s", batch_last_error()->message);
  batch_status status = batch_tokenize_files(paths, n, &options, writer, walk_on, w);
  char message[1024];
  snprintf(message, sizeof message, "%s", status ? batch_last_error()->message : "");
  put_text(written, message);
  if (batch_writer_finish(writer)) {
    bytes tokens = read_bytes(path_of("out.ds")), ends = read_bytes(path_of("out.ds.index"));
    put(written, tokens.data, tokens.used);
    put(written, ends.data, ends.used);
    free_bytes(&tokens);
    free_bytes(&ends);
  }
  batch_writer_free(writer);
  return status;
}

static void assert_many_files(const char *const *paths, size_t n) {
  bytes alone = {0};
  walk first = {0};
  text_job_step = 500;
  cr_assert_eq(tokenize_files(paths, n, 1, &alone, &first), BATCH_OK, "%s", batch_last_error()->message);
  for (uint32_t workers = 2; workers < 5; workers++) {
    bytes many = {0};
    walk w = {0};
    cr_assert_eq(tokenize_files(paths, n, workers, &many, &w), BATCH_OK);
    cr_assert(many.used == alone.used && begins_with(&many, &alone), "%u workers", workers);
    cr_assert_eq(w.last.bad_lines, first.last.bad_lines);
    cr_assert_eq(w.last.bytes, first.last.bytes);
    cr_assert_eq(w.files, first.files);
    cr_assert(w.files == n && w.last.bytes == w.last.total_bytes);
    free_bytes(&many);
  }
  free_bytes(&alone);
}

Test(text_workers_files, many_small_files_go_through_one_pipeline_in_order) {
  const char *paths[FILES];
  make_small_files(paths);
  assert_many_files(paths, FILES);
  for (size_t i = 0; i < FILES; i++) free((char *)(uintptr_t)paths[i]);
}

/* A tokenizer that refuses a word. */
static size_t refuse_one(void *context, const char *text, size_t count, int32_t *ids, size_t capacity) {
  (void)context;
  if (count > 4 && memmem(text, count, "REFUSED", 7)) return BATCH_TOKENIZER_FAILED;
  for (size_t i = 0; i < count && i < capacity; i++) ids[i] = (uint8_t)text[i];
  return count;
}

Test(text_workers_files, an_error_in_one_of_many_files_is_that_of_the_first) {
  const char *paths[FILES];
  make_small_files(paths);
  write_text("30.txt", "text\nREFUSED text");
  write_text("33.txt", "REFUSED too");
  BatchTokenizer *tokenizer = custom(refuse_one, NULL);
  for (uint32_t workers = 1; workers < 5; workers++) {
    batch_dataset_options options = BATCH_DATASET_OPTIONS_INIT;
    options.on_bad_line = BATCH_BAD_LINE_SKIP;
    options.tokenizer = tokenizer;
    options.workers = workers;
    BatchWriter *writer = batch_writer_create(path_of("out.bin"), NULL);
    assert_refused(batch_tokenize_files(paths, FILES, &options, writer, NULL, NULL) == BATCH_ERROR_FORMAT,
                   BATCH_ERROR_FORMAT, "30.txt", "before byte 17");
    batch_writer_free(writer);
  }
  batch_tokenizer_free(tokenizer);
  for (size_t i = 0; i < FILES; i++) free((char *)(uintptr_t)paths[i]);
}

/* Shortens the file when the first of it has been read. */
static bool shorten(void *context, const batch_tokenize_progress *p) {
  bool *done = context;
  if (!*done) cr_assert_eq(truncate(p->path, 3000), 0);
  *done = true;
  return true;
}

Test(text_workers_files, half_a_file_that_becomes_shorter_is_not_taken_for_a_text) {
  enum { BYTES = 100000 };
  text_job_step = 500;
  for (uint32_t workers = 1; workers < 5; workers++) {
    batch_dataset_options options = BATCH_DATASET_OPTIONS_INIT;
    bytes content = {0};
    bool done = false;
    for (unsigned i = 0; i < BYTES / 10; i++) put_text(&content, "ten bytes\n");
    const char *path = write_bytes("long.txt", &content);
    options.workers = workers;
    BatchWriter *writer = batch_writer_create(path_of("out.bin"), NULL);
    assert_refused(batch_tokenize_files(&path, 1, &options, writer, shorten, &done) == BATCH_ERROR_IO,
                   BATCH_ERROR_IO, "long.txt", "at byte 3000", "expected it at byte 100000");
    batch_writer_free(writer);
  }
}
