/* What is in the batches of many drawn loaders, against the plainest reference: cu_seqlens, loss masks, ignored targets and
   parts of rows. Token i of the stream is i, so that a loader without any of these says which tokens a row has, and the
   reference says the rest from the tokens, the ends of the documents and the loss masks. */
#include <stdlib.h>
#include <string.h>

#include "support/loader.h"
#include "support/random.h"

TestSuite(loader_batches, .init = files_begin, .fini = files_end);

enum { FILES = 3, DOCUMENTS = 90, MOST = 4000, PAD = 7, LONGEST = 24, ROWS_MOST = 6, MOST_WORLD = 3 };

static uint64_t state;

/* What has been compared, so that nothing of it is missing unnoticed. */
static struct { uint64_t batches, masked, across, cropped, skipped, handed_on, documents_cut; } seen;

static uint32_t below(uint32_t n) {
  return random_below(&state, n);
}

/* The stream: what is known of each token. */
static uint32_t tokens, documents;
static uint8_t loss[MOST];
static uint32_t document_of[MOST], document_end[DOCUMENTS];
static BatchDataset *stream, *bare; /* with and without its loss masks */

static const char *write_file(int number, uint32_t first, uint32_t first_document, bool with_index) {
  char name[32];
  bytes ids = {0}, ends = {0}, mask = {0}, bits = {0};
  uint32_t kind = below(3);
  for (uint32_t i = first; i < tokens; i++) {
    put_u16(&ids, (uint16_t)i);
    loss[i] = kind == 0 || below(3) > 0;
    put_u8(&mask, loss[i] ? 1 + (uint8_t)below(2) : 0);
    if ((i - first) % 8 == 0) put_u8(&bits, 0);
    bits.data[bits.used - 1] |= (uint8_t)(loss[i] << (i - first) % 8);
  }
  for (uint32_t i = first_document; i < documents; i++) put_u64(&ends, document_end[i] - first);
  snprintf(name, sizeof name, "%d.ds.loss", number);
  if (kind == 1) write_bytes(name, &mask);
  if (kind == 2) write_bytes(name, &bits);
  snprintf(name, sizeof name, "%d.ds.index", number);
  if (with_index) write_bytes(name, &ends);
  snprintf(name, sizeof name, "%d.ds", number);
  free_bytes(&mask), free_bytes(&bits), free_bytes(&ends);
  return write_bytes(name, &ids);
}

static void make_stream(bool with_index) {
  const char *paths[FILES];
  uint32_t first = 0, first_document = 0;
  tokens = documents = 0;
  for (int i = 0; i < FILES; i++, first = tokens, first_document = documents) {
    uint32_t most = 1 + below(DOCUMENTS / FILES);
    for (uint32_t k = 0; k < most; k++, documents++) {
      uint32_t length = k + 1 == most ? 5 : below(4) ? below(LONGEST) : below(3 * LONGEST);
      while (length-- > 0) document_of[tokens++] = documents;
      document_end[documents] = tokens;
    }
    paths[i] = write_file(i, first, first_document, with_index);
  }
  batch_dataset_options options = BATCH_DATASET_OPTIONS_INIT;
  options.io = (batch_io)below(2);
  if (with_index && below(3) == 0) options.subset = BATCH_SUBSET_TRAIN, options.validation_fraction = 0.3;
  stream = batch_dataset_open(paths, FILES, &options);
  options.loss = BATCH_LOSS_NONE;
  bare = batch_dataset_open(paths, FILES, &options);
  cr_assert(stream && bare, "%s", batch_last_error()->message);
  if (!with_index) documents = 0;
}

static void drop_stream(void) {
  batch_dataset_free(stream);
  batch_dataset_free(bare);
  for (int i = 0; i < FILES; i++)
    for (int k = 0; k < 3; k++) {
      static const char *const names[] = {"%d.ds", "%d.ds.index", "%d.ds.loss"};
      char name[32];
      snprintf(name, sizeof name, names[k], i);
      remove(path_of(name));
    }
}

/* A position of a batch as the reference has it. */
typedef struct position {
  int32_t input, target, mask, document, position;
  bool pair;
} position;

enum { POSITIONS = ROWS_MOST * 48 };

typedef struct expected {
  position at[POSITIONS]; /* whole rows, then what a rank has of them */
  uint32_t rows, columns;
  int32_t starts[POSITIONS + 1];
  uint32_t sequences, longest, max_sequences;
  uint64_t wanted, cropped;
  bool overflows;
} expected;

static const position padding = {PAD, PAD, 0, -1, 0, false};

/* Whether a token that follows another in the stream is of another document. */
static bool begins_document(int32_t token, int32_t before) {
  return documents > 0 && document_of[token] != document_of[before];
}

/* The row of a plain batch, with everything that is known of its tokens. */
static void expect_row(const batch_loader_options *o, const Batch *plain, uint32_t row, position *at) {
  int32_t number = -1, place = 0, last = -1, before = 0;
  for (uint32_t i = 0; i < o->sequence_length; i++) {
    size_t offset = (size_t)row * o->sequence_length + i;
    int32_t id = plain->input.i32[offset], target = plain->target.i32[offset];
    at[i] = padding;
    if (plain->mask.data[offset] == 0) continue;
    if (id != last || (o->packing == BATCH_PACK_WINDOWS && begins_document(id, before))) number++, place = 0;
    bool counts = loss[target] && !(o->no_loss_across && begins_document(target, id));
    seen.masked += !loss[target];
    seen.across += loss[target] && !counts;
    at[i] = (position){id, target, counts, number, place++, true};
    before = id;
    last = target;
  }
}

/* The columns behind a document's pairs up to a multiple are its own. */
static void round_document(const batch_loader_options *o, position *at) {
  uint32_t pairs = 0;
  while (pairs < o->sequence_length && at[pairs].pair) pairs++;
  for (uint32_t i = pairs; pairs > 0 && i % (2 * o->context_world) != 0; i++)
    at[i] = (position){PAD, PAD, 0, 0, (int32_t)i, false};
}

static uint32_t runs_of(const position *at, uint32_t columns) {
  uint32_t runs = 1;
  for (uint32_t i = 1; i < columns; i++) runs += at[i].document != at[i - 1].document;
  return runs;
}

/* Rows that have too many sequences become padding, where they are skipped. */
static void expect_rows(const batch_loader_options *o, const Batch *plain, expected *e) {
  bool limited = o->with_cu_seqlens && o->max_sequences > 0;
  uint32_t room = limited ? o->max_sequences : o->batch_size * o->sequence_length;
  *e = (expected){.rows = o->batch_size, .columns = o->sequence_length, .max_sequences = room};
  for (uint32_t row = 0, count = 0; row < e->rows; row++) {
    position *at = e->at + (size_t)row * e->columns;
    expect_row(o, plain, row, at);
    if (o->context_documents) round_document(o, at);
    uint32_t runs = runs_of(at, e->columns);
    e->wanted += runs;
    bool skipped = o->faults == BATCH_FAULT_SKIP && count + runs + (e->rows - row - 1) > room;
    if (skipped)
      for (uint32_t i = 0; i < e->columns; i++) at[i] = padding;
    count += skipped ? 1 : runs;
    bool crops = o->packing == BATCH_PACK_DOCUMENTS || o->packing == BATCH_PACK_BOS_ALIGNED;
    for (uint32_t i = 0; crops && i < e->columns; i++)
      if (at[i].pair && (i + 1 == e->columns || !at[i + 1].pair || at[i + 1].position == 0))
        e->cropped += document_end[document_of[at[i].target]] - 1 - (uint32_t)at[i].target;
  }
  e->overflows = e->wanted > room;
}

static void expect_sequences(expected *e) {
  uint32_t total = e->rows * e->columns;
  for (uint32_t i = 0; i < total; i++)
    if ((i % e->columns == 0 || e->at[i].document != e->at[i - 1].document) &&
        e->sequences < e->max_sequences)
      e->starts[e->sequences++] = (int32_t)i;
  for (uint32_t i = 0; i < e->sequences; i++) {
    uint32_t end = i + 1 < e->sequences ? (uint32_t)e->starts[i + 1] : total;
    if (end - (uint32_t)e->starts[i] > e->longest) e->longest = end - (uint32_t)e->starts[i];
  }
  e->starts[e->sequences] = (int32_t)total;
}

/* Keeps of each run of `length` positions from `first` on what the rank has, and moves it to `to`. */
static uint32_t keep(const batch_loader_options *o, expected *e, uint32_t first, uint32_t length,
                     uint32_t to) {
  static position run[POSITIONS];
  uint32_t chunk = length / (2 * o->context_world);
  memcpy(run, e->at + first, length * sizeof *run);
  for (uint32_t i = 0; i < length; i++)
    if (i / chunk == o->context_rank || i / chunk == 2 * o->context_world - 1 - o->context_rank)
      e->at[to++] = run[i];
  return to;
}

/* Documents are cut where cu_seqlens says that they begin. */
static void expect_part(const batch_loader_options *o, expected *e) {
  uint32_t to = 0, next = 0;
  for (uint32_t first = 0, end; o->context_world > 1 && first < e->rows * e->columns; first = end) {
    while ((uint32_t)e->starts[next] <= first) next++;
    for (end = first + 1; end % e->columns != 0; end++)
      if (o->context_documents && end == (uint32_t)e->starts[next]) break;
    to = keep(o, e, first, end - first, to);
  }
  if (o->context_world > 1) e->columns /= o->context_world;
}

/* Adds up what the statistics say. */
typedef struct sums {
  uint64_t tokens, masked, padding, cropped;
  bool unknown; /* a batch with a fault was cut where no document ends */
} sums;

static double element(const Tensor *t, size_t i) {
  uint32_t at[2] = {(uint32_t)i / t->shape[1], (uint32_t)i % t->shape[1]};
  return (double)tensor_get(t, at);
}

static void assert_positions(const batch_loader_options *o, const expected *e, const Batch *batch, sums *sum,
                             const char *what) {
  cr_assert(batch->batch_size == e->rows && batch->sequence_length == e->columns, "%s", what);
  for (uint32_t i = 0; i < e->rows * e->columns; i++) {
    const position *at = &e->at[i];
    int32_t target = o->ignore_masked && !at->mask ? BATCH_IGNORE_ID : at->target;
    cr_assert(element(&batch->input, i) == at->input && element(&batch->target, i) == target &&
                  element(&batch->mask, i) == at->mask,
              "%s: position %u is %g, %g, %g, expected %d, %d, %d", what, i, element(&batch->input, i),
              element(&batch->target, i), element(&batch->mask, i), at->input, target, at->mask);
    sum->tokens += at->pair;
    sum->masked += at->pair && !at->mask;
    sum->padding += !at->pair;
    if (!o->with_documents) continue;
    cr_assert(batch->documents.i32[i] == at->document && batch->positions.i32[i] == at->position,
              "%s: position %u is %d of document %d, expected %d of %d", what, i, batch->positions.i32[i],
              batch->documents.i32[i], at->position, at->document);
  }
}

static void assert_sequences(const batch_loader_options *o, const expected *e, const Batch *batch,
                             const char *what) {
  if (!o->with_cu_seqlens) {
    cr_assert(!batch->cu_seqlens.raw && batch->num_sequences == 0, "%s", what);
    return;
  }
  cr_assert_eq(batch->cu_seqlens.shape[0], e->max_sequences + 1, "%s", what);
  cr_assert(batch->num_sequences == e->sequences && batch->max_seqlen == e->longest,
            "%s: %u sequences up to %u, expected %u up to %u", what, batch->num_sequences, batch->max_seqlen,
            e->sequences, e->longest);
  for (uint32_t i = 0; i <= e->max_sequences; i++)
    cr_assert_eq(batch->cu_seqlens.i32[i], e->starts[i < e->sequences ? i : e->sequences],
                 "%s: start %u is %d", what, i, batch->cu_seqlens.i32[i]);
}

static void check_batch(const batch_loader_options *o, const Batch *plain, const Batch *batch, sums *sum,
                        const char *what) {
  static expected e;
  expect_rows(o, plain, &e);
  expect_sequences(&e);
  expect_part(o, &e);
  sum->cropped += e.cropped;
  bool fault = e.overflows && o->faults == BATCH_FAULT_HAND_ON;
  cr_assert_eq(batch->status, fault ? BATCH_ERROR_OVERFLOW : BATCH_OK, "%s: %s", what,
               batch_last_error()->message);
  seen.batches++;
  seen.cropped += e.cropped;
  seen.skipped += e.overflows && !fault;
  seen.handed_on += fault;
  seen.documents_cut += o->context_documents && o->context_world > 1;
  sum->unknown |= fault && o->context_documents && o->context_world > 1;
  if (e.overflows) {
    char words[80];
    snprintf(words, sizeof words, "has %llu sequences, expected at most max_sequences, which is %u",
             (unsigned long long)e.wanted, o->max_sequences);
    assert_error(BATCH_ERROR_OVERFLOW, words);
  }
  assert_positions(o, &e, batch, sum, what);
  assert_sequences(o, &e, batch, what);
  cr_assert(batch_validate_strict(batch), "%s: %s", what, batch_last_error()->message);
}

static void check_batches(const batch_loader_options *o, BatchLoader *tested, BatchLoader *reference,
                          const char *what) {
  sums sum = {0};
  for (Batch *batch, *plain; check_forget_error(), (batch = next_batch(tested)); batch_release(batch)) {
    cr_assert_not_null(plain = batch_loader_next(reference), "%s: %s", what, batch_last_error()->message);
    check_batch(o, plain, batch, &sum, what);
    batch_release(plain);
  }
  cr_assert_null(next_batch(reference));
  batch_loader_stats stats = stats_of(tested);
  cr_assert(sum.unknown || (stats.tokens == sum.tokens && stats.masked == sum.masked &&
                            stats.padding == sum.padding && stats.cropped == sum.cropped),
            "%s: %llu tokens, %llu masked, %llu padding, %llu cropped, expected %llu, %llu, %llu, %llu", what,
            (unsigned long long)stats.tokens, (unsigned long long)stats.masked,
            (unsigned long long)stats.padding, (unsigned long long)stats.cropped,
            (unsigned long long)sum.tokens, (unsigned long long)sum.masked, (unsigned long long)sum.padding,
            (unsigned long long)sum.cropped);
}

static void check_loader(const batch_loader_options *o, const char *what) {
  batch_loader_options plain = *o;
  plain.id_type = BATCH_IDS_INT32, plain.mask_type = TENSOR_FLOAT32;
  plain.with_cu_seqlens = plain.ignore_masked = plain.no_loss_across = plain.context_documents = false;
  plain.context_world = plain.context_rank = 0;
  BatchLoader *reference = batch_loader_create(bare, &plain);
  if (!reference) { /* too few rows for a step, or, in a part of a few documents, none */
    assert_error(BATCH_ERROR_INVALID_ARGUMENT, "drop_last|no document has 2 tokens|too few for a row");
    return;
  }
  BatchLoader *tested = start_loader(stream, o);
  check_batches(o, tested, reference, what);
  batch_loader_free(tested);
  batch_loader_free(reference);
}

static batch_loader_options draw(bool with_index) {
  batch_loader_options o = BATCH_LOADER_OPTIONS_INIT;
  o.context_world = 1 + below(MOST_WORLD);
  o.context_rank = below(o.context_world);
  o.batch_size = 1 + below(ROWS_MOST);
  o.sequence_length = 2 * o.context_world * (1 + below(8));
  o.vocab_size = MOST;
  o.id_type = (batch_id_type)below(4);
  o.mask_type = below(2) ? TENSOR_UINT8 : TENSOR_FLOAT32;
  o.with_documents = below(2);
  o.workers = 1 + below(2);
  o.seed = below(100);
  o.shuffle = (batch_shuffle)below(3);
  o.packing = with_index ? (batch_packing)below(4) : BATCH_PACK_WINDOWS;
  o.pad_id = PAD;
  o.drop_last = below(4) == 0;
  o.faults = below(2) ? BATCH_FAULT_SKIP : BATCH_FAULT_HAND_ON;
  o.with_cu_seqlens = below(3) > 0;
  o.max_sequences = below(2) ? o.batch_size + below(2 * o.batch_size) : 0;
  o.ignore_masked = o.id_type != BATCH_IDS_UINT16 && below(2);
  o.no_loss_across = with_index && below(2);
  o.context_documents = o.packing == BATCH_PACK_DOCUMENTS && below(2);
  return o;
}

Test(loader_batches, every_batch_is_what_a_plain_reference_says) {
  state = 12;
  for (int round = 0; round < 120; round++) {
    bool with_index = below(4) > 0;
    make_stream(with_index);
    for (int i = 0; i < 12; i++) {
      batch_loader_options o = draw(with_index);
      char what[200];
      snprintf(
          what, sizeof what,
          "round %d, loader %d: packing %d, %u rows of %u, cu_seqlens %d for %u, across %d, context %u of %u "
          "(documents %d), faults %d",
          round, i, (int)o.packing, o.batch_size, o.sequence_length, o.with_cu_seqlens, o.max_sequences,
          o.no_loss_across, o.context_rank, o.context_world, o.context_documents, (int)o.faults);
      check_loader(&o, what);
    }
    drop_stream();
  }
  cr_assert(seen.batches > 10000 && seen.masked > 10000 && seen.across > 1000 && seen.cropped > 1000 &&
            seen.skipped > 100 && seen.handed_on > 100 && seen.documents_cut > 1000);
}
