#include "support/loader.h"

BatchDataset *dataset;

void loader_begin(void) {
  files_begin();
  dataset = make_tokens("t.bin", TOKENS);
}

void loader_end(void) {
  batch_dataset_free(dataset);
  files_end();
}

int32_t token_at(uint64_t i) {
  return (int32_t)(i * 7 % 1000);
}

const char *write_ids(const char *name, uint32_t count, int32_t (*id_at)(uint64_t i)) {
  bytes b = {0};
  for (uint32_t i = 0; i < count; i++) put_u16(&b, (uint16_t)id_at(i));
  return write_bytes(name, &b);
}

const char *write_tokens(const char *name, uint32_t count) {
  return write_ids(name, count, token_at);
}

BatchDataset *make_tokens(const char *name, uint32_t count) {
  return open_dataset(write_tokens(name, count), NULL);
}

BatchDataset *make_documents(const char *name, const uint32_t *lengths, size_t documents) {
  bytes ends = {0};
  char index[64];
  uint64_t end = 0;
  for (size_t i = 0; i < documents; i++) put_u64(&ends, end += lengths[i]);
  snprintf(index, sizeof index, "%s.index", name);
  write_bytes(index, &ends);
  return make_tokens(name, (uint32_t)end);
}

batch_loader_options small_options(void) {
  batch_loader_options o = BATCH_LOADER_OPTIONS_INIT;
  o.batch_size = BATCH;
  o.sequence_length = LENGTH;
  o.vocab_size = 1000;
  o.seed = 5;
  o.world = 1;
  return o;
}

BatchLoader *start_loader(const BatchDataset *of, const batch_loader_options *o) {
  BatchLoader *loader = batch_loader_create(of, o);
  cr_assert_not_null(loader, "%s", batch_last_error()->message);
  return loader;
}

BatchLoader *start_mix(const batch_loader_source *sources, size_t n, const batch_loader_options *o) {
  BatchLoader *loader = batch_loader_create_mixed(sources, n, o);
  cr_assert_not_null(loader, "%s", batch_last_error()->message);
  return loader;
}

batch_loader_state state_of(BatchLoader *loader) {
  batch_loader_state state;
  cr_assert(batch_loader_get_state(loader, &state), "%s", batch_last_error()->message);
  return state;
}

batch_loader_stats stats_of(const BatchLoader *loader) {
  batch_loader_stats stats = BATCH_LOADER_STATS_INIT;
  cr_assert(batch_loader_get_stats(loader, &stats), "%s", batch_last_error()->message);
  return stats;
}

void places_of(const BatchLoader *loader, const Batch *batch, uint64_t *places) {
  cr_assert(batch_loader_places(loader, batch, places), "%s", batch_last_error()->message);
}

uint64_t place_of(const BatchLoader *loader, const Batch *batch, uint32_t row) {
  uint64_t places[MOST_BATCH];
  cr_assert_leq(batch->batch_size, MOST_BATCH);
  places_of(loader, batch, places);
  return places[row];
}

Batch *next_batch(BatchLoader *loader) {
  Batch *batch = batch_loader_next(loader);
  if (!batch) cr_assert_eq(batch_last_error()->code, BATCH_END, "%s", batch_last_error()->message);
  return batch;
}

void pass_batches(BatchLoader *loader, uint32_t n) {
  for (uint32_t i = 0; i < n; i++) {
    Batch *batch = batch_loader_next(loader);
    cr_assert_not_null(batch, "%s", batch_last_error()->message);
    batch_release(batch);
  }
}

uint64_t hash_row(const Batch *batch, uint32_t row) {
  uint64_t h = 1469598103934665603u;
  size_t base = (size_t)row * batch->sequence_length;
  for (size_t i = base; i < base + batch->sequence_length; i++)
    h = (h ^ ((uint64_t)(uint32_t)batch->input.i32[i] << 33 ^ (uint64_t)(uint32_t)batch->target.i32[i] << 1 ^
              (batch->mask.data[i] != 0))) *
        1099511628211u;
  return h;
}

void note_batch(noted_rows *e, const BatchLoader *loader, const Batch *batch) {
  uint64_t places[MOST_BATCH];
  cr_assert_leq(batch->batch_size, MOST_BATCH);
  places_of(loader, batch, places);
  for (uint32_t row = 0; row < batch->batch_size; row++) {
    for (uint32_t i = 0; i < LENGTH; i++) e->tokens += batch->mask.data[row * LENGTH + i] != 0;
    if (places[row] == BATCH_NO_PLACE) continue;
    cr_assert_lt(places[row], ROWS);
    e->hash[places[row]] = hash_row(batch, row);
    e->seen[places[row]]++;
  }
}

void note_epoch(noted_rows *e, const BatchDataset *of, const batch_loader_options *o) {
  BatchLoader *loader = start_loader(of, o);
  for (Batch *batch; (batch = next_batch(loader)); batch_release(batch)) note_batch(e, loader, batch);
  batch_loader_free(loader);
}

void assert_same_rows(const noted_rows *a, const noted_rows *b, const char *what) {
  for (uint32_t i = 0; i < ROWS; i++) {
    cr_assert_eq(b->seen[i], 1, "%s: place %u comes %u times", what, i, b->seen[i]);
    cr_assert_eq(a->hash[i], b->hash[i], "%s: place %u differs", what, i);
  }
}

void assert_same_batches(const BatchDataset *a, const BatchDataset *b, const batch_loader_options *o) {
  BatchLoader *of_a = start_loader(a, o), *of_b = start_loader(b, o);
  uint64_t batches = 0;
  for (Batch *x; (x = next_batch(of_a)); batches++) {
    Batch *y = next_batch(of_b);
    cr_assert(y && x->batch_id == y->batch_id && x->batch_size == y->batch_size);
    for (uint32_t row = 0; row < x->batch_size; row++)
      cr_assert_eq(hash_row(x, row), hash_row(y, row), "row %u of batch %llu differs", row,
                   (unsigned long long)batches);
    size_t numbers = x->documents.raw ? (size_t)x->batch_size * x->sequence_length * sizeof(int32_t) : 0;
    if (numbers > 0) {
      cr_assert_arr_eq(x->documents.raw, y->documents.raw, numbers);
      cr_assert_arr_eq(x->positions.raw, y->positions.raw, numbers);
    }
    batch_release(x);
    batch_release(y);
  }
  cr_assert_gt(batches, 0);
  cr_assert_null(next_batch(of_b));
  batch_loader_free(of_a);
  batch_loader_free(of_b);
}
