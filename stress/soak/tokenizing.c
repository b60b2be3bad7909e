/* Text into shards, by runs that are stopped, fail and go on: what is there in the end is what one run would have left. */
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "soak/data.h"
#include "soak/soak.h"

enum { SHARD = 120000, END = 256, ATTEMPTS = 5, MOST_IDS = 1 << 19 };

typedef struct run {
  hand *h;
  BatchTokenizer *tokenizer;
  uint64_t stop_after; /* calls of the callback */
} run;

static bool go_on(void *context, const batch_tokenize_progress *progress) {
  run *r = context;
  hand_step(r->h, "tokenizes");
  (void)progress;
  return r->stop_after > 0 && r->stop_after-- > 0;
}

/* Goes on with what is there; answers whether it is done. */
static bool attempt(run *r, const char *output) {
  const char *input = data_path("t.jsonl");
  batch_dataset_options reading = BATCH_DATASET_OPTIONS_INIT;
  batch_writer_options writing = BATCH_WRITER_OPTIONS_INIT;
  reading.tokenizer = r->tokenizer;
  reading.separator = BATCH_SEPARATOR_AFTER;
  reading.end_of_text = END;
  reading.workers = 1 + hand_below(r->h, 3);
  writing.vocab_size = END + 1;
  writing.shard_tokens = SHARD;
  writing.continue_run = true;
  hand_step(r->h, "begins to tokenize, or goes on");
  BatchWriter *writer = batch_writer_create(output, &writing);
  bool good = hand_allows(r->h, writer, "batch_writer_create");
  batch_status status = good ? batch_tokenize_files(&input, 1, &reading, writer, go_on, r) : BATCH_CLOSED;
  good = good && (status == BATCH_CLOSED || hand_allows(r->h, status == BATCH_OK, "batch_tokenize_files"));
  hand_step(r->h, "finishes the shards");
  good = good && status == BATCH_OK && hand_allows(r->h, batch_writer_finish(writer), "batch_writer_finish");
  batch_writer_free(writer);
  return good;
}

static void check_shards(const char *pattern) {
  size_t bytes;
  const char *text = data_text(&bytes);
  BatchDataset *dataset = batch_dataset_open(&pattern, 1, NULL);
  stress_check(dataset, "%s", batch_last_error()->message);
  int32_t *ids = malloc(MOST_IDS * sizeof *ids);
  stress_check(ids && batch_dataset_tokens(dataset) == bytes, "%s: %" PRIu64 " tokens of %zu", pattern,
               batch_dataset_tokens(dataset), bytes);
  stress_check(batch_dataset_read(dataset, 0, bytes, ids), "%s", batch_last_error()->message);
  for (size_t i = 0; i < bytes; i++)
    if (ids[i] != (text[i] == '\n' ? END : text[i])) stress_fail("%s: token %zu is %d", pattern, i, ids[i]);
  free(ids);
  batch_dataset_free(dataset);
}

static void remove_shards(const char *pattern) {
  glob_t found;
  if (glob(pattern, 0, NULL, &found) != 0) return;
  for (size_t i = 0; i < found.gl_pathc; i++) unlink(found.gl_pathv[i]);
  globfree(&found);
}

void scene_tokenize(hand *h) {
  run r = {.h = h, .tokenizer = batch_tokenizer_bytes(1)};
  const char *output = hand_path(h, "tok.bin"), *shards = hand_path(h, "tok_*.bin");
  bool done = false;
  if (!hand_allows(h, r.tokenizer, "batch_tokenizer_bytes")) return;
  for (unsigned i = 0; i < ATTEMPTS && !done; i++) {
    r.stop_after = hand_once_in(h, 2) ? hand_below(h, 10000) : UINT64_MAX;
    done = attempt(&r, output);
  }
  faults_pause();
  r.stop_after = UINT64_MAX;
  /* A run that had only to tidy up has ended: then its shards are taken names. */
  stress_check(done || attempt(&r, output) || strstr(batch_last_error()->message, "exists"), "%s: %s", output,
               batch_last_error()->message);
  check_shards(shards);
  remove_shards(hand_path(h, "tok_*")); /* companions too */
  faults_resume();
  batch_tokenizer_free(r.tokenizer);
  soak_count(SOAK_TOKENIZED, 1);
}
