/* The tokenizer suite: from text in memory to ids in memory, by ways that must come to the same ids. */
#include "tokenizer.h"
#include "bench.h"
#include "lists.h"
#include "team.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const bench_metric speed[] = {{"", "MB/s", false}};

static bench_contestant contestants[] = {
    {BENCH_US, NULL, "byte-level BPE: split, cache of pieces, merges; one memory a thread", NULL, false,
     &tokenizer_own},
    {"with-pcre2", NULL, "the same, split by PCRE2 with its JIT compiler", NULL, false,
     &tokenizer_with_pcre2},
    {"split", NULL, "the split alone, no ids", NULL, false, &tokenizer_split},
    {"split-pcre2", NULL, "the same by PCRE2", NULL, false, &tokenizer_split_pcre2},
    {"merge", NULL, "what follows the split alone: pieces (16 bytes each) are read from memory", NULL, false,
     &tokenizer_merge},
    {"sentencepiece", NULL, "libsentencepiece, BPE, 8000 pieces trained on these texts, a call a line", NULL,
     false, &tokenizer_sentencepiece},
    {"bytes", NULL, "ids are the bytes: four times as many bytes written as read", NULL, false,
     &tokenizer_bytes},
    {"memcpy", NULL, "the bytes only", NULL, false, &tokenizer_memcpy},
    {"broken", NULL, "the control: an id of each document is missing", NULL, true, &tokenizer_broken},
};

enum { CONTESTANTS = sizeof contestants / sizeof contestants[0] };

typedef enum cell_sort { CELL_WARM, CELL_COLD, CELL_FILES } cell_sort;

typedef struct tokenizer_cell {
  size_t text;
  uint32_t threads;
  cell_sort sort;
} tokenizer_cell;

enum { MOST_LISTED = 16, MOST_CELLS = TOKENIZER_MOST_TEXTS * (2 * MOST_LISTED + 1), MOST_NAME = 48 };

static struct {
  bench_cell cells[MOST_CELLS];
  tokenizer_cell details[MOST_CELLS];
  char names[MOST_CELLS][MOST_NAME];
  size_t count;
} made;

static void add_cell(tokenizer_cell detail) {
  size_t i = made.count++;
  made.details[i] = detail;
  static const char *const between[] = {"", "cold-", "files-"};
  snprintf(made.names[i], MOST_NAME, "%s-%s%u", tokenizer_texts[detail.text].name, between[detail.sort],
           detail.threads);
  made.cells[i] = (bench_cell){made.names[i], 0, speed, 1, true, &made.details[i]};
}

enum { THREADS, FILE_NAME, TOKENIZER, SPLIT };

static const bench_option own_options[] = {
    [THREADS] = {"threads", "LIST", "comma separated numbers of threads (1 and the processors)"},
    [FILE_NAME] = {"file", "FILE", "a text of yours in place of the texts, up to 2 MiB of it"},
    [TOKENIZER] = {"tokenizer", "FILE",
                   "a rank file or a tokenizer.json in place of a small vocabulary trained on the texts"},
    [SPLIT] = {"split", "NAME", "of the rank file: gpt2, cl100k, o200k, llama3 or qwen2"},
};

static bool read_threads(const char *list, uint32_t *threads, uint32_t *count) {
  if (!list) {
    uint32_t processors = bench_processors();
    threads[0] = 1;
    threads[1] = processors < TOKENIZER_MOST_THREADS ? processors : TOKENIZER_MOST_THREADS;
    *count = processors > 1 ? 2 : 1;
    return true;
  }
  return take_numbers(list, 1, TOKENIZER_MOST_THREADS, threads, MOST_LISTED, count) ||
         bench_refuse("--threads", list, "up to %d numbers from 1 to %d with commas between", MOST_LISTED,
                      TOKENIZER_MOST_THREADS);
}

static bool make_cells(const bench_options *options, const bench_cell **cells, size_t *count) {
  uint32_t threads[MOST_LISTED], lists;
  if (!read_threads(options->own[THREADS], threads, &lists) ||
      !tokenizer_texts_make(options->own[FILE_NAME], options->quick))
    return false;
  for (size_t text = 0; text < tokenizer_text_count; text++) {
    for (uint32_t i = 0; i < lists; i++) add_cell((tokenizer_cell){text, threads[i], CELL_WARM});
    add_cell((tokenizer_cell){text, 1, CELL_COLD});
    for (uint32_t i = 0; i < lists; i++) add_cell((tokenizer_cell){text, threads[i], CELL_FILES});
  }
  *cells = made.cells;
  *count = made.count;
  return true;
}

static void look_for_packages(void) {
  for (size_t i = 0; i < CONTESTANTS; i++) {
    bench_contestant *contestant = &contestants[i];
    const tokenizer_way *way = contestant->detail;
    if (!way || way->kind == WAY_SENTENCEPIECE) {
      contestant->version = bench_package("libsentencepiece-dev");
      if (!way) contestant->missing = "libsentencepiece-dev";
    } else if ((way->kind == WAY_IDS || way->kind == WAY_PIECES) && !tokenizer_bpe_built()) {
      contestant->missing = "libpcre2-dev";
    }
  }
}

static bool prepare(const bench_options *options) {
  look_for_packages();
  if (options->only_list) return true;
  for (size_t i = 0; i < tokenizer_text_count; i++)
    printf("%-8s %.2f MB in %zu documents: %s\n", tokenizer_texts[i].name,
           (double)tokenizer_texts[i].count / 1e6, tokenizer_texts[i].documents, tokenizer_texts[i].source);
  return !tokenizer_bpe_built() ||
         tokenizer_bpe_prepare(options->own[TOKENIZER], options->own[SPLIT], options->quick);
}

static void finish(void) {
  tokenizer_measure_finish();
  tokenizer_files_finish();
  if (tokenizer_sentencepiece_finish) tokenizer_sentencepiece_finish();
  tokenizer_bpe_finish();
  tokenizer_ways_finish();
  tokenizer_texts_free();
}

/* How many ids the whole file has, by each contestant; and whose results were looked at. */
static uint64_t expected_tokens[TOKENIZER_MOST_TEXTS][CONTESTANTS];
static bool seen[TOKENIZER_MOST_TEXTS][CONTESTANTS];

static const tokenizer_way *first_of_kind(tokenizer_kind_of_way kind) {
  for (size_t i = 0; i < CONTESTANTS; i++) {
    const tokenizer_way *way = contestants[i].detail;
    if (way && way->kind == kind) return way;
  }
  return NULL;
}

/* Once in each text closely, every id. */
static bool measure_memory(const tokenizer_cell *cell, const tokenizer_way *way, bool *looked_at,
                           const bench_options *options, double *values) {
  const tokenizer_result *right = tokenizer_expect(cell->text, first_of_kind(way->kind));
  if (!right || (!*looked_at && !tokenizer_is_right(way, cell->text, right))) return false;
  *looked_at = true;
  return tokenizer_memory_measure(way, cell->text, right, cell->threads, cell->sort == CELL_COLD,
                                  options->seconds, &values[0]);
}

/* The same ids, by their number, for any number of workers. */
static bool measure_files(const tokenizer_cell *cell, const tokenizer_way *way, uint64_t *right,
                          const bench_options *options, double *values) {
  uint64_t tokens = 0;
  const BatchTokenizer *tokenizer = way->tokenizer();
  if (!tokenizer ||
      !tokenizer_files_measure(cell->text, tokenizer, cell->threads, options->quick, &tokens, &values[0]))
    return false;
  if (*right == 0) *right = tokens;
  if (tokens != *right) bench_wrong("%" PRIu64 " ids, and %" PRIu64 " before", tokens, *right);
  return tokens == *right;
}

static bool measure(const bench_cell *cell, const bench_contestant *contestant, const bench_options *options,
                    double *values) {
  const tokenizer_cell *detail = cell->detail;
  size_t i = (size_t)(contestant - contestants);
  if (detail->sort == CELL_FILES)
    return measure_files(detail, contestant->detail, &expected_tokens[detail->text][i], options, values);
  return measure_memory(detail, contestant->detail, &seen[detail->text][i], options, values);
}

static bool supports(const bench_cell *cell, const bench_contestant *contestant) {
  const tokenizer_cell *detail = cell->detail;
  const tokenizer_way *way = contestant->detail;
  return detail->sort == CELL_WARM || (detail->sort == CELL_COLD ? way->remembers : way->tokenizer != NULL);
}

const bench_suite bench_tokenizer = {
    .name = "tokenizer",
    .legend =
        "MB/s: bytes of text in memory that become ids in memory, of all threads together. TEXT-N: N "
        "threads, each over\n"
        "and over the whole text, in documents of about 64 KiB; what remembers pieces of text has seen it "
        "once before.\n"
        "TEXT-cold-1: each pass over the text begins knowing nothing, making the memory for that included.\n"
        "TEXT-files-N: from a file with the text, some times over, to a file of ids, as headrace tokenize "
        "does it, with N\n"
        "workers; both files in memory (/dev/shm) if that is there.",
    .options = own_options,
    .option_count = sizeof own_options / sizeof own_options[0],
    .make_cells = make_cells,
    .contestants = contestants,
    .contestant_count = CONTESTANTS,
    .seconds = 0.3,
    .quick_seconds = 0.02,
    .rounds = 5,
    .quick_rounds = 3,
    .prepare = prepare,
    .finish = finish,
    .supports = supports,
    .measure = measure,
};
