/* Which tokens are not to be learnt goes with them into a companion, PATH.loss: of which shards, in every format, what becomes
   of old ones; and the same from .jsonl to the dataset that reads it. */
#include "support/dataset_check.h"
#include "support/files.h"
#include "support/random.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

TestSuite(writer_loss, .init = files_begin, .fini = files_end);

static const struct {
  batch_format format;
  const char *ending;
} formats[] = {{BATCH_FORMAT_HEADERLESS, "bin"}, {BATCH_FORMAT_DATATROVE, "ds"},
               {BATCH_FORMAT_LLMC_GPT2, "bin"},  {BATCH_FORMAT_LLMC_LLAMA3, "bin"},
               {BATCH_FORMAT_MEGATRON, "bin"},   {BATCH_FORMAT_NPY, "npy"}};
enum { FORMATS = sizeof formats / sizeof *formats };

static BatchWriter *create(const char *name, size_t format, uint64_t shard_tokens, bool overwrite) {
  batch_writer_options options = BATCH_WRITER_OPTIONS_INIT;
  options.format = formats[format].format;
  options.shard_tokens = shard_tokens;
  options.overwrite = overwrite;
  BatchWriter *writer = batch_writer_create(path_of(name), &options);
  cr_assert_not_null(writer, "%s", batch_last_error()->message);
  return writer;
}

static void finish(BatchWriter *writer) {
  cr_assert(batch_writer_finish(writer), "%s", batch_last_error()->message);
  batch_writer_free(writer);
}

/* A document of a character a token: of capital letters, which are not to be learnt, and others. */
static void append(BatchWriter *writer, const char *document) {
  int32_t ids[100];
  uint8_t loss[100];
  size_t count = strlen(document);
  for (size_t i = 0; i < count; i++) {
    ids[i] = (unsigned char)document[i];
    loss[i] = document[i] >= 'a' ? (uint8_t)(1 + i % 255) : 0;
  }
  cr_assert(batch_writer_append_masked(writer, ids, loss, count), "%s", batch_last_error()->message);
  cr_assert(batch_writer_end_document(writer));
}

static bool is_there(const char *name) {
  return access(path_of(name), F_OK) == 0;
}

static void assert_loss_file(const char *name, const char *digits) {
  bytes loss = read_bytes(path_of(name));
  cr_assert_eq(loss.used, strlen(digits), "%s", name);
  for (size_t i = 0; i < loss.used; i++) cr_assert_eq(loss.data[i], digits[i] - '0', "%s, byte %zu", name, i);
  free_bytes(&loss);
}

static char *name_of(char *name, const char *stem, size_t format, const char *companion) {
  snprintf(name, 64, "%s.%s%s", stem, formats[format].ending, companion);
  return name;
}

static void write_late(size_t format) {
  char name[64];
  BatchWriter *writer = create(name_of(name, "x", format, ""), format, 4, true);
  append(writer, "abcd");
  append(writer, "ef");
  append(writer, "gHiJ");
  append(writer, "klmn");
  cr_assert_eq(batch_writer_masked(writer), 2);
  finish(writer);
}

Test(writer_loss, it_is_written_from_the_shard_of_the_first_masked_token_on_in_every_format) {
  for (size_t f = 0; f < FORMATS; f++) {
    char name[64];
    uint8_t loss[14];
    write_late(f);
    cr_assert(is_there(name_of(name, "x_000001", f, "")) && !is_there(name_of(name, "x_000001", f, ".loss")));
    assert_loss_file(name_of(name, "x_000002", f, ".loss"), "111010");
    assert_loss_file(name_of(name, "x_000003", f, ".loss"), "1111");
    BatchDataset *dataset = open_dataset(path_of(name_of(name, "x_*", f, "")), NULL);
    cr_assert(batch_dataset_read_loss(dataset, 0, 14, loss), "%s", batch_last_error()->message);
    cr_assert_eq(memcmp(loss, "\1\1\1\1\1\1\1\0\1\0\1\1\1\1", 14), 0, "%s", name);
    batch_dataset_free(dataset);
  }
}

Test(writer_loss, a_run_that_is_learnt_as_a_whole_has_none) {
  BatchWriter *writer = create("a.bin", 0, 0, false);
  append(writer, "abc");
  cr_assert(batch_writer_append_masked(writer, (int32_t[]){1, 2}, NULL, 2));
  cr_assert(batch_writer_append_masked(writer, NULL, NULL, 0));
  cr_assert_eq(batch_writer_masked(writer), 0);
  finish(writer);
  cr_assert_eq(files_count(), 1);
}

Test(writer_loss, tokens_without_a_mask_are_to_be_learnt) {
  BatchWriter *writer = create("a.bin", 0, 0, false);
  cr_assert(batch_writer_append(writer, (int32_t[]){1, 2}, 2));
  append(writer, "A");
  cr_assert(batch_writer_append(writer, (int32_t[]){1, 2}, 2));
  cr_assert(batch_writer_append_masked(writer, (int32_t[]){1, 2}, NULL, 2));
  finish(writer);
  assert_loss_file("a.bin.loss", "1101111");
}

/* More than any buffer holds stands before the first masked token, and behind it. */
Test(writer_loss, it_may_come_late) {
  enum { BEFORE = 700001, MOST = 5000 };
  static int32_t ids[MOST];
  static uint8_t mask[MOST];
  BatchWriter *writer = create("a.bin", 0, 0, false);
  for (size_t n, left = BEFORE; left > 0; left -= n) {
    n = left < MOST ? left : MOST;
    cr_assert(batch_writer_append(writer, ids, n));
  }
  for (size_t i = 0; i < MOST; i++) mask[i] = i % 3 != 0;
  for (int i = 0; i < 100; i++) cr_assert(batch_writer_append_masked(writer, ids, mask, MOST));
  cr_assert_eq(batch_writer_masked(writer), 100 * ((MOST + 2) / 3));
  finish(writer);
  bytes loss = read_bytes(path_of("a.bin.loss"));
  cr_assert_eq(loss.used, BEFORE + 100 * MOST);
  for (size_t i = 0; i < loss.used; i++)
    cr_assert_eq(loss.data[i], i < BEFORE ? 1 : mask[(i - BEFORE) % MOST], "byte %zu", i);
  free_bytes(&loss);
}

Test(writer_loss, one_that_an_earlier_run_has_left_refuses_the_run_or_goes) {
  BatchWriter *writer = create("a.bin", 0, 4, false);
  append(writer, "ABCD");
  append(writer, "abcd");
  finish(writer);
  cr_assert_eq(files_count(), 4);
  batch_writer_options options = BATCH_WRITER_OPTIONS_INIT;
  cr_assert_eq(unlink(path_of("a_000001.bin")), 0);
  cr_assert_eq(unlink(path_of("a_000002.bin")), 0);
  cr_assert_eq(unlink(path_of("a_000002.bin.loss")), 0);
  assert_refused(!batch_writer_create(path_of("a.bin"), &options), BATCH_ERROR_IO, "a_000001.bin.loss",
                 "exists");
  write_text("a.bin.loss", "stale");
  writer = create("a.bin", 0, 0, true);
  append(writer, "abc");
  cr_assert(is_there("a.bin.loss"), "taken away before the end");
  finish(writer);
  cr_assert_eq(files_count(), 1, "what was there is gone");
}

Test(writer_loss, behind_a_link_it_is_refused) {
  write_text("real.u16", "");
  cr_assert_eq(symlink(path_of("real.u16"), path_of("link.u16")), 0);
  BatchWriter *writer = create("link.u16", 0, 0, true);
  append(writer, "abc");
  assert_refused(!batch_writer_append_masked(writer, (int32_t[]){1}, (uint8_t[]){0}, 1),
                 BATCH_ERROR_INVALID_ARGUMENT, "link.u16", "is a link to", "expected a file");
  batch_writer_free(writer);
  const char *text = write_text("a.jsonl", "{\"prompt\":\"\",\"completion\":\"\"}\n");
  batch_span_options spans = {.size = sizeof spans, .kind = BATCH_SPANS_PROMPT};
  batch_dataset_options options = BATCH_DATASET_OPTIONS_INIT;
  options.spans = &spans;
  writer = create("link.u16", 0, 0, true);
  assert_refused(batch_tokenize_files(&text, 1, &options, writer, NULL, NULL), BATCH_ERROR_INVALID_ARGUMENT,
                 "link.u16", "is a link to");
  cr_assert(batch_writer_append(writer, (int32_t[]){'a'}, 1), "it was refused before anything was done");
  finish(writer);
}

Test(writer_loss, a_run_of_prompts_or_messages_has_one_beside_every_shard) {
  static const char *const lines[] = {
      "{\"prompt\":\"\",\"completion\":\"abcd\"}\n{\"completion\":\"b\",\"prompt\":\"\"}\n",
      "{\"messages\":[{\"role\":\"assistant\",\"content\":\"abc\"}]}\n"
      "{\"messages\":[{\"role\":\"assistant\",\"content\":\"\"}]}\n"};
  for (int kind = BATCH_SPANS_PROMPT; kind <= BATCH_SPANS_MESSAGES; kind++) {
    batch_span_options spans = BATCH_SPAN_OPTIONS_INIT;
    batch_dataset_options options = BATCH_DATASET_OPTIONS_INIT;
    const char *text = write_text("a.jsonl", lines[kind - 1]);
    spans.kind = (batch_spans)kind;
    options.spans = &spans;
    BatchWriter *writer = create("a.bin", 0, 4, true);
    cr_assert_eq(batch_tokenize_files(&text, 1, &options, writer, NULL, NULL), BATCH_OK, "%s",
                 batch_last_error()->message);
    finish(writer);
    assert_loss_file("a_000001.bin.loss", "1111");
    assert_loss_file("a_000002.bin.loss", "1");
  }
}

Test(writer_loss, spans_are_for_jsonl) {
  const char *text = write_text("a.txt", "text");
  batch_span_options spans = {.size = sizeof spans, .kind = BATCH_SPANS_MESSAGES};
  batch_dataset_options options = BATCH_DATASET_OPTIONS_INIT;
  options.spans = &spans;
  BatchWriter *writer = create("a.bin", 0, 0, true);
  assert_refused(batch_tokenize_files(&text, 1, &options, writer, NULL, NULL), BATCH_ERROR_INVALID_ARGUMENT,
                 "spans", "none is among the files");
  batch_writer_free(writer);
}

static bool count_masked(void *context, const batch_tokenize_progress *progress) {
  *(uint64_t *)context = progress->masked;
  return true;
}

/* Letters of which those in capitals are not to be learnt, as spans. */
static void put_document(bytes *lines, uint64_t *seed) {
  put_text(lines, "{\"text\":[");
  for (uint32_t i = 0, spans = random_below(seed, 5); i < spans; i++) {
    bool masked = random_below(seed, 2);
    put_text(lines, i ? ",{\"text\":\"" : "{\"text\":\"");
    for (uint32_t letters = random_below(seed, 30); letters > 0; letters--)
      put_u8(lines, (uint8_t)((masked ? 'A' : 'a') + random_below(seed, 26)));
    put_text(lines, masked ? "\",\"train\":false}" : "\"}");
  }
  put_text(lines, "]}\n");
}

static void assert_letters(const BatchDataset *dataset, uint64_t masked) {
  uint64_t tokens = batch_dataset_tokens(dataset), found = 0;
  int32_t *ids = malloc(tokens * sizeof *ids);
  uint8_t *loss = malloc(tokens);
  cr_assert(ids && loss && batch_dataset_has_loss(dataset));
  cr_assert(batch_dataset_read(dataset, 0, tokens, ids) && batch_dataset_read_loss(dataset, 0, tokens, loss),
            "%s", batch_last_error()->message);
  for (uint64_t i = 0; i < tokens; i++) {
    cr_assert_eq(loss[i], !(ids[i] >= 'A' && ids[i] <= 'Z'), "token %d", (int)i);
    found += !loss[i];
  }
  cr_assert_eq(found, masked);
  free(ids);
  free(loss);
}

Test(writer_loss, what_is_written_and_what_is_tokenized_while_opening_is_what_was_in_the_jsonl) {
  uint64_t seed = 7;
  bytes lines = {0};
  for (int i = 0; i < 300; i++) put_document(&lines, &seed);
  const char *text = write_bytes("a.jsonl", &lines);
  for (int separator = BATCH_SEPARATOR_NONE; separator <= BATCH_SEPARATOR_AFTER; separator++)
    for (size_t f = 0; f < FORMATS; f++)
      for (uint32_t workers = 1; workers <= 3; workers += 2) {
        batch_dataset_options options = BATCH_DATASET_OPTIONS_INIT;
        uint64_t masked = 0;
        char name[64];
        options.workers = workers;
        options.separator = (batch_separator)separator;
        options.end_of_text = 256;
        BatchWriter *writer = create(name_of(name, "x", f, ""), f, 3000, true);
        cr_assert_eq(batch_tokenize_files(&text, 1, &options, writer, count_masked, &masked), BATCH_OK);
        cr_assert(masked > 1000 && batch_writer_masked(writer) == masked);
        finish(writer);
        BatchDataset *written = open_dataset(path_of(name_of(name, "x_*", f, "")), NULL),
                     *read = open_dataset(text, &options);
        cr_assert_eq(batch_dataset_tokens(written), batch_dataset_tokens(read));
        cr_assert_eq(fingerprint_of(written), fingerprint_of(read));
        assert_letters(written, masked);
        assert_letters(read, masked);
        batch_dataset_free(written);
        batch_dataset_free(read);
      }
}

/* Of one epoch of rows that hold each target once. Returns how many of the masked letters there were. */
static uint64_t assert_batches(const BatchDataset *dataset) {
  batch_loader_options options = BATCH_LOADER_OPTIONS_INIT;
  options.batch_size = 3;
  options.sequence_length = 50;
  options.workers = 2;
  options.epochs = 1;
  BatchLoader *loader = batch_loader_create(dataset, &options);
  cr_assert_not_null(loader, "%s", batch_last_error()->message);
  uint64_t masked = 0;
  for (Batch *batch; (batch = batch_loader_next(loader)); batch_release(batch)) {
    const int32_t *targets = batch->target.i32;
    const float *mask = batch->mask.data;
    cr_assert(batch->target.dtype == TENSOR_INT32 && batch->mask.dtype == TENSOR_FLOAT32);
    for (size_t i = 0; i < 150; i++) {
      bool capital = targets[i] >= 'A' && targets[i] <= 'Z';
      cr_assert(!capital || mask[i] == 0, "a target that is not to be learnt counts");
      cr_assert(mask[i] == 1 || capital || targets[i] == 0, "target %d does not count", targets[i]);
      masked += capital;
    }
  }
  batch_loader_free(loader);
  return masked;
}

Test(writer_loss, the_masks_of_batches_are_of_the_spans_of_the_jsonl) {
  uint64_t seed = 9;
  bytes lines = {0};
  for (int i = 0; i < 300; i++) put_document(&lines, &seed);
  const char *text = write_bytes("a.jsonl", &lines);
  BatchWriter *writer = create("x.bin", 0, 3000, true);
  cr_assert_eq(batch_tokenize_files(&text, 1, NULL, writer, NULL, NULL), BATCH_OK);
  finish(writer);
  BatchDataset *written = open_dataset(path_of("x_*.bin"), NULL), *read = open_dataset(text, NULL);
  uint64_t masked = assert_batches(written);
  cr_assert_gt(masked, 1000);
  cr_assert_eq(assert_batches(read), masked);
  batch_dataset_free(written);
  batch_dataset_free(read);
}
