/* Documents cut for the ranks of a context: put together again, the parts of all ranks are rows of whole documents, each
   with a multiple of two chunks a rank, every pair of tokens once. */
#include <stdlib.h>
#include <string.h>

#include "support/fuzz.h"

enum { TOKENS = 500, DOCUMENTS = 60, RANKS = 3, CELLS = 4 * 96, PAD = 60000, FIELDS = 4 };

typedef struct data {
  uint16_t ids[TOKENS];
  uint64_t ends[DOCUMENTS], count, documents;
  uint8_t seen[TOKENS]; /* pairs that begin with each */
} data;

/* The columns of a batch's whole rows. */
typedef struct whole {
  int32_t cells[FIELDS][CELLS]; /* input, target, documents, positions */
  uint8_t mask[CELLS];
  int32_t starts[CELLS + 1]; /* of sequences */
  uint32_t sequences;
} whole;

static BatchDataset *make_data(data *d, fuzz_input *in) {
  batch_memory memory = BATCH_MEMORY_INIT;
  memset(d, 0, sizeof *d);
  while (d->documents < DOCUMENTS && in->size > 0 && d->count < TOKENS - 80) {
    d->count += fuzz_take_below(in, 80);
    d->ends[d->documents++] = d->count;
  }
  for (uint64_t i = 0; i < d->count; i++) d->ids[i] = (uint16_t)i;
  memory.tokens = d->ids;
  memory.count = d->count;
  memory.document_ends = d->ends;
  memory.documents = d->documents;
  memory.token_type = BATCH_TOKEN_U16;
  return d->count ? batch_dataset_from_memory(&memory, NULL) : NULL;
}

static batch_loader_options take_options(fuzz_input *in) {
  batch_loader_options o = BATCH_LOADER_OPTIONS_INIT;
  unsigned how = fuzz_take_u8(in);
  o.context_world = 1 + how % RANKS;
  o.packing = (batch_packing)(BATCH_PACK_DOCUMENTS + how / 3 % 3);
  o.shuffle = how & 0x40 ? BATCH_SHUFFLE_ALL : BATCH_SHUFFLE_NONE;
  o.pack_window = how & 0x80 ? 1 + fuzz_take_below(in, 9) : 0;
  o.sequence_length = 2 * o.context_world * (1 + fuzz_take_below(in, 16));
  o.batch_size = 1 + fuzz_take_below(in, 4);
  o.context_documents = o.with_documents = o.with_cu_seqlens = true;
  o.mask_type = TENSOR_UINT8;
  o.pad_id = PAD;
  return o;
}

/* Puts a rank's columns of a run back: first chunk number `rank`, then the one that is as far from the end. */
static void put_back(whole *w, const Batch *b, uint32_t world, uint32_t rank, uint32_t run, size_t *at) {
  const int32_t *from[FIELDS] = {b->input.i32, b->target.i32, b->documents.i32, b->positions.i32};
  uint32_t start = (uint32_t)w->starts[run], length = (uint32_t)w->starts[run + 1] - start,
           chunk = length / (2 * world);
  if (length % (2 * world) != 0) fuzz_fail("a run of %u columns for %u ranks", length, world);
  for (uint32_t i = 0; i < 2 * chunk; i++, ++*at) {
    uint32_t to = start + (i < chunk ? rank * chunk + i : (2 * world - 1 - rank) * chunk + i - chunk);
    for (int f = 0; f < FIELDS; f++) w->cells[f][to] = from[f][*at];
    w->mask[to] = b->mask.u8[*at];
  }
}

static void take_batch(whole *w, const Batch *b, const batch_loader_options *o, uint32_t rank) {
  size_t bytes = (b->num_sequences + 1) * sizeof *w->starts, at = 0;
  if (b->num_sequences > CELLS) fuzz_fail("%u sequences", b->num_sequences);
  if (rank > 0 && (w->sequences != b->num_sequences || memcmp(w->starts, b->cu_seqlens.i32, bytes) != 0))
    fuzz_fail("rank %u has other sequences than rank 0", rank);
  memcpy(w->starts, b->cu_seqlens.i32, bytes);
  w->sequences = b->num_sequences;
  for (uint32_t run = 0; run < w->sequences; run++) put_back(w, b, o->context_world, rank, run, &at);
  if (at != b->input.total_size) fuzz_fail("sequences of %zu columns, of %zu", at, b->input.total_size);
}

static uint64_t end_of(const data *d, uint64_t token) {
  uint64_t i = 0;
  while (d->ends[i] <= token) i++;
  return d->ends[i];
}

/* A document: its pairs, then padding that counts on. Returns how many pairs it has. */
static uint32_t check_document(data *d, const whole *w, uint32_t start, uint32_t length, uint32_t multiple) {
  uint32_t pairs = 0;
  uint64_t first = (uint64_t)w->cells[0][start];
  for (; pairs < length && w->mask[start + pairs]; pairs++) {
    uint64_t token = first + pairs;
    if (token + 1 >= end_of(d, first)) fuzz_fail("token %d is behind its document", (int)token);
    if ((uint64_t)w->cells[0][start + pairs] != token || (uint64_t)w->cells[1][start + pairs] != token + 1)
      fuzz_fail("tokens do not follow");
    if (d->seen[token]++) fuzz_fail("token %d comes twice", (int)token);
  }
  if (pairs == 0 || pairs + multiple <= length) fuzz_fail("%u pairs in %u columns", pairs, length);
  for (uint32_t i = 0; i < length; i++) {
    bool padding = i >= pairs;
    if (w->cells[2][start + i] != w->cells[2][start] || w->cells[3][start + i] != (int32_t)i)
      fuzz_fail("column %u of a document has another number or position", i);
    if (padding && (w->cells[0][start + i] != PAD || w->cells[1][start + i] != PAD || w->mask[start + i]))
      fuzz_fail("padding is not what it should be");
  }
  return pairs;
}

/* Returns how many pairs there are. */
static uint64_t check_rows(data *d, const whole *w, const batch_loader_options *o) {
  uint64_t pairs = 0;
  int32_t number = 0;
  for (uint32_t run = 0; run < w->sequences; run++) {
    uint32_t start = (uint32_t)w->starts[run], length = (uint32_t)w->starts[run + 1] - start;
    if (start % o->sequence_length == 0) number = 0;
    if (start / o->sequence_length != (start + length - 1) / o->sequence_length)
      fuzz_fail("a sequence in two rows");
    if (w->cells[2][start] == -1) {
      for (uint32_t i = start; i < start + length; i++)
        if (w->cells[0][i] != PAD || w->cells[1][i] != PAD || w->cells[2][i] != -1 || w->mask[i])
          fuzz_fail("padding is not what it should be");
      continue;
    }
    if (w->cells[2][start] != number++ + fuzz_control)
      fuzz_fail("document %d of the row, expected %d", w->cells[2][start], number - 1);
    pairs += check_document(d, w, start, length, 2 * o->context_world);
  }
  return pairs;
}

static void check_promised(const data *d, const batch_loader_options *o) {
  for (uint64_t i = 0, start = 0; i < d->documents; start = d->ends[i++])
    for (uint64_t token = start; token + 1 < d->ends[i]; token++) {
      bool cropped = o->packing != BATCH_PACK_BEST_FIT && token - start >= o->sequence_length;
      if (d->seen[token] != !cropped) fuzz_fail("token %d comes %d times", (int)token, d->seen[token]);
    }
}

/* All ranks in step. */
static void check_ranks(data *d, BatchLoader *const *ranks, const batch_loader_options *o) {
  static whole w;
  batch_loader_stats stats = BATCH_LOADER_STATS_INIT;
  uint64_t pairs = 0, tokens = 0, columns = 0, padding = 0;
  for (bool more = true; more;) {
    for (uint32_t rank = 0; rank < o->context_world; rank++) {
      Batch *b = batch_loader_next(ranks[rank]);
      if (rank > 0 && !b == more) fuzz_fail("rank %u ends elsewhere", rank);
      if (!b && batch_last_error()->code != BATCH_END) fuzz_fail("no end");
      more = b;
      if (b) take_batch(&w, b, o, rank);
      batch_release(b);
    }
    if (more) pairs += check_rows(d, &w, o), columns += (uint64_t)o->batch_size * o->sequence_length;
  }
  for (uint32_t rank = 0; rank < o->context_world; rank++) {
    if (!batch_loader_get_stats(ranks[rank], &stats)) fuzz_fail("no statistics");
    tokens += stats.tokens;
    padding += stats.padding;
  }
  if (tokens != pairs || padding != columns - pairs)
    fuzz_fail("%d tokens and %d padding, expected %d and %d", (int)tokens, (int)padding, (int)pairs,
              (int)(columns - pairs));
  check_promised(d, o);
}

static void check(data *d, const BatchDataset *dataset, batch_loader_options *o) {
  BatchLoader *ranks[RANKS] = {NULL};
  for (o->context_rank = 0; o->context_rank < o->context_world; o->context_rank++) {
    ranks[o->context_rank] = batch_loader_create(dataset, o);
    if (!ranks[o->context_rank]) fuzz_check_refusal("batch_loader_create");
  }
  fuzz_taken = ranks[0];
  if (ranks[0]) check_ranks(d, ranks, o);
  for (uint32_t rank = 0; rank < o->context_world; rank++) batch_loader_free(ranks[rank]);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
  static data d;
  fuzz_input in = fuzz_begin(bytes, size);
  batch_loader_options o = take_options(&in);
  BatchDataset *dataset = make_data(&d, &in);
  if (dataset) check(&d, dataset, &o);
  batch_dataset_free(dataset);
  return fuzz_end();
}
