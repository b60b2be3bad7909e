/* Loaders that are closed in the middle, thousands of times: several threads take batches, hold some
   of them, ask for states, figures, metrics and replays, while another one closes. Every batch must be what
   its place says and come once, also of mixes, where rows are skipped and where documents are packed in small windows;
   every thread must come back. Half of the
   loaders take their batches from a pool of ours, which somebody else uses too, and which may be closed instead; its
   batches must all be back at the end.

   Usage: stress_loader [SECONDS [TAKERS [SEED]]] */
#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <headrace/headrace.h>

#include "support/stress.h"

enum {
  TOKENS = 20000,
  LENGTH = 8,
  ROWS = (TOKENS - 2) / LENGTH + 1,
  MAX_TAKERS = 64,
  MOST_ROWS = 8,
  MOST_PLACES = 2 * TOKENS
};

typedef struct round_state {
  BatchLoader *loader;
  BatchPool *pool;       /* ours; NULL: the loader has its own */
  bool closes_pool;      /* in place of the loader */
  _Atomic bool over;     /* for who else uses the pool */
  _Atomic uint8_t *seen; /* [rows] places that were delivered */
  uint64_t random;       /* the round's */
  uint64_t close_after;  /* batches; UINT64_MAX: run to the end */
  uint32_t largest;      /* id that is not skipped */
  batch_packing packing;
  _Atomic uint64_t taken;
  _Atomic bool closed;
} round_state;

typedef struct taker {
  round_state *round;
  batch_random random;
  uint64_t counted; /* batches in the last text of metrics */
} taker;

static _Atomic uint64_t progress; /* batches over all rounds */

static uint16_t token_at(uint64_t i) {
  return (uint16_t)(i * 31 % 60000);
}

/* A row's first input says which one it is: the file is a known sequence. */
static void check(round_state *round, const Batch *batch) {
  uint64_t places[MOST_ROWS];
  stress_check(batch_loader_places(round->loader, batch, places), "%s", batch_last_error()->message);
  bool windows = round->packing == BATCH_PACK_WINDOWS;
  for (uint32_t row = 0; row < batch->batch_size && places[row] != BATCH_NO_PLACE; row++) {
    const int32_t *in = batch->input.i32 + (size_t)row * LENGTH,
                  *out = batch->target.i32 + (size_t)row * LENGTH;
    for (uint32_t i = 0; i < LENGTH && batch->mask.u8[row * LENGTH + i]; i++)
      if ((uint32_t)in[i] > round->largest || (uint32_t)out[i] > round->largest)
        stress_fail("a bad id was not skipped");
    for (uint32_t i = 0; i < LENGTH && batch->mask.u8[row * LENGTH + i]; i++)
      if (out[i] != (in[i] + 31) % 60000) stress_fail("a target does not follow its input");
    for (uint32_t i = 0; windows && i + 1 < LENGTH && batch->mask.u8[row * LENGTH + i + 1]; i++)
      if (out[i] != in[i + 1]) stress_fail("a row is not a window");
    if (places[row] >= MOST_PLACES) stress_fail("a place that no epoch has");
    if (atomic_fetch_add(&round->seen[places[row]], 1) != 0) stress_fail("a place came twice");
  }
}

/* The text is whole, and its counter has not fallen. */
static void read_metrics(taker *t) {
  static const char sample[] = "\nheadrace_loader_batches_total ";
  batch_metrics_object objects[] = {{.loader = t->round->loader}, {.pool = t->round->pool}};
  batch_metrics_options options = BATCH_METRICS_OPTIONS_INIT;
  options.objects = objects;
  options.num_objects = t->round->pool ? 2 : 1;
  char text[16384];
  size_t length = batch_metrics_text(&options, text, sizeof text);
  if (length == 0 || length >= sizeof text || text[length - 1] != '\n')
    stress_fail("a text of metrics of %zu bytes", length);
  const char *found = strstr(text, sample);
  if (!found) stress_fail("metrics without the loader's batches");
  uint64_t counted = strtoull(found + sizeof sample - 1, NULL, 10);
  if (counted < t->counted) stress_fail("%" PRIu64 " batches after %" PRIu64, counted, t->counted);
  t->counted = counted;
}

static void look_around(taker *t, const Batch *batch) {
  batch_loader_state state;
  batch_loader_stats stats = BATCH_LOADER_STATS_INIT;
  switch (batch_random_below(&t->random, 40)) {
  case 0:
    if (!batch_loader_get_state(t->round->loader, &state)) stress_fail("%s", batch_last_error()->message);
    break;
  case 1:
    batch_loader_get_stats(t->round->loader, &stats);
    break;
  case 2: {
    Batch *again = batch_loader_replay(t->round->loader, batch->epoch_id, batch->batch_id);
    if (!again) stress_fail("%s", batch_last_error()->message);
    if (memcmp(again->input.i32, batch->input.i32, batch->input.total_size * 4) != 0)
      stress_fail("replay differs");
    batch_release(again);
    break;
  }
  case 3:
    read_metrics(t);
    break;
  default:
    break;
  }
}

static void close_loader(round_state *round) {
  stress_step("closes the loader");
  atomic_store(&round->closed, true);
  if (round->closes_pool)
    batch_pool_close(round->pool);
  else
    batch_loader_close(round->loader);
}

/* Somebody else on the pool. */
static void use_pool(stress_thread *self) {
  round_state *round = self->context;
  stress_step("uses the pool");
  while (!atomic_load(&round->over)) {
    Batch *batch;
    batch_status status = batch_pool_allocate_until(round->pool, &batch, batch_deadline_after(200000));
    if (status == BATCH_CLOSED) return;
    batch_release(batch);
    usleep(50); /* or it takes the only batch again before anyone has woken */
  }
}

static void take(stress_thread *self) {
  round_state *round = self->context;
  taker t = {round, batch_random_start(self->random ^ round->random), 0};
  for (;;) {
    Batch *batch;
    batch_status status;
    stress_step("takes a batch");
    do {
      uint64_t deadline = batch_random_below(&t.random, 2) ? BATCH_FOREVER : batch_deadline_after(50000);
      status = batch_loader_next_until(round->loader, &batch, deadline);
    } while (status == BATCH_TIMEDOUT);
    if (status == BATCH_END || status == BATCH_CLOSED) return;
    if (status != BATCH_OK) stress_fail("%s", batch_last_error()->message);
    check(round, batch);
    stress_step("looks around");
    look_around(&t, batch);
    batch_release(batch);
    atomic_fetch_add(&progress, 1);
    if (atomic_fetch_add(&round->taken, 1) == round->close_after) close_loader(round);
  }
}

static batch_loader_options draw_options(batch_random *random) {
  batch_loader_options o = BATCH_LOADER_OPTIONS_INIT;
  o.batch_size = 1 + batch_random_below(random, MOST_ROWS);
  o.sequence_length = LENGTH;
  o.vocab_size = 60000;
  o.mask_type = TENSOR_UINT8;
  o.workers = 1 + batch_random_below(random, 4);
  o.pool_size = 1 + batch_random_below(random, 6);
  o.as_they_come = batch_random_below(random, 2);
  if (batch_random_below(random, 4) == 0) { /* one id of six is a fault */
    o.vocab_size = 50000;
    o.faults = BATCH_FAULT_SKIP;
  }
  if (batch_random_below(random, 2)) {
    o.packing = (batch_packing)batch_random_below(random, 4);
    o.pack_window = 1 + batch_random_below(random, batch_random_below(random, 2) ? 8 : 400);
  }
  o.shuffle = (batch_shuffle)batch_random_below(random, 3);
  o.epochs = 1;
  o.seed = batch_random_next(random);
  o.world = 1;
  return o;
}

/* A pool for a loader with these options, instead of its own. */
static BatchPool *lend_pool(batch_loader_options *o) {
  batch_pool_options p = BATCH_POOL_OPTIONS_INIT;
  p.pool_size = o->pool_size;
  p.shape = (batch_shape){.batch_size = o->batch_size,
                          .sequence_length = o->sequence_length,
                          .vocab_size = o->vocab_size,
                          .input_type = TENSOR_INT32,
                          .mask_type = o->mask_type};
  o->pool = batch_pool_create_with(&p);
  o->pool_size = 0;
  stress_check(o->pool, "no pool: %s", batch_last_error()->message);
  return o->pool;
}

/* The data set alone, or with itself in shares that are no whole numbers: an epoch has twice the rows. */
static BatchLoader *make_loader(const BatchDataset *dataset, const batch_loader_options *o, bool mixed) {
  batch_loader_source sources[2] = {{dataset, 1}, {dataset, 3.14159}};
  return mixed ? batch_loader_create_mixed(sources, 2, o) : batch_loader_create(dataset, o);
}

/* Closed after some batches, closed at once, or run to the end: then every place has come. */
static void run_round(const BatchDataset *dataset, batch_random *random) {
  static _Atomic uint8_t seen[MOST_PLACES];
  bool mixed = batch_random_below(random, 4) == 0;
  stress_thread takers[MAX_TAKERS];
  batch_loader_options o = draw_options(random);
  memset((void *)seen, 0, sizeof seen);
  round_state round = {.seen = seen, .packing = o.packing};
  if (batch_random_below(random, 2)) round.pool = lend_pool(&o);
  round.closes_pool = round.pool && batch_random_below(random, 2);
  round.loader = make_loader(dataset, &o, mixed);
  if (!round.loader) stress_fail("%s", batch_last_error()->message);
  round.largest = o.vocab_size - 1;
  round.random = batch_random_next(random);
  round.close_after = batch_random_below(random, 8) == 0 ? UINT64_MAX : batch_random_below(random, 100);
  stress_thread other;
  if (round.pool) stress_start(&other, 1, "other", use_pool, &round);
  stress_start(takers, stress_threads(), "taker", take, &round);
  if (batch_random_below(random, 8) == 0) close_loader(&round);
  stress_join(takers, stress_threads());
  stress_step("frees the loader");
  bool closed = atomic_load(&round.closed);
  uint64_t rows = batch_loader_epoch_rows(round.loader);
  batch_loader_free(round.loader);
  atomic_store(&round.over, true);
  if (round.pool) stress_join(&other, 1);
  if (round.pool && batch_pool_outstanding(round.pool) != 0) stress_fail("a batch of the pool is missing");
  batch_pool_free(round.pool);
  for (uint32_t i = 0; i < MOST_PLACES && !closed; i++)
    if (atomic_load(&seen[i]) != (i < rows)) stress_fail("a place never came, or one that there is not did");
}

static void write_file(const char *path, const void *data, size_t bytes) {
  FILE *file = fopen(path, "w");
  bool written = file && fwrite(data, 1, bytes, file) == bytes;
  stress_check(file && fclose(file) == 0 && written, "%s cannot be written", path);
}

/* Documents of 0 to 39 tokens. */
static BatchDataset *make_dataset(const char *directory) {
  static uint16_t tokens[TOKENS];
  static uint64_t ends[TOKENS];
  char path[64], index[64];
  size_t documents = 0;
  batch_random random = batch_random_start(1);
  for (uint32_t i = 0; i < TOKENS; i++) tokens[i] = token_at(i);
  for (uint64_t end = 0; end < TOKENS; documents++) {
    end += batch_random_below(&random, 40);
    ends[documents] = end = end < TOKENS ? end : TOKENS;
  }
  snprintf(path, sizeof path, "%s/t.ds", directory);
  snprintf(index, sizeof index, "%s/t.ds.index", directory);
  write_file(path, tokens, sizeof tokens);
  write_file(index, ends, documents * sizeof *ends);
  BatchDataset *dataset = batch_dataset_open(&(const char *){path}, 1, NULL);
  unlink(path), unlink(index), rmdir(directory);
  return dataset;
}

int main(int argc, char **argv) {
  char directory[] = "/tmp/stress_loader_XXXXXX";
  uint64_t rounds = 0;
  stress_begin(argc, argv, 3, 3);
  BatchDataset *dataset = mkdtemp(directory) ? make_dataset(directory) : NULL;
  stress_check(dataset, "no dataset: %s", batch_last_error()->message);
  for (batch_random random = batch_random_start(stress_seed()); stress_goes_on(); rounds++)
    run_round(dataset, &random);
  batch_dataset_free(dataset);
  return stress_end("%" PRIu64 " loaders, %" PRIu64 " batches", rounds, atomic_load(&progress));
}
