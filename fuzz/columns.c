/* What a batch has beside ids: every type of ids and masks, loss masks, sequences for attention kernels, and the parts of
   rows that the ranks of a context get, from the rows that a plain loader gives. Rows with an id outside the vocabulary, or
   with too many sequences, are skipped, handed on, or end the loader. */
#include <stdlib.h>
#include <string.h>

#include "support/fuzz.h"

enum { TOKENS = 400, DOCUMENTS = 60, BATCHES = 128, COLUMNS = 64, ROWS = 4, PAD = 401, VOCABULARY = 402 };

typedef struct data {
  uint16_t ids[TOKENS];
  uint8_t loss[TOKENS];
  uint64_t ends[DOCUMENTS], count, documents;
} data;

/* A batch of a plain loader, and what should become of it. */
typedef struct plain {
  int32_t input[ROWS * COLUMNS], target[ROWS * COLUMNS], documents[ROWS * COLUMNS], positions[ROWS * COLUMNS];
  uint8_t mask[ROWS * COLUMNS];
  bool has_rows[ROWS], is_bad[ROWS]; /* not padding; an id is outside */
  uint32_t sequences;                /* without a limit, but for what is skipped */
  batch_status status;
} plain;

typedef struct kind {
  batch_loader_options options; /* of the loader that is tried */
  bool across, learns_all;
} kind;

static BatchDataset *make_data(data *d, fuzz_input *in, bool learns_all) {
  batch_memory memory = BATCH_MEMORY_INIT;
  d->count = 2 + fuzz_take_u8(in);
  for (uint64_t i = 0; i < d->count; i++) d->ids[i] = (uint16_t)i, d->loss[i] = 1;
  for (d->documents = 0; d->documents < DOCUMENTS - 1 && in->size > 0;) {
    uint64_t begin = d->documents ? d->ends[d->documents - 1] : 0;
    unsigned length = fuzz_take_u8(in);
    if (length >= 128 && begin < d->count) d->loss[begin + (length >> 1) % (d->count - begin)] = 0;
    d->ends[d->documents++] = begin + length % 40 < d->count ? begin + length % 40 : d->count;
  }
  d->ends[d->documents++] = d->count;
  memory.tokens = d->ids;
  memory.count = d->count;
  memory.document_ends = d->ends;
  memory.documents = d->documents;
  memory.loss = learns_all ? NULL : d->loss;
  memory.token_type = BATCH_TOKEN_U16;
  BatchDataset *dataset = batch_dataset_from_memory(&memory, NULL);
  if (!dataset) fuzz_fail("no dataset");
  return dataset;
}

static void take_kind(kind *k, fuzz_input *in) {
  static const tensor_type masks[] = {TENSOR_FLOAT32, TENSOR_UINT8};
  batch_loader_options *o = &k->options;
  unsigned how = fuzz_take_u8(in), what = fuzz_take_u8(in);
  *o = (batch_loader_options)BATCH_LOADER_OPTIONS_INIT;
  o->packing = (batch_packing)(how % 4);
  o->id_type = (batch_id_type)(how / 4 % 4);
  o->mask_type = masks[how / 16 % 2];
  o->shuffle = how & 0x20 ? BATCH_SHUFFLE_ALL : BATCH_SHUFFLE_NONE;
  o->with_documents = how & 0x40;
  o->with_cu_seqlens = how & 0x80;
  o->ignore_masked = (what & 1) && o->id_type != BATCH_IDS_UINT16;
  o->no_loss_across = k->across = what & 2;
  k->learns_all = what & 4;
  o->context_world = 1 + what / 8 % 4;
  o->context_rank = what / 32 % o->context_world;
  o->sequence_length = 2 * o->context_world * (1 + fuzz_take_below(in, COLUMNS / 8));
  o->batch_size = 1 + fuzz_take_below(in, ROWS);
  o->seed = fuzz_take_u8(in);
  o->vocab_size = VOCABULARY;
  o->pad_id = PAD;
  unsigned faults = fuzz_take_u8(in);
  o->faults = (batch_faults)(faults % 3);
  if (faults & 0x40) o->vocab_size = 2 + fuzz_take_u8(in);
  if (faults & 0x40) o->pad_id = (int32_t)o->vocab_size - 1;
  if ((faults & 0x80) && o->with_cu_seqlens) o->max_sequences = o->batch_size + fuzz_take_below(in, 12);
}

/* Whether the target that follows a token counts. */
static bool counts(const kind *k, const data *d, int32_t token) {
  if (!k->learns_all && !d->loss[token + 1]) return false;
  for (uint64_t i = 0; i < d->documents && k->across && k->options.packing == BATCH_PACK_WINDOWS; i++)
    if (d->ends[i] == (uint64_t)token + 1) return false;
  return true;
}

/* All batches of a plain loader; returns how many. */
static size_t run_plain(const kind *k, const data *d, const BatchDataset *dataset, plain *batches) {
  batch_loader_options o = k->options;
  size_t count = 0;
  o.id_type = BATCH_IDS_INT32;
  o.mask_type = TENSOR_UINT8;
  o.with_documents = true;
  o.with_cu_seqlens = o.ignore_masked = o.no_loss_across = false;
  o.context_world = o.context_rank = o.max_sequences = 0;
  o.vocab_size = VOCABULARY;
  o.pad_id = PAD;
  BatchLoader *loader = batch_loader_create(dataset, &o);
  if (!loader) return 0;
  fuzz_taken = true;
  for (Batch *b; (b = batch_loader_next(loader)); batch_release(b)) {
    if (count == BATCHES) fuzz_fail("more than %d batches", BATCHES);
    plain *p = &batches[count++];
    size_t n = b->input.total_size;
    memcpy(p->input, b->input.raw, n * sizeof *p->input);
    memcpy(p->target, b->target.raw, n * sizeof *p->target);
    memcpy(p->documents, b->documents.raw, n * sizeof *p->documents);
    memcpy(p->positions, b->positions.raw, n * sizeof *p->positions);
    for (size_t i = 0; i < n; i++) {
      bool pair = p->target[i] != PAD;
      if (pair && p->target[i] != p->input[i] + 1) fuzz_fail("a target is not what follows");
      p->mask[i] = pair && counts(k, d, p->input[i]);
      if (!k->across && b->mask.u8[i] != p->mask[i]) fuzz_fail("mask %zu is %d", i, b->mask.u8[i]);
    }
  }
  if (batch_last_error()->code != BATCH_END) fuzz_fail("no end");
  batch_loader_free(loader);
  return count;
}

static void note_rows(const kind *k, plain *p) {
  const batch_loader_options *o = &k->options;
  const int32_t vocab = (int32_t)o->vocab_size;
  for (uint32_t row = 0; row < o->batch_size; row++) {
    p->has_rows[row] = p->is_bad[row] = false;
    for (size_t i = (size_t)row * o->sequence_length; i < (size_t)(row + 1) * o->sequence_length; i++) {
      bool pair = p->target[i] != PAD;
      p->has_rows[row] = p->has_rows[row] || pair;
      p->is_bad[row] = p->is_bad[row] || (pair && (p->input[i] >= vocab || p->target[i] >= vocab));
      if (!pair) p->input[i] = p->target[i] = o->pad_id;
    }
  }
}

static void pad_row(const kind *k, plain *p, uint32_t row) {
  for (size_t i = (size_t)row * k->options.sequence_length;
       i < (size_t)(row + 1) * k->options.sequence_length; i++) {
    p->input[i] = p->target[i] = k->options.pad_id;
    p->mask[i] = 0;
    p->documents[i] = -1;
    p->positions[i] = 0;
  }
}

static uint32_t sequences_of(const kind *k, const plain *p, uint32_t row) {
  const int32_t *documents = p->documents + (size_t)row * k->options.sequence_length;
  uint32_t count = 1;
  for (uint32_t i = 1; i < k->options.sequence_length; i++) count += documents[i] != documents[i - 1];
  return count;
}

/* Rows that are skipped are padding; a row is, too, that has more sequences than leaves one for each row after it. */
static void apply_faults(const kind *k, plain *p) {
  const batch_loader_options *o = &k->options;
  const bool skips = o->faults == BATCH_FAULT_SKIP;
  const uint32_t most = !o->with_cu_seqlens ? UINT32_MAX
                        : o->max_sequences  ? o->max_sequences
                                            : o->batch_size * o->sequence_length;
  note_rows(k, p);
  p->sequences = 0;
  p->status = BATCH_OK;
  for (uint32_t row = 0; row < o->batch_size; row++) {
    uint32_t left = o->batch_size - row - 1;
    if (p->is_bad[row] && skips) pad_row(k, p, row);
    if (skips && o->with_cu_seqlens && p->sequences + sequences_of(k, p, row) + left > most)
      pad_row(k, p, row), p->is_bad[row] = true;
    p->sequences += sequences_of(k, p, row);
    if (p->is_bad[row] && !skips) p->status = BATCH_ERROR_OUT_OF_RANGE;
  }
  if (p->status == BATCH_OK && p->sequences > most && !skips) p->status = BATCH_ERROR_OVERFLOW;
}

static int64_t element(const Tensor *t, size_t i) {
  switch (t->dtype) {
  case TENSOR_INT32:
    return t->i32[i];
  case TENSOR_INT64:
    return t->i64[i];
  case TENSOR_UINT16:
    return t->u16[i];
  case TENSOR_UINT8:
    return t->u8[i];
  case TENSOR_FLOAT32:
    return (int64_t)t->data[i];
  default:
    fuzz_fail("a tensor of type %d", t->dtype);
  }
}

static void check_element(const Tensor *t, size_t i, int64_t expected, const char *name) {
  if (element(t, i) != expected)
    fuzz_fail("%s %zu is %d, expected %d", name, i, (int)element(t, i), (int)expected);
}

/* Where column `column` of a rank's part of a row stands in the row: chunk rank, then chunk 2 C - 1 - rank. */
static uint32_t column_in_row(const batch_loader_options *o, uint32_t column) {
  uint32_t chunk = o->sequence_length / (2 * o->context_world), last = 2 * o->context_world - 1;
  return column < chunk ? o->context_rank * chunk + column
                        : (last - o->context_rank) * chunk + column - chunk;
}

static void check_columns(const kind *k, const Batch *b, const plain *p) {
  const batch_loader_options *o = &k->options;
  if (b->sequence_length != o->sequence_length / o->context_world)
    fuzz_fail("%u columns", b->sequence_length);
  for (uint32_t row = 0; row < b->batch_size; row++)
    for (uint32_t c = 0; (o->faults == BATCH_FAULT_SKIP || !p->is_bad[row]) && c < b->sequence_length; c++) {
      size_t i = (size_t)row * b->sequence_length + c,
             from = (size_t)row * o->sequence_length + column_in_row(o, c);
      bool ignored = o->ignore_masked && !p->mask[from];
      check_element(&b->input, i, p->input[from] + fuzz_control, "input");
      check_element(&b->target, i, ignored ? BATCH_IGNORE_ID : p->target[from], "target");
      check_element(&b->mask, i, p->mask[from], "mask");
      if (!o->with_documents) continue;
      check_element(&b->documents, i, p->documents[from], "document");
      check_element(&b->positions, i, p->positions[from], "position");
    }
}

/* Runs of equal numbers of documents in the whole rows. */
static void check_sequences(const kind *k, const Batch *b, const plain *p) {
  const uint32_t columns = k->options.sequence_length, all = columns * b->batch_size;
  uint32_t count = 0, longest = 0, begin = 0;
  for (uint32_t i = 1; i <= all; i++) {
    if (i < all && i % columns && p->documents[i] == p->documents[i - 1]) continue;
    check_element(&b->cu_seqlens, count++, begin, "cu_seqlens");
    longest = i - begin > longest ? i - begin : longest;
    begin = i;
  }
  if (b->num_sequences != count || b->max_seqlen != longest)
    fuzz_fail("%u sequences up to %u, expected %u up to %u", b->num_sequences, b->max_seqlen, count, longest);
  for (size_t i = count; i < b->cu_seqlens.total_size; i++)
    check_element(&b->cu_seqlens, i, all, "cu_seqlens");
}

static void check_skipped(const kind *k, const BatchLoader *loader, uint64_t skipped) {
  batch_loader_stats stats = BATCH_LOADER_STATS_INIT;
  if (!batch_loader_get_stats(loader, &stats)) fuzz_fail("no statistics");
  if (stats.skipped != (k->options.faults == BATCH_FAULT_SKIP ? skipped : 0))
    fuzz_fail("%d rows are skipped, expected %d", (int)stats.skipped, (int)skipped);
}

static void check_loader(const kind *k, const BatchDataset *dataset, const plain *batches, size_t count) {
  size_t at = 0;
  uint64_t skipped = 0;
  BatchLoader *loader = batch_loader_create(dataset, &k->options);
  if (!loader) {
    fuzz_check_refusal("batch_loader_create");
    if (count > 0) fuzz_fail("a plain loader can be had, and this one not");
    return;
  }
  for (Batch *b; (b = batch_loader_next(loader)); batch_release(b), at++) {
    const plain *p = &batches[at];
    if (at == count) fuzz_fail("more batches than of a plain loader");
    if (b->status != p->status || (p->status && k->options.faults == BATCH_FAULT_STOP))
      fuzz_fail("%s, expected %s", batch_status_name(b->status), batch_status_name(p->status));
    check_columns(k, b, p);
    if (k->options.with_cu_seqlens && p->sequences < b->cu_seqlens.total_size) check_sequences(k, b, p);
    for (uint32_t row = 0; row < b->batch_size; row++) skipped += p->has_rows[row] && p->is_bad[row];
  }
  batch_status expected = at < count ? batches[at].status : BATCH_END;
  if (batch_last_error()->code != expected || (at < count && expected == BATCH_OK))
    fuzz_fail("%zu batches of %zu, expected %s", at, count, batch_status_name(expected));
  check_skipped(k, loader, skipped);
  batch_loader_free(loader);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
  static data d;
  static plain batches[BATCHES + 1];
  kind k;
  fuzz_input in = fuzz_begin(bytes, size);
  take_kind(&k, &in);
  BatchDataset *dataset = make_data(&d, &in, k.learns_all);
  size_t count = run_plain(&k, &d, dataset, batches);
  for (size_t i = 0; i < count; i++) apply_faults(&k, &batches[i]);
  check_loader(&k, dataset, batches, count);
  batch_dataset_free(dataset);
  return fuzz_end();
}
