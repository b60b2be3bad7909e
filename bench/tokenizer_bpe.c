/* Byte-level BPE, whole and in parts: as batch_tokenizer_open gives it, with PCRE2 in place of the scanner, the split
   alone, and what follows it, the cache of pieces and the merging, alone. */
#include "bench.h"
#include "tokenizer.h"

#include "headrace/tokenizer.h"
#include "text/bpe/bpe_model.h"
#include "text/split/splitter.h"
#include "text/tokenizer.h"
#include "text/tokenizer_bpe.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PIECES = 64 };

/* Two of one file: a splitter is told once that it leaves the scanner out. */
static struct { BatchTokenizer *own, *by_pcre2; } opened;

/* The pieces of each document of a text, for who measures what follows the split. */
typedef struct all_pieces {
  piece *pieces;
  size_t *starts; /* [documents + 1] */
} all_pieces;

static all_pieces pieces_of[TOKENIZER_MOST_TEXTS];

static const char *const splits[] = {"gpt2", "cl100k", "o200k", "llama3", "qwen2"};

static bool read_split(const char *name, batch_text_split *split) {
  for (size_t i = 0; name && i < sizeof splits / sizeof splits[0]; i++)
    if (strcmp(name, splits[i]) == 0) {
      *split = (batch_text_split)(BATCH_SPLIT_GPT2 + i);
      return true;
    }
  return !name || bench_refuse("--split", name, "gpt2, cl100k, o200k, llama3 or qwen2");
}

static bool open_both(const char *path, batch_text_split split) {
  batch_tokenizer_options options = BATCH_TOKENIZER_OPTIONS_INIT;
  options.split = split;
  opened.own = batch_tokenizer_open(path, &options);
  opened.by_pcre2 = opened.own ? batch_tokenizer_open(path, &options) : NULL;
  if (!opened.by_pcre2)
    return bench_refuse("--tokenizer", path, "a tokenizer: %s", batch_last_error()->message);
  if (!tokenizer_bpe_splitter(opened.own))
    return bench_refuse("--tokenizer", path, "a rank file or a tokenizer.json");
  splitter_use_pcre2(tokenizer_bpe_splitter(opened.by_pcre2));
  return true;
}

static bool open_trained(bool quick) {
  char path[] = "/tmp/headrace-bench-XXXXXX";
  int fd = mkstemp(path);
  FILE *ranks = fd < 0 ? NULL : fdopen(fd, "wb");
  bool good = ranks && tokenizer_train(ranks, quick);
  if (ranks) good = fclose(ranks) == 0 && good;
  if (!good) fprintf(stderr, "headrace-bench: no vocabulary could be trained\n");
  good = good && open_both(path, BATCH_SPLIT_CL100K);
  unlink(path);
  return good;
}

bool tokenizer_bpe_built(void) {
  return splitter_unicode_version()[0];
}

bool tokenizer_bpe_prepare(const char *file, const char *split_name, bool quick) {
  batch_text_split split = BATCH_SPLIT_OF_FILE;
  if (!read_split(split_name, &split)) return false;
  if (!file && split) return bench_refuse("--split", split_name, "it beside --tokenizer only");
  if (!(file ? open_both(file, split) : open_trained(quick))) return false;
  printf("byte-level BPE: %s, %u tokens, split by %s\n",
         file ? file : "trained on the beginnings of these texts",
         bpe_model_size(tokenizer_bpe_model(opened.own)), splitter_way(tokenizer_bpe_splitter(opened.own)));
  return true;
}

void tokenizer_bpe_finish(void) {
  batch_tokenizer_free(opened.own);
  batch_tokenizer_free(opened.by_pcre2);
  for (size_t i = 0; i < TOKENIZER_MOST_TEXTS; i++) {
    free(pieces_of[i].pieces);
    free(pieces_of[i].starts);
  }
}

static const BatchTokenizer *own_tokenizer(void) {
  return opened.own;
}

static const BatchTokenizer *tokenizer_by_pcre2(void) {
  return opened.by_pcre2;
}

/* Whole: with added tokens, a normal form, and whatever else the file has. */
static bool make_whole(tokenizer_worker *worker, const BatchTokenizer *tokenizer) {
  tokenizer_scratch *scratch = malloc(sizeof *scratch);
  if (scratch && tokenizer_scratch_make("headrace bench", tokenizer, scratch)) {
    worker->state = scratch;
    return true;
  }
  free(scratch);
  bench_wrong("no memory");
  return false;
}

static void free_whole(void *state) {
  if (state) tokenizer_scratch_free(state);
  free(state);
}

static tokenizer_result encode_whole(tokenizer_worker *worker, const BatchTokenizer *tokenizer,
                                     size_t document, bool sum) {
  const tokenizer_text *text = worker->text;
  size_t from = text->starts[document];
  size_t count = tokenizer_encode_part("headrace bench", tokenizer, worker->state, text->bytes + from,
                                       text->starts[document + 1] - from, 0, worker->ids, TOKENIZER_DOCUMENT);
  if (count == BATCH_TOKENIZER_FAILED) bench_wrong("%s", batch_last_error()->message);
  return (tokenizer_result){count, sum && count != SIZE_MAX ? tokenizer_sum(worker->ids, count) : 0};
}

static bool make_own(tokenizer_worker *worker) {
  return make_whole(worker, opened.own);
}

static bool make_by_pcre2(tokenizer_worker *worker) {
  return make_whole(worker, opened.by_pcre2);
}

/* Back to the text, where it was asked to look closely. */
static bool comes_back(const tokenizer_worker *worker, size_t document, size_t count) {
  static char back[TOKENIZER_DOCUMENT];
  const tokenizer_text *text = worker->text;
  size_t from = text->starts[document], bytes = text->starts[document + 1] - from;
  return batch_tokenizer_decode(opened.own, worker->ids, count, back, sizeof back) == bytes &&
         memcmp(back, text->bytes + from, bytes) == 0;
}

static tokenizer_result encode_own(tokenizer_worker *worker, size_t document, bool sum) {
  tokenizer_result result = encode_whole(worker, opened.own, document, sum);
  if (!sum || result.count == SIZE_MAX || comes_back(worker, document, result.count)) return result;
  bench_wrong("document %zu does not come back from its ids", document);
  return TOKENIZER_FAILED;
}

static tokenizer_result encode_by_pcre2(tokenizer_worker *worker, size_t document, bool sum) {
  return encode_whole(worker, opened.by_pcre2, document, sum);
}

/* The control. */
static tokenizer_result encode_less(tokenizer_worker *worker, size_t document, bool sum) {
  tokenizer_result result = encode_whole(worker, opened.own, document, sum);
  result.count--;
  return result;
}

/* The split alone: where pieces end. */
static tokenizer_result split(tokenizer_worker *worker, const BatchTokenizer *tokenizer, size_t document,
                              bool sum) {
  const tokenizer_text *text = worker->text;
  const splitter *s = tokenizer_bpe_splitter((BatchTokenizer *)(uintptr_t)tokenizer);
  const char *bytes = text->bytes + text->starts[document];
  size_t length = text->starts[document + 1] - text->starts[document], all = 0;
  uint64_t hash = 0;
  piece pieces[PIECES];
  for (size_t from = 0; from < length;) {
    size_t count = splitter_next(s, worker->state, bytes, length, &from, pieces, PIECES);
    if (count >= SPLITTER_GAVE_UP) {
      bench_wrong("no memory, or PCRE2 gave up");
      return TOKENIZER_FAILED;
    }
    for (size_t i = 0; sum && i < count; i++) hash = hash * 31 + pieces[i].end;
    all += count;
  }
  return (tokenizer_result){all, hash};
}

static bool make_split(tokenizer_worker *worker, BatchTokenizer *tokenizer) {
  worker->state = splitter_state_create(tokenizer_bpe_splitter(tokenizer));
  if (!worker->state) bench_wrong("no memory");
  return worker->state;
}

static void free_split(void *state) {
  splitter_state_free(state);
}

static bool make_split_own(tokenizer_worker *worker) {
  return make_split(worker, opened.own);
}

static tokenizer_result split_own(tokenizer_worker *worker, size_t document, bool sum) {
  return split(worker, opened.own, document, sum);
}

static bool make_split_by_pcre2(tokenizer_worker *worker) {
  return make_split(worker, opened.by_pcre2);
}

static tokenizer_result split_by_pcre2(tokenizer_worker *worker, size_t document, bool sum) {
  return split(worker, opened.by_pcre2, document, sum);
}

/* What follows the split alone: the pieces were found before. */
static bool find_pieces(const tokenizer_text *text, all_pieces *all) {
  const splitter *s = tokenizer_bpe_splitter(opened.own);
  splitter_state *state = splitter_state_create(s);
  size_t count = 0;
  all->pieces = malloc(text->count * sizeof *all->pieces);
  all->starts = calloc(text->documents + 1, sizeof *all->starts);
  bool good = state && all->pieces && all->starts;
  for (size_t i = 0; good && i < text->documents; all->starts[++i] = count) {
    size_t length = text->starts[i + 1] - text->starts[i];
    for (size_t from = 0; good && from < length;) {
      size_t found =
          splitter_next(s, state, text->bytes + text->starts[i], length, &from, all->pieces + count, PIECES);
      good = found < SPLITTER_GAVE_UP;
      count += good ? found : 0;
    }
  }
  splitter_state_free(state);
  return good;
}

static bool make_merge(tokenizer_worker *worker) {
  all_pieces *all = &pieces_of[worker->text - tokenizer_texts];
  if ((!all->starts && !find_pieces(worker->text, all)) ||
      !(worker->state = bpe_worker_create(tokenizer_bpe_model(opened.own))))
    bench_wrong("no memory");
  return worker->state;
}

static tokenizer_result merge(tokenizer_worker *worker, size_t document, bool sum) {
  const all_pieces *all = &pieces_of[worker->text - tokenizer_texts];
  const char *bytes = worker->text->bytes + worker->text->starts[document];
  size_t from = all->starts[document];
  size_t count = bpe_encode(tokenizer_bpe_model(opened.own), worker->state, bytes, all->pieces + from,
                            all->starts[document + 1] - from, worker->ids);
  if (count == SIZE_MAX) bench_wrong("no memory");
  return (tokenizer_result){count, sum && count != SIZE_MAX ? tokenizer_sum(worker->ids, count) : 0};
}

static void free_merge(void *state) {
  bpe_worker_free(state);
}

const tokenizer_way tokenizer_own = {WAY_IDS, true, make_own, encode_own, free_whole, own_tokenizer};
const tokenizer_way tokenizer_with_pcre2 = {WAY_IDS,         true,       make_by_pcre2,
                                            encode_by_pcre2, free_whole, tokenizer_by_pcre2};
const tokenizer_way tokenizer_broken = {WAY_IDS, true, make_own, encode_less, free_whole, NULL};
const tokenizer_way tokenizer_merge = {WAY_IDS, true, make_merge, merge, free_merge, NULL};
const tokenizer_way tokenizer_split = {WAY_PIECES, false, make_split_own, split_own, free_split, NULL};
const tokenizer_way tokenizer_split_pcre2 = {WAY_PIECES,     false,      make_split_by_pcre2,
                                             split_by_pcre2, free_split, NULL};
