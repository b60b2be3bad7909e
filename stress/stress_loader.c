/* Loaders that are closed in the middle, thousands of times: several threads take batches, hold some
   of them, ask for states, figures and replays, while another one closes. Every batch must be what
   its place says and come once, also of mixes and where rows are skipped; every thread must come back.

   Usage: stress_loader [SECONDS [TAKERS [SEED]]] */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <headrace/headrace.h>

enum { TOKENS = 20000, LENGTH = 8, ROWS = (TOKENS - 2) / LENGTH + 1, MAX_TAKERS = 32, WATCHDOG_SECONDS = 60 };

typedef struct round_state {
  BatchLoader *loader;
  _Atomic uint8_t *seen; /* [rows] places that were delivered */
  uint32_t rows;
  uint32_t takers;
  uint64_t seed, close_after; /* batches; UINT64_MAX: run to the end */
  uint32_t largest;           /* id that is not skipped */
  _Atomic uint64_t taken;
  _Atomic bool closed;
} round_state;

typedef struct taker {
  round_state *round;
  batch_random random;
  pthread_t thread;
} taker;

static _Atomic uint64_t progress; /* batches over all rounds; the watchdog reads it */
static const char *_Atomic stage = "starting";

static _Noreturn void fail(const char *what, uint64_t seed) {
  fprintf(stderr, "stress_loader: %s (seed %llu)\n", what, (unsigned long long)seed);
  abort();
}

static uint16_t token_at(uint64_t i) {
  return (uint16_t)(i * 31 % 60000);
}

/* A row's first input says which one it is: the file is a known sequence. */
static void check(round_state *round, const Batch *batch) {
  uint64_t place = batch_loader_place(round->loader, batch);
  for (uint32_t row = 0; row < batch->batch_size && place + row < round->rows; row++) {
    const int32_t *in = batch->input.i32 + (size_t)row * LENGTH,
                  *out = batch->target.i32 + (size_t)row * LENGTH;
    for (uint32_t i = 0; i < LENGTH && batch->mask.u8[row * LENGTH + i]; i++)
      if ((uint32_t)in[i] > round->largest || (uint32_t)out[i] > round->largest)
        fail("a bad id was not skipped", round->seed);
    for (uint32_t i = 0; i + 1 < LENGTH && batch->mask.u8[row * LENGTH + i + 1]; i++)
      if (out[i] != in[i + 1] || in[i + 1] != (in[i] + 31) % 60000)
        fail("a row is not a window", round->seed);
    if (atomic_fetch_add(&round->seen[place + row], 1) != 0) fail("a place came twice", round->seed);
  }
}

static void look_around(taker *t, const Batch *batch) {
  batch_loader_state state;
  batch_loader_stats stats = BATCH_LOADER_STATS_INIT;
  switch (batch_random_below(&t->random, 40)) {
  case 0:
    if (!batch_loader_get_state(t->round->loader, &state)) fail(batch_last_error()->message, t->round->seed);
    break;
  case 1:
    batch_loader_get_stats(t->round->loader, &stats);
    break;
  case 2: {
    Batch *again = batch_loader_replay(t->round->loader, batch->epoch_id, batch->batch_id);
    if (!again) fail(batch_last_error()->message, t->round->seed);
    if (memcmp(again->input.i32, batch->input.i32, batch->input.total_size * 4) != 0)
      fail("replay differs", t->round->seed);
    batch_release(again);
    break;
  }
  default:
    break;
  }
}

static void close_loader(round_state *round) {
  atomic_store(&round->closed, true);
  batch_loader_close(round->loader);
}

static void *take(void *context) {
  taker *t = context;
  round_state *round = t->round;
  for (;;) {
    Batch *batch;
    uint64_t deadline = batch_random_below(&t->random, 2) ? BATCH_FOREVER : batch_deadline_after(50000);
    batch_status status = batch_loader_next_until(round->loader, &batch, deadline);
    if (status == BATCH_TIMEDOUT) continue;
    if (status == BATCH_END || status == BATCH_CLOSED) return NULL;
    if (status != BATCH_OK) fail(batch_last_error()->message, round->seed);
    check(round, batch);
    look_around(t, batch);
    batch_release(batch);
    atomic_fetch_add(&progress, 1);
    if (atomic_fetch_add(&round->taken, 1) == round->close_after) close_loader(round);
  }
}

static batch_loader_options draw_options(batch_random *random) {
  batch_loader_options o = BATCH_LOADER_OPTIONS_INIT;
  o.batch_size = 1 + batch_random_below(random, 8);
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
  o.seed = batch_random_next(random);
  o.world = 1;
  return o;
}

/* The data set alone, or with itself in shares that are no whole numbers: an epoch has twice the rows. */
static BatchLoader *make_loader(const BatchDataset *dataset, const batch_loader_options *o, bool mixed) {
  batch_loader_source sources[2] = {{dataset, 1}, {dataset, 3.14159}};
  return mixed ? batch_loader_create_mixed(sources, 2, o) : batch_loader_create(dataset, o);
}

/* Closed after some batches, closed at once, or run to the end: then every place has come. */
static void run_round(const BatchDataset *dataset, batch_random *random, uint32_t takers, uint64_t seed) {
  static _Atomic uint8_t seen[2 * ROWS];
  bool mixed = batch_random_below(random, 4) == 0;
  uint32_t rows = mixed ? 2 * ROWS : ROWS;
  taker all[MAX_TAKERS];
  batch_loader_options o = draw_options(random);
  memset((void *)seen, 0, sizeof seen);
  round_state round = {
      .loader = make_loader(dataset, &o, mixed), .seen = seen, .rows = rows, .takers = takers, .seed = seed};
  if (!round.loader) fail(batch_last_error()->message, seed);
  round.largest = o.vocab_size - 1;
  round.close_after = batch_random_below(random, 8) == 0 ? UINT64_MAX : batch_random_below(random, 100);
  atomic_store(&stage, "taking");
  for (uint32_t i = 0; i < takers; i++) {
    all[i] = (taker){.round = &round, .random = batch_random_start(batch_random_next(random))};
    if (pthread_create(&all[i].thread, NULL, take, &all[i]) != 0) fail("no thread", seed);
  }
  if (batch_random_below(random, 8) == 0) close_loader(&round);
  for (uint32_t i = 0; i < takers; i++) pthread_join(all[i].thread, NULL);
  atomic_store(&stage, "freeing");
  bool closed = atomic_load(&round.closed);
  batch_loader_free(round.loader);
  for (uint32_t i = 0; i < rows && !closed; i++)
    if (atomic_load(&seen[i]) != 1) fail("a place never came", seed);
}

static void *watch(void *context) {
  for (uint64_t last = UINT64_MAX, now;; last = now) {
    sleep(WATCHDOG_SECONDS);
    now = atomic_load(&progress);
    if (now != last) continue;
    fprintf(stderr, "stress_loader: nothing moved for %d seconds while %s, after %llu batches\n",
            WATCHDOG_SECONDS, atomic_load(&stage), (unsigned long long)now);
    fail("hangs", *(const uint64_t *)context);
  }
  return NULL;
}

static BatchDataset *make_dataset(char *path) {
  static uint16_t tokens[TOKENS];
  for (uint32_t i = 0; i < TOKENS; i++) tokens[i] = token_at(i);
  int fd = mkstemp(path);
  if (fd < 0 || write(fd, tokens, sizeof tokens) != (ssize_t)sizeof tokens) return NULL;
  close(fd);
  batch_dataset_options options = BATCH_DATASET_OPTIONS_INIT;
  options.format = BATCH_FORMAT_HEADERLESS;
  BatchDataset *dataset = batch_dataset_open(&(const char *){path}, 1, &options);
  unlink(path);
  return dataset;
}

int main(int argc, char **argv) {
  double seconds = argc > 1 ? atof(argv[1]) : 3;
  uint32_t takers = argc > 2 ? (uint32_t)atoi(argv[2]) : 3;
  uint64_t seed = argc > 3 ? strtoull(argv[3], NULL, 10) : batch_deadline_after(0), rounds = 0;
  char path[] = "/tmp/stress_loader_XXXXXX";
  pthread_t watchdog;
  if (takers < 1 || takers > MAX_TAKERS) takers = 3;
  printf("stress_loader: %g seconds, %u takers, seed %llu\n", seconds, takers, (unsigned long long)seed);
  BatchDataset *dataset = make_dataset(path);
  if (!dataset || pthread_create(&watchdog, NULL, watch, &seed) != 0) fail("no data set or watchdog", seed);
  pthread_detach(watchdog);
  batch_random random = batch_random_start(seed);
  for (uint64_t end = batch_deadline_after((uint64_t)(seconds * 1e9)); batch_deadline_after(0) < end;
       rounds++)
    run_round(dataset, &random, takers, seed);
  batch_dataset_free(dataset);
  printf("stress_loader: %llu loaders, %llu batches, 0 errors\n", (unsigned long long)rounds,
         (unsigned long long)atomic_load(&progress));
  return 0;
}
