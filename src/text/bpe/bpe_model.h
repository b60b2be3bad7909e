/* A byte-level BPE model: tokens, which are bytes with an id, and which two of them become one.

   A piece begins as its single bytes. Of all pairs of neighbours that have a merge, the one of lowest rank, the
   leftmost among equals, becomes one token, again and again, until no pair has one.

   Usage:
       bpe_model *model = bpe_model_create();
       bpe_model_add_token(model, "a", 1, 0) ...
       bpe_model_add_merge(model, 0, 1) ...
       bpe_model_finish(model, false, &missing)
       bpe_worker *worker = bpe_worker_create(model);
       size_t count = bpe_encode(model, worker, text, pieces, piece_count, ids);
       bpe_worker_free(worker);
       bpe_model_free(model);

   Threads: from bpe_model_finish on nothing changes a model, so that any number of threads may use it, each with a
   worker of its own.

   Memory: hostile files cost no more than they are long: ids may have holes of any size, nothing depends on the hash
   of what a file holds (its seed is another one in each process). */
#ifndef HEADRACE_TEXT_BPE_BPE_MODEL_H
#define HEADRACE_TEXT_BPE_BPE_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "text/split/piece.h"

typedef struct bpe_model bpe_model;
typedef struct bpe_worker bpe_worker; /* one thread's cache and working memory */

typedef enum bpe_status {
  BPE_OK,
  BPE_ID_TAKEN,     /* another token has this id */
  BPE_BYTES_TAKEN,  /* another id has these bytes */
  BPE_NO_TOKEN,     /* a side or the result of a merge is no token */
  BPE_BYTE_MISSING, /* a single byte is no token */
  BPE_NO_MEMORY
} bpe_status;

/* Answers NULL when out of memory. */
bpe_model *bpe_model_create(void);
void bpe_model_free(bpe_model *m); /* NULL is fine */

/* id: 0 or more, in any order, with holes. */
bpe_status bpe_model_add_token(bpe_model *m, const char *bytes, size_t count, int32_t id);

/* The ranks of merges are the order of these calls. Of the same pair given twice the later call counts, as with
   Hugging Face, who fills a map. */
bpe_status bpe_model_add_merge(bpe_model *m, int32_t left, int32_t right);

/* A piece that is a token is that token, whatever merging makes of it (ignore_merges). */
void bpe_model_take_whole(bpe_model *m, bool whole);

/* Call it once, when everything was added. by_rank: there are no merges, two neighbours become one whenever their
   bytes together are a token, whose id is the rank; and a piece that is a token is that token (rank files).
   BPE_BYTE_MISSING: *missing is the lowest of the bytes that are no token. */
bpe_status bpe_model_finish(bpe_model *m, bool by_rank, uint8_t *missing);

/* Answers -1 where these bytes are no token. */
int32_t bpe_model_find(const bpe_model *m, const char *bytes, size_t count);

/* Answers NULL where no token has this id. The bytes may hold zeros. */
const char *bpe_model_bytes(const bpe_model *m, int32_t id, size_t *count);

/* The highest id + 1. */
uint32_t bpe_model_size(const bpe_model *m);

/* Answers NULL when out of memory. */
bpe_worker *bpe_worker_create(const bpe_model *m);
void bpe_worker_free(bpe_worker *w); /* NULL is fine */

/* Writes the ids of pieces [count] of text, one piece after the other, and answers how many there are; SIZE_MAX: out
   of memory. pieces: in the order of the text, not overlapping, with gaps or without. ids: with room for one a byte
   of the pieces. */
size_t bpe_encode(const bpe_model *m, bpe_worker *w, const char *text, const piece *pieces, size_t count,
                  int32_t *ids);

#endif
