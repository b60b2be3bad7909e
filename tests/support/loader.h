/* Loaders for tests: files of tokens that tell their place, a small loader of them, and what its rows are.

   Usage:
       TestSuite(loader_ends, .init = loader_begin, .fini = loader_end);
       batch_loader_options o = small_options();
       BatchLoader *loader = start_loader(dataset, &o);
       for (Batch *batch; (batch = next_batch(loader)); batch_release(batch)) ...
       batch_loader_free(loader); */
#ifndef HEADRACE_TESTS_LOADER_H
#define HEADRACE_TESTS_LOADER_H

#include "support/dataset_check.h"
#include "support/files.h"

/* Of the data set, and of a loader of it with small_options. */
enum {
  TOKENS = 5003,
  LENGTH = 16,
  BATCH = 4,
  ROWS = (TOKENS - 2) / LENGTH + 1,
  STEPS = (ROWS + BATCH - 1) / BATCH,
  MOST_BATCH = 1024 /* rows of a batch whose places are noted */
};

/* The file t.bin of the test's directory, between loader_begin and loader_end. */
extern BatchDataset *dataset;

/* files_begin and files_end, and the data set. */
void loader_begin(void);
void loader_end(void);

/* i * 7 mod 1000 */
int32_t token_at(uint64_t i);

/* Write a headerless file of uint16: of these ids; of the ids of token_at. They return its path. */
const char *write_ids(const char *name, uint32_t count, int32_t (*id_at)(uint64_t i));
const char *write_tokens(const char *name, uint32_t count);

/* Tokens of token_at, in one file; with an index beside it, cut into documents of these lengths. */
BatchDataset *make_tokens(const char *name, uint32_t count);
BatchDataset *make_documents(const char *name, const uint32_t *lengths, size_t documents);

/* BATCH rows of LENGTH ids below 1000, shuffled, on the one rank. */
batch_loader_options small_options(void);

/* Fail the test with the library's error. */
BatchLoader *start_loader(const BatchDataset *of, const batch_loader_options *o);
BatchLoader *start_mix(const batch_loader_source *sources, size_t n, const batch_loader_options *o);
batch_loader_state state_of(BatchLoader *loader);
batch_loader_stats stats_of(const BatchLoader *loader);
void places_of(const BatchLoader *loader, const Batch *batch, uint64_t *places);
uint64_t place_of(const BatchLoader *loader, const Batch *batch, uint32_t row);

/* The batch, NULL at the end; anything else fails the test. */
Batch *next_batch(BatchLoader *loader);

/* Loaders of both give the same batches in the same order. */
void assert_same_batches(const BatchDataset *a, const BatchDataset *b, const batch_loader_options *o);

/* Takes so many batches, which there are, and releases them. */
void pass_batches(BatchLoader *loader, uint32_t n);

/* A hash of everything in a row of a batch. */
uint64_t hash_row(const Batch *batch, uint32_t row);

/* What the places of an epoch of the data set hold: filled from batches, checked against each other. */
typedef struct noted_rows {
  uint64_t hash[ROWS];
  uint32_t seen[ROWS];
  uint64_t tokens; /* that count */
} noted_rows;

void note_batch(noted_rows *e, const BatchLoader *loader, const Batch *batch);

/* Notes all batches of a loader. */
void note_epoch(noted_rows *e, const BatchDataset *of, const batch_loader_options *o);

/* Every place came once to b, with the row that it has in a. */
void assert_same_rows(const noted_rows *a, const noted_rows *b, const char *what);

/* A loader of the data set whose options are `good` but for one field is refused with all the words. */
#define assert_loader_refused(good, field, value, ...)                                                       \
  do {                                                                                                       \
    batch_loader_options o_ = good;                                                                          \
    o_.field = value;                                                                                        \
    assert_refused(!batch_loader_create(dataset, &o_), BATCH_ERROR_INVALID_ARGUMENT,                         \
                   "batch_loader_create: ", __VA_ARGS__);                                                    \
  } while (0)

#endif
