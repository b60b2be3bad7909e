/* From text to batches: any bytes, as files of text or lines of .jsonl, with options of the input's choice, are tokenized
   into shards, opened, and fed through a loader. The ids are those of each document at once, in whatever pieces and by
   however many threads it was read; opening the text itself gives the same. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "support/contents.h"
#include "support/feed.h"
#include "support/flow.h"
#include "support/mutate.h"
#include "support/outputs.h"
#include "support/random.h"
#include "support/random_text.h"
#include "support/raw_tokens.h"
#include "text/pipeline/job.h"

enum { HEAD = 12, MOST = 3000, WHOLE_STEP = 1 << 18 };

/* What the run has left, or why it did not end well. */
typedef struct result {
  batch_status status;
  char message[1024];
  fuzz_contents contents;
  uint64_t tokens, documents, bad_lines;
} result;

static bool note_progress(void *context, const batch_tokenize_progress *progress) {
  uint64_t *bad_lines = context;
  if (progress->bad_lines < *bad_lines) fuzz_fail("fewer bad lines than before");
  *bad_lines = progress->bad_lines;
  return true;
}

static void open_output(flow *f, result *r) {
  static const char *const patterns[] = {"*.bin", "*.ds", "*.bin", "*.bin", "*.bin", "*.npy"};
  unsigned format = f->writer.format == BATCH_FORMAT_HEADERLESS  ? 0
                    : f->writer.format == BATCH_FORMAT_DATATROVE ? 1
                    : f->writer.format == BATCH_FORMAT_NPY       ? 5
                                                                 : 2;
  const char *pattern = fuzz_output_again("out", patterns[format]);
  BatchDataset *dataset = batch_dataset_open(&pattern, 1, NULL);
  if (!dataset && r->tokens > 0) fuzz_fail("%d tokens were written, and cannot be read", (int)r->tokens);
  if (dataset) {
    r->contents = fuzz_contents_of(dataset);
    if (!fuzz_control) fuzz_check_raw(dataset, NULL, &r->contents);
    fuzz_check_feed(&r->contents, dataset, f->how);
  }
  batch_dataset_free(dataset);
}

static const char *const names[] = {[BATCH_FORMAT_HEADERLESS] = "x.bin", [BATCH_FORMAT_DATATROVE] = "x.ds",
                                    [BATCH_FORMAT_LLMC_GPT2] = "x.bin",  [BATCH_FORMAT_LLMC_LLAMA3] = "x.bin",
                                    [BATCH_FORMAT_MEGATRON] = "x.bin",   [BATCH_FORMAT_NPY] = "x.npy"};

static uint32_t vocab_size(const flow *f) {
  uint32_t ids = f->options.tokenizer ? batch_tokenizer_vocab_size(f->options.tokenizer) : 256;
  uint32_t end = f->options.separator ? (uint32_t)f->options.end_of_text + 1 : 0;
  return ids > end ? ids : end;
}

static void note_error(result *r, batch_status status) {
  r->status = status;
  snprintf(r->message, sizeof r->message, "%s", batch_last_error()->message);
  fuzz_check_refusal(NULL);
}

static result tokenize(flow *f, size_t step, uint32_t workers) {
  result r = {0};
  const char *paths[FLOW_DOCUMENTS];
  for (size_t i = 0; i < f->num_paths; i++) paths[i] = f->paths[i];
  batch_dataset_options options = f->options;
  options.workers = workers;
  text_job_step = step;
  f->writer.vocab_size = vocab_size(f);
  BatchWriter *writer = batch_writer_create(fuzz_output("out", names[f->writer.format]), &f->writer);
  if (!writer) {
    note_error(&r, batch_last_error()->code);
    if (f->writer.format != BATCH_FORMAT_LLMC_GPT2 || f->writer.vocab_size <= 65536) fuzz_fail("no writer");
    return r;
  }
  batch_status status =
      batch_tokenize_files(paths, f->num_paths, &options, writer, note_progress, &r.bad_lines);
  if (status != BATCH_OK) note_error(&r, status);
  if (status == BATCH_OK && !batch_writer_finish(writer)) fuzz_fail("what was written cannot be finished");
  r.tokens = batch_writer_tokens(writer);
  r.documents = batch_writer_documents(writer);
  batch_writer_free(writer);
  fuzz_taken |= status == BATCH_OK;
  if (status == BATCH_OK) open_output(f, &r);
  if (status != BATCH_OK && f->writer.shard_tokens == 0 && fuzz_output_count("out") != 0)
    fuzz_fail("a run that failed leaves something");
  text_job_step = WHOLE_STEP;
  return r;
}

static void free_result(result *r) {
  if (r->status == BATCH_OK) fuzz_contents_free(&r->contents);
}

/* Up to which byte something was looked at when it was found depends on the pieces: the words are compared. */
static bool same_words(const char *a, const char *b) {
  static const char place[] = "before byte ";
  const char *at = strstr(a, place), *there = strstr(b, place);
  if (!at || !there || at - a != there - b || strncmp(a, b, (size_t)(at - a)) != 0) return strcmp(a, b) == 0;
  at += sizeof place - 1;
  there += sizeof place - 1;
  return strcmp(at + strspn(at, "0123456789"), there + strspn(there, "0123456789")) == 0;
}

static void check_same_results(const result *a, const result *b, bool (*same)(const char *, const char *)) {
  if (a->status != b->status)
    fuzz_fail("%s, and in other pieces %s (%s)", batch_status_name(a->status), batch_status_name(b->status),
              a->status ? a->message : b->message);
  if (a->status != BATCH_OK && !same(a->message, b->message))
    fuzz_fail("\"%s\", and in other pieces \"%s\"", a->message, b->message);
  if (a->status != BATCH_OK) return;
  fuzz_check_same(&a->contents, &b->contents, "in other pieces");
  if (a->tokens != b->tokens || a->documents != b->documents || a->bad_lines != b->bad_lines)
    fuzz_fail("in other pieces, other counts");
}

static bool same_text(const char *a, const char *b) {
  return strcmp(a, b) == 0;
}

/* By several threads, the same to the letter. */
static void check_threads(flow *f, const result *alone, uint32_t threads) {
  if (threads < 2) return;
  result by_threads = tokenize(f, f->step, threads);
  check_same_results(alone, &by_threads, same_text);
  free_result(&by_threads);
}

/* Runs of prompts or messages have a loss mask from the start. */
static void check_ids(const flow *f, const flow_ids *expected, const fuzz_contents *c) {
  bool masks = expected->masked > 0 || (f->parted && f->spans.kind != BATCH_SPANS_TEXT);
  if (c->count != expected->count) fuzz_fail("tokenized: %zu ids, expected %zu", c->count, expected->count);
  if (c->has_loss != masks)
    fuzz_fail("tokenized: %zu ids are masked, and there is %s", expected->masked,
              c->has_loss ? "a loss mask" : "none");
  for (size_t i = 0; i < c->count; i++)
    if (c->ids[i] != expected->id[i] || (c->has_loss && !c->loss[i] != !expected->loss[i]))
      fuzz_fail("tokenized: id %zu is %d, expected %d, learnt %d", i, c->ids[i], expected->id[i],
                expected->loss[i]);
}

/* The text itself, opened. */
static void check_opened(const flow *f, const result *r) {
  const char *paths[FLOW_DOCUMENTS];
  for (size_t i = 0; i < f->num_paths; i++) paths[i] = f->paths[i];
  BatchDataset *dataset = batch_dataset_open(paths, f->num_paths, &f->options);
  if (!dataset) {
    fuzz_check_refusal(fuzz_folder());
    if (r->status == BATCH_OK && r->tokens > 0) fuzz_fail("what can be tokenized cannot be opened");
    return;
  }
  if (r->status != BATCH_OK) fuzz_fail("what can be opened cannot be tokenized: %s", r->message);
  fuzz_contents c = fuzz_contents_of(dataset);
  if (c.count != r->contents.count || memcmp(c.ids, r->contents.ids, c.count * sizeof *c.ids) != 0)
    fuzz_fail("opened, the text has other ids");
  if (c.fingerprint != r->contents.fingerprint) fuzz_fail("opened, the text has another fingerprint");
  if (c.documents != r->documents)
    fuzz_fail("opened, %d documents, tokenized %d", (int)c.documents, (int)r->documents);
  fuzz_check_feed(&c, dataset, f->how);
  fuzz_contents_free(&c);
  batch_dataset_free(dataset);
}

static bool all_well_formed(const flow *f) {
  for (size_t i = 0; i < f->count; i++)
    if (utf8_well_formed(f->documents[i].data, f->documents[i].size) < f->documents[i].size) return false;
  return true;
}

static bool has_boundaries(batch_format format) {
  return format == BATCH_FORMAT_DATATROVE || format == BATCH_FORMAT_MEGATRON;
}

static void check_reference(const flow *f, const result *r) {
  bool strict = f->text.malformed == BATCH_MALFORMED_ERROR, good = all_well_formed(f);
  if (strict && !good && f->options.on_bad_line == BATCH_BAD_LINE_STOP && r->status != BATCH_ERROR_FORMAT)
    fuzz_fail("malformed bytes are taken");
  if (f->options.longest_document || (strict && !good)) return;
  if (r->status != BATCH_OK) fuzz_fail("a good text is refused: %s", r->message);
  flow_ids expected = flow_reference(f);
  if (r->documents != f->count) fuzz_fail("%d documents of %d", (int)r->documents, (int)f->count);
  if (r->tokens != expected.count) fuzz_fail("%d tokens, expected %d", (int)r->tokens, (int)expected.count);
  if (r->contents.opened) check_ids(f, &expected, &r->contents);
  if (r->contents.opened && has_boundaries(f->writer.format))
    for (size_t i = 0; i < f->count; i++)
      if (i >= r->contents.num_ends || r->contents.ends[i] != expected.ends[i])
        fuzz_fail("document %zu ends elsewhere", i);
  free(expected.id);
  free(expected.loss);
}

static bool is_refused_by_writer(const flow *f) {
  return f->writer.format == BATCH_FORMAT_LLMC_GPT2 && vocab_size(f) > 65536;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  fuzz_input in = fuzz_begin(data, size);
  static flow f;
  if (size > MOST) return fuzz_end();
  flow_take(&f, &in);
  result at_once = tokenize(&f, WHOLE_STEP, 1), in_pieces = tokenize(&f, f.step, 1);
  check_same_results(&at_once, &in_pieces, same_words);
  check_threads(&f, &in_pieces, f.how / 64);
  if (!f.raw && !is_refused_by_writer(&f)) check_reference(&f, &at_once);
  if (!is_refused_by_writer(&f)) check_opened(&f, &at_once);
  free_result(&at_once);
  free_result(&in_pieces);
  return fuzz_end();
}

/* Text, lines of JSON, and the mark between documents. */
static bytes text_and_lines(uint64_t *state, size_t count, bool malformed) {
  static const char *const scraps[] = {FUZZ_MARK,
                                       FUZZ_MARK,
                                       "{\"text\":\"",
                                       "\"}",
                                       "{\"text\":[{\"text\":\"a b\",\"train\":false}]}",
                                       "\\ud83d\\ude00",
                                       "\\ud800",
                                       "\\n",
                                       "<|endoftext|>",
                                       " the water",
                                       "12345",
                                       "abab",
                                       "<think>",
                                       " </think>  ",
                                       " <mask> ",
                                       "word",
                                       "a  b",
                                       "r w",
                                       "(c)word",
                                       "\xE2\x84\xAB ",
                                       "  ",
                                       "\n",
                                       "\xE2\x96\x81",
                                       "|"};
  if (random_below(state, 2)) return random_text(state, count, malformed);
  bytes b = {0};
  put_text(&b, scraps[random_below(state, sizeof scraps / sizeof *scraps)]);
  return b;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t most, unsigned seed) {
  return mutate_text(data, size, most, seed, HEAD, text_and_lines);
}
