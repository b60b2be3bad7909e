/* Text that is tokenized on the fly, and shards that are written and read back. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "soak/data.h"
#include "soak/soak.h"

enum { MOST_IDS = 1 << 19, DOCUMENT = 10, MOST_WRITTEN = 4000 };

/* A tokenizer to tokenize with, its file, and the ids that it makes of the whole text in quiet. */
static struct {
  const char *path; /* NULL: bytes */
  int32_t ids[MOST_IDS];
  size_t count;
} reference;

static BatchTokenizer *make_tokenizer(const char *path) {
  return path ? batch_tokenizer_open(path, NULL) : batch_tokenizer_bytes(1);
}

void text_begin(const char *path) {
  size_t bytes;
  const char *text = data_text(&bytes);
  BatchTokenizer *tokenizer = make_tokenizer(path);
  stress_check(tokenizer, "%s", batch_last_error()->message);
  reference.path = path;
  reference.count = batch_tokenizer_encode(tokenizer, text, bytes, reference.ids, MOST_IDS);
  stress_check(reference.count <= MOST_IDS, "%s", batch_last_error()->message);
  batch_tokenizer_free(tokenizer);
}

/* One document: the ids as the tokenizer alone makes them, and behind them the end. */
static void check_ids(const BatchDataset *dataset, const int32_t *ids, size_t count, int32_t end) {
  if (count != reference.count + 1 || ids[count - 1] != end ||
      memcmp(ids, reference.ids, (count - 1) * sizeof *ids) != 0)
    stress_fail("%zu ids of tokenized text are not the %zu of the tokenizer", count, reference.count);
  stress_check(batch_dataset_documents(dataset) <= 1, "more than a document");
}

/* Many, a line each: decoded they are the text, without its line ends. */
static void check_lines(const BatchTokenizer *tokenizer, const int32_t *ids, size_t count, int32_t end) {
  size_t bytes, from = 0;
  const char *line = data_text(&bytes), *after = line + bytes;
  char text[1024];
  for (size_t i = 0; i < count; i++) {
    if (ids[i] != end) continue;
    size_t length = batch_tokenizer_decode(tokenizer, ids + from, i - from, text, sizeof text);
    const char *stop = line < after ? memchr(line, '\n', (size_t)(after - line)) : NULL;
    if (!stop || length != (size_t)(stop - line) || memcmp(text, line, length) != 0)
      stress_fail("a line of tokenized text is another one");
    line = stop + 1;
    from = i + 1;
  }
  stress_check(from == count && line == after, "lines of tokenized text are missing");
}

static void check_text(const BatchDataset *dataset, const BatchTokenizer *tokenizer, bool jsonl) {
  size_t count = (size_t)batch_dataset_tokens(dataset);
  int32_t *ids = malloc(MOST_IDS * sizeof *ids), end = batch_tokenizer_end_of_text(tokenizer);
  stress_check(ids && count < MOST_IDS, "%zu ids", count);
  stress_check(batch_dataset_read(dataset, 0, count, ids), "%s", batch_last_error()->message);
  if (jsonl)
    check_lines(tokenizer, ids, count, end);
  else
    check_ids(dataset, ids, count, end);
  free(ids);
}

void scene_text(hand *h) {
  bool jsonl = hand_once_in(h, 2);
  const char *path = data_path(jsonl ? "t.jsonl" : "t.txt");
  batch_dataset_options options = BATCH_DATASET_OPTIONS_INIT;
  hand_step(h, "makes a tokenizer");
  BatchTokenizer *tokenizer = make_tokenizer(reference.path);
  if (!hand_allows(h, tokenizer, "batch_tokenizer_open")) return;
  options.tokenizer = tokenizer;
  options.separator = BATCH_SEPARATOR_AFTER;
  options.end_of_text = batch_tokenizer_end_of_text(tokenizer);
  options.workers = 1 + hand_below(h, 3);
  options.temporary_directory = h->folder;
  hand_step(h, "opens text");
  BatchDataset *dataset = batch_dataset_open(&path, 1, &options);
  faults_pause();
  if (hand_allows(h, dataset, "batch_dataset_open, text")) {
    check_text(dataset, tokenizer, jsonl);
    soak_count(SOAK_TEXTS, 1);
  }
  faults_resume();
  batch_dataset_free(dataset);
  batch_tokenizer_free(tokenizer);
}

/* What a run with this number writes. */
static int32_t written_id(uint32_t run, uint64_t i) {
  return (int32_t)((run + i * 7) % 50000);
}

static bool write_run(hand *h, BatchWriter *writer, uint32_t run, uint32_t count, bool leaves) {
  for (uint32_t i = 0; i < count; i += DOCUMENT) {
    int32_t ids[DOCUMENT];
    for (uint32_t k = 0; k < DOCUMENT; k++) ids[k] = written_id(run, i + k);
    if (!hand_allows(h, batch_writer_append(writer, ids, DOCUMENT), "batch_writer_append") ||
        !hand_allows(h, batch_writer_end_document(writer), "batch_writer_end_document"))
      return false;
  }
  if (leaves) return false;
  hand_step(h, "finishes a run of the writer");
  return hand_allows(h, batch_writer_finish(writer), "batch_writer_finish");
}

/* One run's, whole; answers which. */
static uint32_t read_run(const char *path, const BatchDataset *dataset) {
  uint64_t count = batch_dataset_tokens(dataset);
  int32_t *ids = malloc((size_t)count * sizeof *ids);
  stress_check(ids && batch_dataset_read(dataset, 0, (size_t)count, ids), "%s: %s", path,
               batch_last_error()->message);
  uint32_t run = (uint32_t)ids[0];
  for (uint64_t i = 0; i < count; i++)
    if (ids[i] != written_id(run, i)) stress_fail("%s: token %" PRIu64 " is another run's", path, i);
  /* How long a run is follows from its number. */
  if (count != DOCUMENT * (1 + run % (MOST_WRITTEN / DOCUMENT)))
    stress_fail("%s: %" PRIu64 " tokens of run %u", path, count, run);
  free(ids);
  return run;
}

/* A run over an earlier one: it is there whole, or the earlier one is. */
void scene_writer(hand *h) {
  static const batch_format formats[] = {BATCH_FORMAT_HEADERLESS, BATCH_FORMAT_DATATROVE,
                                         BATCH_FORMAT_LLMC_GPT2, BATCH_FORMAT_MEGATRON, BATCH_FORMAT_NPY};
  static const char *const names[] = {"w.bin", "w.ds", "l.bin", "m.bin", "w.npy"};
  unsigned which = hand_below(h, 5);
  uint32_t run = hand_below(h, 50000), count = DOCUMENT * (1 + run % (MOST_WRITTEN / DOCUMENT));
  batch_writer_options options = BATCH_WRITER_OPTIONS_INIT;
  options.format = formats[which];
  options.vocab_size = 50000;
  options.overwrite = true;
  const char *path = hand_path(h, names[which]);
  hand_step(h, "begins a run of the writer");
  BatchWriter *writer = batch_writer_create(path, &options);
  bool good = hand_allows(h, writer, "batch_writer_create");
  good = good && write_run(h, writer, run, count, hand_once_in(h, 8));
  batch_writer_free(writer);
  faults_pause();
  BatchDataset *dataset = batch_dataset_open(&path, 1, NULL);
  uint32_t found = dataset ? read_run(path, dataset) : UINT32_MAX;
  stress_check(!good || found == run, "%s: run %u where run %u has ended: %s", path, found, run,
               dataset ? "another one" : batch_last_error()->message);
  faults_resume();
  batch_dataset_free(dataset);
  soak_count(SOAK_WRITTEN, good);
}
