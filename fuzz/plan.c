/* The order of rows: an epoch has every row once, in another order with another seed or epoch where they are shuffled; shares
   hold after any number of rows; and whatever ranks, batch sizes, skips and resumes a run is made of, it has the rows of the run
   that one loader makes. */
#include <stdlib.h>
#include <string.h>

#include "support/fuzz.h"

enum { SOURCES = 3, TOKENS = 90, APART = 1000, EPOCHS = 3, ROWS = SOURCES * TOKENS, SKIPS = 4, BATCHES = 64 };

/* Token i of source s is the number s * APART + i. */
typedef struct data {
  uint16_t ids[SOURCES][TOKENS];
  uint64_t ends[SOURCES][TOKENS], documents[SOURCES], tokens[SOURCES];
  BatchDataset *sets[SOURCES];
  batch_loader_source sources[SOURCES];
  size_t count;
  bool weighted;
} data;

/* What one loader makes of an epoch: the first token of the row at each place. */
typedef struct epoch {
  int32_t rows[ROWS];
  uint64_t count;
  bool skipped[ROWS];
} epoch;

typedef struct run {
  data d;
  batch_loader_options options;
  batch_loader_skip skips[SKIPS];
  epoch epochs[EPOCHS];
} run;

/* Documents of up to 15 tokens. */
static void take_source(data *d, size_t s, fuzz_input *in) {
  uint64_t most = 2 + fuzz_take_below(in, TOKENS - 1), lengths = fuzz_take_u64(in);
  for (d->tokens[s] = 0; d->tokens[s] < most; lengths = lengths >> 4 | lengths << 60) {
    uint64_t length = lengths & 15;
    d->tokens[s] += length && length < most - d->tokens[s] ? length
                    : lengths                              ? length ? most - d->tokens[s] : 0
                                                           : 1;
    d->ends[s][d->documents[s]++] = d->tokens[s];
    if (d->documents[s] == TOKENS - 1) break;
  }
  d->ends[s][d->documents[s]++] = d->tokens[s] = most;
  for (uint64_t i = 0; i < most; i++) d->ids[s][i] = (uint16_t)(s * APART + i);
}

static void make_data(data *d, fuzz_input *in) {
  d->count = 1 + fuzz_take_below(in, SOURCES);
  d->weighted = d->count > 1 && fuzz_take_below(in, 2);
  for (size_t s = 0; s < d->count; s++) {
    take_source(d, s, in);
    batch_memory memory = BATCH_MEMORY_INIT;
    memory.tokens = d->ids[s];
    memory.count = d->tokens[s];
    memory.document_ends = d->ends[s];
    memory.documents = d->documents[s];
    memory.token_type = BATCH_TOKEN_U16;
    d->sets[s] = batch_dataset_from_memory(&memory, NULL);
    if (!d->sets[s]) fuzz_fail("no dataset");
    d->sources[s] = (batch_loader_source){d->sets[s], d->weighted ? 1 + fuzz_take_below(in, 9) : 0};
  }
}

static void take_options(run *r, fuzz_input *in) {
  batch_loader_options *o = &r->options;
  unsigned how = fuzz_take_u8(in);
  *o = (batch_loader_options)BATCH_LOADER_OPTIONS_INIT;
  o->sequence_length = 1 + fuzz_take_below(in, 12);
  o->packing = (batch_packing)(how % 4);
  o->shuffle = (batch_shuffle)(how / 4 % 3);
  o->drop_last = how & 0x40;
  o->block_rows = fuzz_take_below(in, 9);
  o->pack_window = 1 + fuzz_take_below(in, 12);
  o->seed = fuzz_take_u8(in);
  o->epochs = 1 + fuzz_take_below(in, EPOCHS);
  o->mask_type = TENSOR_UINT8;
}

static bool is_windowed(const run *r) {
  return r->options.packing >= BATCH_PACK_BEST_FIT;
}

static bool is_padding(const Batch *b, uint32_t row) {
  const uint8_t *mask = b->mask.u8 + (size_t)row * b->sequence_length;
  for (uint32_t i = 0; i < b->sequence_length; i++)
    if (mask[i]) return false;
  return true;
}

static int32_t first_of(const Batch *b, uint32_t row) {
  return b->input.i32[(size_t)row * b->sequence_length];
}

/* Pairs of an epoch, by their first token: none comes twice, and every epoch has the same. */
static void check_pairs(const run *r, const Batch *b, uint8_t seen[EPOCHS][SOURCES * APART]) {
  for (size_t i = 0; i < b->input.total_size; i++)
    if (b->mask.u8[i] && seen[b->epoch_id][b->input.i32[i]]++ && !r->d.weighted)
      fuzz_fail("epoch %u has token %d twice", b->epoch_id, b->input.i32[i]);
}

static void note(run *r, const Batch *b) {
  epoch *e = &r->epochs[b->epoch_id];
  if (b->epoch_id >= r->options.epochs) fuzz_fail("epoch %u of %u", b->epoch_id, r->options.epochs);
  for (uint32_t row = 0; row < b->batch_size; row++) {
    if (is_padding(b, row)) continue;
    if (e->count == ROWS) fuzz_fail("more rows than tokens");
    e->rows[e->count++] = first_of(b, row);
  }
}

/* Returns whether there is any row. */
static bool run_once(run *r) {
  static uint8_t seen[EPOCHS][SOURCES * APART];
  batch_loader_options o = r->options;
  o.batch_size = o.drop_last ? 1 : 32;
  BatchLoader *loader = batch_loader_create_mixed(r->d.sources, r->d.count, &o);
  if (!loader) {
    fuzz_check_refusal("batch_loader_create_mixed");
    return false;
  }
  fuzz_taken = true;
  memset(seen, 0, sizeof seen);
  for (Batch *b; (b = batch_loader_next(loader)); batch_release(b)) {
    note(r, b);
    check_pairs(r, b, seen);
  }
  if (batch_last_error()->code != BATCH_END) fuzz_fail("no end");
  for (uint32_t e = 1; e < o.epochs && !r->d.weighted; e++)
    if (memcmp(seen[e], seen[0], sizeof seen[0]) != 0) fuzz_fail("epoch %u has other pairs", e);
  batch_loader_free(loader);
  return true;
}

static uint64_t rows_of(const run *r, size_t s) {
  uint64_t pairs = r->d.tokens[s] - 1, length = r->options.sequence_length, rows = 0;
  if (r->options.packing == BATCH_PACK_WINDOWS)
    return r->options.drop_last ? pairs / length : (pairs + length - 1) / length;
  for (uint64_t i = 0, start = 0; i < r->d.documents[s]; start = r->d.ends[s][i++])
    rows += r->d.ends[s][i] - start > 1;
  return rows;
}

static void check_unweighted(const run *r, const epoch *e) {
  uint64_t expected = 0;
  for (size_t s = 0; s < r->d.count; s++) expected += rows_of(r, s);
  if (e->count != expected) fuzz_fail("%d rows, expected %d", (int)e->count, (int)expected);
  for (uint64_t i = 1; i < e->count && r->options.shuffle == BATCH_SHUFFLE_NONE; i++)
    if (e->rows[i] <= e->rows[i - 1]) fuzz_fail("row %d is not in the order of the files", (int)i);
  if (r->options.shuffle != BATCH_SHUFFLE_BLOCKS || r->d.count > 1 || r->options.packing ||
      !r->options.block_rows)
    return;
  uint64_t block = r->options.block_rows * r->options.sequence_length, changes = 0;
  for (uint64_t i = 1; i < e->count; i++)
    changes += (uint64_t)e->rows[i] / block != (uint64_t)e->rows[i - 1] / block;
  if (changes != (e->count - 1) / r->options.block_rows) fuzz_fail("blocks do not stay together");
}

/* After every row each source has given its share but for less than one row, and none of its rows one time more than
   there were passes. */
static void check_weighted(const run *r) {
  uint64_t given[SOURCES] = {0}, all = 0, whole = 0;
  static uint32_t times[SOURCES * APART];
  memset(times, 0, sizeof times);
  for (size_t s = 0; s < r->d.count; s++) whole += (uint64_t)r->d.sources[s].weight;
  for (uint32_t e = 0; e < r->options.epochs; e++)
    for (uint64_t i = 0; i < r->epochs[e].count; i++) {
      int32_t row = r->epochs[e].rows[i];
      size_t from = (size_t)row / APART;
      if (!is_windowed(r) && times[row]++ != given[from] / rows_of(r, from))
        fuzz_fail("row %d comes out of turn", row);
      given[from]++;
      all++;
      for (size_t s = 0; s < r->d.count; s++) {
        uint64_t share = all * (uint64_t)r->d.sources[s].weight, has = given[s] * whole;
        if (has >= share + whole || share >= has + whole)
          fuzz_fail("after %d rows source %zu has %d", (int)all, s, (int)given[s]);
      }
    }
}

/* Rows of the first source in an epoch, in their order. */
typedef struct order {
  int32_t rows[ROWS];
  uint64_t count;
} order;

static bool same_order(const order *a, const order *b) {
  return a->count == b->count && memcmp(a->rows, b->rows, a->count * sizeof *a->rows) == 0;
}

static bool is_sorted(const order *o) {
  uint64_t i = 1;
  while (i < o->count && o->rows[i] > o->rows[i - 1]) i++;
  return i >= o->count;
}

/* Two epochs, of each no more than the source has before it begins again. */
static void take_orders(const run *r, uint64_t seed, order of[2]) {
  const uint64_t most = r->d.weighted ? rows_of(r, 0) : ROWS;
  batch_loader_options o = r->options;
  o.seed = seed;
  o.epochs = 2;
  o.batch_size = o.drop_last ? 1 : 32;
  BatchLoader *loader = batch_loader_create_mixed(r->d.sources, r->d.count, &o);
  if (!loader) fuzz_fail("no loader with seed %u", (unsigned)seed);
  of[0].count = of[1].count = 0;
  for (Batch *b; (b = batch_loader_next(loader)); batch_release(b))
    for (uint32_t row = 0; row < b->batch_size; row++) {
      order *to = &of[b->epoch_id];
      if (!is_padding(b, row) && first_of(b, row) < APART && to->count < most)
        to->rows[to->count++] = first_of(b, row);
    }
  batch_loader_free(loader);
}

/* Over several seeds, rows do not always come in the order of the file, nor in one that seed or epoch does not change. So
   many rows have, in blocks too, more than 30,000 orders: by chance that is seen once in 10^13 inputs. */
static void check_shuffled(const run *r) {
  enum { SEEDS = 4, LEAST = 12 };
  static order of[SEEDS][2];
  bool by_file = true, by_seed = false, by_epoch = r->d.weighted;
  if (r->options.shuffle == BATCH_SHUFFLE_NONE || (r->d.weighted && is_windowed(r))) return;
  for (uint64_t i = 0; i < SEEDS; i++) {
    take_orders(r, r->options.seed + i, of[i]);
    if (of[i][0].count < LEAST) return;
    by_file = by_file && is_sorted(&of[i][0]);
    by_seed = by_seed || !same_order(&of[i][0], &of[0][0]);
    by_epoch = by_epoch || !same_order(&of[i][0], &of[i][1]);
  }
  if (by_file) fuzz_fail("shuffled, rows come in the order of the file");
  if (!by_seed) fuzz_fail("seeds do not change the order");
  if (!by_epoch) fuzz_fail("epochs do not change the order");
}

static void take_skips(run *r, fuzz_input *in) {
  batch_loader_options *o = &r->options;
  o->num_skips = fuzz_take_below(in, SKIPS + 1);
  o->skips = r->skips;
  for (size_t i = 0; i < o->num_skips; i++) {
    r->skips[i].epoch = fuzz_take_below(in, EPOCHS);
    r->skips[i].first = fuzz_take_below(in, ROWS / 2 < 256 ? ROWS / 2 : 256);
    r->skips[i].count = fuzz_take_below(in, 40);
    for (uint64_t p = r->skips[i].first; p < r->skips[i].first + r->skips[i].count && p < ROWS; p++)
      r->epochs[r->skips[i].epoch].skipped[p] = true;
  }
}

/* A place between two rows of the run: so many of the epoch's rows that are not skipped have come. */
typedef struct place {
  uint32_t epoch;
  uint64_t kept;
} place;

static uint64_t kept_rows(const epoch *e) {
  uint64_t kept = 0;
  for (uint64_t i = 0; i < e->count; i++) kept += !e->skipped[i];
  return kept;
}

static uint64_t nth_kept(const epoch *e, uint64_t nth) {
  uint64_t i = 0;
  while (e->skipped[i] || nth-- > 0) i++;
  return i;
}

/* Goes on to an epoch that has a step of so many rows. False: there is none. */
static bool find_step(const run *r, place *at, uint64_t step_rows) {
  for (; at->epoch < r->options.epochs; *at = (place){at->epoch + 1, 0}) {
    uint64_t left = kept_rows(&r->epochs[at->epoch]) - at->kept;
    if (left >= step_rows || (left > 0 && !r->options.drop_last)) return true;
  }
  return false;
}

/* A batch is rank `rank`'s part of the step at a place. */
static void check_batch(const run *r, BatchLoader *loader, const Batch *b, place at, uint32_t rank) {
  const epoch *e = &r->epochs[at.epoch];
  uint64_t kept = kept_rows(e), places[BATCHES];
  if (b->epoch_id != at.epoch) fuzz_fail("epoch %u, expected %u", b->epoch_id, at.epoch);
  if (!batch_loader_places(loader, b, places)) fuzz_fail("places are refused");
  for (uint32_t row = 0; row < b->batch_size; row++) {
    uint64_t nth = at.kept + (uint64_t)rank * b->batch_size + row;
    uint64_t expected = nth < kept ? nth_kept(e, nth) : BATCH_NO_PLACE;
    if (places[row] != expected) fuzz_fail("place %d, expected %d", (int)places[row], (int)expected);
    if (is_padding(b, row) != (nth >= kept)) fuzz_fail("row %u is padding, or is not", row);
    if (nth < kept && first_of(b, row) != e->rows[expected] + fuzz_control)
      fuzz_fail("row of token %d, expected %d", first_of(b, row), e->rows[expected]);
  }
}

static void check_replay(BatchLoader *loader, const Batch *b) {
  Batch *again = batch_loader_replay(loader, b->epoch_id, b->batch_id);
  if (!again) fuzz_fail("a step that was delivered is not made again");
  if (memcmp(again->input.raw, b->input.raw, b->input.total_size * 4) != 0 ||
      memcmp(again->target.raw, b->target.raw, b->target.total_size * 4) != 0)
    fuzz_fail("made again, a batch is another one");
  batch_release(again);
}

/* The state of the place, by where the loader is or by its number. */
static void take_state(const run *r, BatchLoader *loader, place at, bool by_number,
                       batch_loader_state *state) {
  if (by_number && at.epoch < r->options.epochs) {
    if (!batch_loader_state_at(loader, at.epoch, at.kept, state))
      fuzz_fail("epoch %u, %d rows: no state", at.epoch, (int)at.kept);
  } else if (!batch_loader_get_state(loader, state)) {
    fuzz_fail("no state");
  }
}

static bool has_short_epoch(const run *r, uint64_t step_rows) {
  for (uint32_t e = 0; e < r->options.epochs; e++)
    if (r->epochs[e].count < step_rows) return r->options.drop_last;
  return false;
}

/* Some steps with some ranks and batch size from a place on. Returns whether the run goes on. */
static bool run_part(run *r, fuzz_input *in, place *at, batch_loader_state *state, bool resumes) {
  batch_loader_options o = r->options;
  unsigned steps = fuzz_take_below(in, 20), how = fuzz_take_u8(in);
  o.world = 1 + fuzz_take_below(in, 4);
  o.rank = fuzz_take_below(in, o.world);
  o.batch_size = 1 + fuzz_take_below(in, 6);
  o.workers = 1 + how / 2 % 2;
  if (resumes) o.resume = state, o.num_skips = 0; /* the state has them */
  BatchLoader *loader = batch_loader_create_mixed(r->d.sources, r->d.count, &o);
  if (!loader) {
    fuzz_check_refusal("batch_loader_create_mixed: drop_last");
    if (!has_short_epoch(r, (uint64_t)o.world * o.batch_size)) fuzz_fail("no loader");
    return false;
  }
  bool more = false;
  for (unsigned i = 0; i <= steps; i++) {
    more = find_step(r, at, (uint64_t)o.world * o.batch_size);
    if (i == steps && more) break;
    Batch *b = batch_loader_next(loader);
    if (!b != !more) fuzz_fail("step %u of this part is there, or is not", i);
    if (!b) break;
    check_batch(r, loader, b, *at, o.rank);
    if (how & 4) check_replay(loader, b);
    at->kept += (uint64_t)o.world * o.batch_size;
    if (at->kept > kept_rows(&r->epochs[at->epoch])) at->kept = kept_rows(&r->epochs[at->epoch]);
    batch_release(b);
  }
  if (!more && batch_last_error()->code != BATCH_END) fuzz_fail("no end");
  if (more) take_state(r, loader, *at, how & 1, state);
  batch_loader_free(loader);
  return more;
}

static void check_run(run *r, fuzz_input *in) {
  if (!run_once(r)) return;
  for (uint32_t e = 0; e < r->options.epochs && !r->d.weighted && !is_windowed(r); e++)
    check_unweighted(r, &r->epochs[e]);
  if (r->d.weighted) check_weighted(r);
  check_shuffled(r);
  take_skips(r, in);
  place at = {0, 0};
  batch_loader_state state;
  for (bool resumes = false; run_part(r, in, &at, &state, resumes) && in->size > 0;) resumes = true;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
  static run r;
  fuzz_input in = fuzz_begin(bytes, size);
  memset(&r, 0, sizeof r);
  take_options(&r, &in);
  make_data(&r.d, &in);
  check_run(&r, &in);
  for (size_t s = 0; s < r.d.count; s++) batch_dataset_free(r.d.sets[s]);
  return fuzz_end();
}
