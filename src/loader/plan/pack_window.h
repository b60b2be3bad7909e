/* Rows that are packed by best fit come in windows: so many documents of the order, packed alone (packer.h), whose rows
   are shuffled among themselves. What is in a window is a pure function of the documents, the seed, and which window it is.

   A *lane* has documents and goes over them in passes. Without weights there is one lane of the documents of all sources,
   one source behind the other, and a pass is an epoch; with weights each source is a lane. A pass puts its documents in
   an order and cuts that into windows of plan.window_documents documents, those of fewer than 2 tokens, which have no
   row, counted; the last window may be short.

     key of a pass          K = mix64_with(seed, epoch); with weights
                            K = mix64_with(mix64_with(mix64_with(seed, 5), source), pass)
     BATCH_SHUFFLE_ALL      the i-th document of the pass is document number P(i) of the lane, P the permutation of all of
                            its documents (permutation.h) that mix64_with(K, 6) keys
     BATCH_SHUFFLE_BLOCKS   window w has the documents of block P(w), in their order: blocks are cut as they lie, of which
                            the last may be short, and P is the permutation of the blocks that mix64_with(K, 7) keys
     BATCH_SHUFFLE_NONE     documents come as they lie
     rows                   place i of window w has row P(i) of those packed, P the permutation that
                            mix64_with(mix64_with(K, 8), w) keys; BATCH_SHUFFLE_NONE: row i */
#ifndef HEADRACE_LOADER_PLAN_PACK_WINDOW_H
#define HEADRACE_LOADER_PLAN_PACK_WINDOW_H

#include "loader/plan/packer.h"
#include "loader/plan/plan.h"

typedef struct pack_window_key {
  uint32_t lane;
  uint64_t pass;
  uint64_t number; /* of the window in its pass */
} pack_window_key;

/* Lanes of a plan, and documents and windows of a pass of one. */
uint32_t pack_window_lanes(const plan *p);
uint64_t pack_window_documents(const plan *p, uint32_t lane);
uint64_t pack_window_count(const plan *p, uint32_t lane);

/* Sets the error for a lane none of whose documents has 2 tokens, or whose documents are others than before: whose of its
   files, cannot be told, so all are named. False. */
bool pack_window_rowless(const plan *p, uint32_t lane);
bool pack_window_changed(const plan *p, uint32_t lane);

/* The most documents that a window has. */
uint32_t pack_window_most(const plan *p);

/* Reads where a window's documents lie into a packer, and packs them; *documents: how many they are. Sets an error, without a function's name, when
   that cannot be read. */
bool pack_window_pack(const plan *p, const pack_window_key *key, packer *packs, pack_table *table,
                      uint32_t *documents);

/* Prepares the permutation of a window's rows, of which it has `rows` > 0. Not with BATCH_SHUFFLE_NONE. */
void pack_window_shuffle(const plan *p, const pack_window_key *key, uint64_t rows, permutation *order);

#endif
