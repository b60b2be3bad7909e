/* Every batch of many loaders against a reference that lays the whole order out, row by row, in the
   plainest way: packings, shuffles, mixes, ranks, batch sizes, workers, io, delivery and resuming. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mix.h"
#include "loader/plan/permutation.h"
#include "loader/plan/shares.h"
#include "support/loader.h"

TestSuite(loader_order, .init = files_begin, .fini = files_end);

enum {
  SOURCES = 3,
  DOCUMENTS = 60,
  MOST_TOKENS = 1200,
  MOST_ROWS = 800, /* of all sources, at most; a mix of a window of 1 to 7 */
  EPOCHS = 3,
  PIECES = 64,
  KEY_ROWS = 1,
  KEY_BLOCKS,
  KEY_IN_BLOCK,
  KEY_SOURCE = 5,
  KEY_DOCUMENTS,
  KEY_WINDOWS,
  KEY_IN_WINDOW,
  MOST_WINDOWED = EPOCHS * MOST_ROWS + 200,
  PAD = 777
};

typedef struct piece {
  uint32_t source, token, pairs;
} piece;

typedef struct row {
  piece pieces[PIECES];
  uint32_t count, room;
  uint64_t since; /* best fit: when it got that room */
} row;

/* Rows that come in windows of documents: of an epoch, or of all passes of a weighted source. */
typedef struct windowed {
  row *rows; /* [MOST_WINDOWED] in their order */
  uint32_t count;
} windowed;

typedef struct listed {
  uint32_t source, token, pairs;
} listed;

typedef struct made_source {
  BatchDataset *sets[2]; /* by batch_io */
  uint16_t tokens[MOST_TOKENS];
  uint32_t count, ends[DOCUMENTS], documents;
  row *rows; /* [num_rows] */
  uint32_t num_rows;
} made_source;

static made_source made[SOURCES];
static row *order[EPOCHS][MOST_ROWS]; /* what stands at each place of each epoch */
static uint32_t epoch_rows[EPOCHS + 1];
static windowed windows[EPOCHS]; /* of the epochs, or the sources */

typedef struct draw {
  uint64_t state;
} draw;

static uint32_t below(draw *d, uint32_t bound) {
  return (uint32_t)(mix64(++d->state * UINT64_C(0x9e3779b97f4a7c15)) % bound);
}

/* Documents of 0 to 30 tokens, two files for the first source. */
static void make_source(int number, draw *d) {
  made_source *s = &made[number];
  uint32_t most = number == 0 ? DOCUMENTS : number == 1 ? 7 : 25, cut = number == 0 ? 31 : most;
  const char *paths[2] = {NULL, NULL};
  bytes tokens = {0}, ends = {0};
  uint32_t file_begin = 0;
  for (s->documents = s->count = 0; s->documents < most; s->documents++) {
    uint32_t length = below(d, 4) == 0 ? below(d, 2) : below(d, 31);
    if (s->documents + 1 == most) length = 9; /* every packing finds a row */
    for (uint32_t i = 0; i < length; i++, s->count++) {
      s->tokens[s->count] = (uint16_t)below(d, 1000);
      put_u16(&tokens, s->tokens[s->count]);
    }
    s->ends[s->documents] = s->count;
    put_u64(&ends, s->count - file_begin);
    if (s->documents + 1 != most && s->documents + 1 != cut) continue;
    char name[32];
    bool second = paths[0];
    snprintf(name, sizeof name, "%d%d.ds", number, second);
    paths[second] = write_bytes(name, &tokens);
    snprintf(name, sizeof name, "%d%d.ds.index", number, second);
    write_bytes(name, &ends);
    tokens = ends = (bytes){0};
    file_begin = s->count;
  }
  for (int io = 0; io < 2; io++) {
    batch_dataset_options o = BATCH_DATASET_OPTIONS_INIT;
    o.io = (batch_io)io;
    s->sets[io] = batch_dataset_open(paths, paths[1] ? 2 : 1, &o);
    cr_assert_not_null(s->sets[io], "%s", batch_last_error()->message);
  }
}

static uint32_t document_begin(const made_source *s, uint32_t document) {
  return document == 0 ? 0 : s->ends[document - 1];
}

static row *add_row(made_source *s, uint32_t token, uint32_t pairs) {
  row *r = &s->rows[s->num_rows++];
  *r = (row){.pieces = {{(uint32_t)(s - made), token, pairs}}, .count = 1};
  return r;
}

static void cut_windows(made_source *s, uint32_t length, bool whole) {
  for (uint32_t at = 0; at + 1 < s->count; at += length) {
    uint32_t pairs = s->count - 1 - at < length ? s->count - 1 - at : length;
    if (pairs == length || !whole) add_row(s, at, pairs);
  }
}

static void cut_documents(made_source *s, uint32_t length) {
  for (uint32_t d = 0; d < s->documents; d++) {
    uint32_t pairs = s->ends[d] - document_begin(s, d);
    if (pairs >= 2) add_row(s, document_begin(s, d), pairs - 1 < length ? pairs - 1 : length);
  }
}

/* Into the row with the least room that holds it, from row `first` on; of several, the one that got that room last. */
static row *find_row(windowed *w, uint32_t first, uint32_t pairs, uint32_t length) {
  row *best = NULL;
  for (uint32_t i = first; i < w->count; i++) {
    row *r = &w->rows[i];
    if (r->room < pairs || (best && r->room > best->room)) continue;
    if (!best || r->room < best->room || r->since > best->since) best = r;
  }
  if (best) return best;
  cr_assert_lt(w->count, MOST_WINDOWED);
  best = &w->rows[w->count++];
  *best = (row){.room = length};
  return best;
}

static void put_piece(row *r, const listed *d, uint32_t at, uint32_t pairs, uint64_t now) {
  r->pieces[r->count++] = (piece){d->source, d->token + at, pairs};
  r->room -= pairs;
  r->since = now;
}

/* What of the documents is shorter than a row by falling length; then the full rows. aligned: what is longer than a row
   is left out, and a full row is a piece like others. */
static void pack_documents(windowed *w, const listed *list, uint32_t n, uint32_t length, bool aligned) {
  uint32_t first = w->count;
  uint64_t now = 0;
  for (uint32_t pairs = length; pairs >= 1; pairs--)
    for (uint32_t d = 0; d < n; d++) {
      uint32_t full = aligned ? 0 : list[d].pairs / length * length, rest = list[d].pairs - full;
      if ((rest < length ? rest : length) == pairs)
        put_piece(find_row(w, first, pairs, length), &list[d], full, pairs, ++now);
    }
  for (uint32_t d = 0; d < n && !aligned; d++)
    for (uint32_t at = 0; at + length <= list[d].pairs; at += length)
      put_piece(find_row(w, w->count, length, length), &list[d], at, length, 0);
}

static void cut_rows(made_source *s, const batch_loader_options *o) {
  s->num_rows = 0;
  if (o->packing == BATCH_PACK_WINDOWS)
    cut_windows(s, o->sequence_length, o->drop_last);
  else if (o->packing == BATCH_PACK_DOCUMENTS)
    cut_documents(s, o->sequence_length);
  else
    s->num_rows = (s->count - 1) / o->sequence_length + 1; /* what it adds to an epoch of a mix */
}

/* out: [count] which index comes at each place. */
static void shuffle(const batch_loader_options *o, uint32_t count, uint64_t key, uint32_t *out) {
  uint32_t size = o->shuffle == BATCH_SHUFFLE_BLOCKS ? (uint32_t)o->block_rows : count, at = 0;
  permutation outer, inner;
  if (o->shuffle == BATCH_SHUFFLE_ALL) {
    permutation_init(&outer, count, mix64_with(key, KEY_ROWS));
    for (uint32_t i = 0; i < count; i++) out[i] = (uint32_t)permutation_at(&outer, i);
    return;
  }
  uint32_t blocks = (count - 1) / size + 1;
  permutation_init(&outer, blocks, mix64_with(key, KEY_BLOCKS));
  for (uint32_t nth = 0; nth < blocks; nth++) {
    bool shuffled = o->shuffle == BATCH_SHUFFLE_BLOCKS;
    uint32_t block = shuffled ? (uint32_t)permutation_at(&outer, nth) : nth;
    uint32_t length = block == blocks - 1 ? count - block * size : size;
    permutation_init(&inner, length, mix64_with(mix64_with(key, KEY_IN_BLOCK), block));
    for (uint32_t i = 0; i < length; i++)
      out[at++] = block * size + (shuffled ? (uint32_t)permutation_at(&inner, i) : i);
  }
}

/* The documents of sources [from, to), those of one source behind those of the other. */
static uint32_t list_documents(uint32_t from, uint32_t to, listed *list) {
  uint32_t n = 0;
  for (uint32_t i = from; i < to; i++)
    for (uint32_t d = 0; d < made[i].documents; d++) {
      uint32_t begin = document_begin(&made[i], d), tokens = made[i].ends[d] - begin;
      list[n++] = (listed){i, begin, tokens < 2 ? 0 : tokens - 1};
    }
  return n;
}

static void shuffle_rows(row *rows, uint32_t count, uint64_t key) {
  static row copy[MOST_ROWS];
  permutation order_of_rows;
  if (count == 0) return;
  memcpy(copy, rows, count * sizeof *rows);
  permutation_init(&order_of_rows, count, key);
  for (uint32_t i = 0; i < count; i++) rows[i] = copy[permutation_at(&order_of_rows, i)];
}

/* Adds the windows of one pass over the documents. */
static void add_pass(windowed *w, const batch_loader_options *o, const listed *documents, uint32_t n,
                     uint64_t key) {
  uint32_t size = o->pack_window, count = (n - 1) / size + 1;
  listed list[SOURCES * DOCUMENTS];
  permutation by_document, by_window;
  permutation_init(&by_document, n, mix64_with(key, KEY_DOCUMENTS));
  permutation_init(&by_window, count, mix64_with(key, KEY_WINDOWS));
  for (uint32_t nth = 0; nth < count; nth++) {
    uint32_t block = o->shuffle == BATCH_SHUFFLE_BLOCKS ? (uint32_t)permutation_at(&by_window, nth) : nth,
             used = 0;
    for (uint32_t i = block * size; i < n && i < (block + 1) * size; i++)
      list[used++] = documents[o->shuffle == BATCH_SHUFFLE_ALL ? permutation_at(&by_document, i) : i];
    uint32_t first = w->count;
    pack_documents(w, list, used, o->sequence_length, o->packing == BATCH_PACK_BOS_ALIGNED);
    if (o->shuffle != BATCH_SHUFFLE_NONE)
      shuffle_rows(w->rows + first, w->count - first, mix64_with(mix64_with(key, KEY_IN_WINDOW), nth));
  }
}

static void order_windows(const batch_loader_options *o, uint32_t sources) {
  listed documents[SOURCES * DOCUMENTS];
  uint32_t n = list_documents(0, sources, documents);
  for (uint32_t epoch = 0; epoch < EPOCHS; epoch++) {
    windows[epoch].count = 0;
    add_pass(&windows[epoch], o, documents, n, mix64_with(o->seed, epoch));
    epoch_rows[epoch] = windows[epoch].count;
    cr_assert_leq(epoch_rows[epoch], MOST_ROWS);
    for (uint32_t i = 0; i < epoch_rows[epoch]; i++) order[epoch][i] = &windows[epoch].rows[i];
  }
}

static uint64_t key_of_pass(const batch_loader_options *o, uint32_t source, uint64_t pass) {
  return mix64_with(mix64_with(mix64_with(o->seed, KEY_SOURCE), source), pass);
}

/* Pass after pass, for as many rows as the source can give. */
static void lay_out_lane(const batch_loader_options *o, uint32_t source, uint32_t rows) {
  listed documents[DOCUMENTS];
  uint32_t n = list_documents(source, source + 1, documents);
  windows[source].count = 0;
  for (uint64_t pass = 0; windows[source].count < rows; pass++)
    add_pass(&windows[source], o, documents, n, key_of_pass(o, source, pass));
}

static void order_unweighted(const batch_loader_options *o, uint32_t sources) {
  uint32_t places[MOST_ROWS];
  for (uint32_t epoch = 0; epoch < EPOCHS; epoch++) {
    shuffle(o, epoch_rows[0], mix64_with(o->seed, epoch), places);
    for (uint32_t i = 0; i < epoch_rows[0]; i++) {
      uint32_t at = places[i], source = 0;
      for (; source + 1 < sources && at >= made[source].num_rows; source++) at -= made[source].num_rows;
      order[epoch][i] = &made[source].rows[at];
    }
  }
}

/* Whole-number weights: the row whose turn ends first among those whose turn has begun, by definition. */
static uint32_t whose_turn(const uint32_t *weights, const uint32_t *given, uint32_t sources, uint32_t slot) {
  uint32_t whole = 0, best = UINT32_MAX;
  uint64_t best_due = UINT64_MAX;
  for (uint32_t i = 0; i < sources; i++) whole += weights[i];
  for (uint32_t i = 0; i < sources; i++) {
    uint64_t begins = (uint64_t)given[i] * whole / weights[i];
    uint64_t due = ((uint64_t)(given[i] + 1) * whole + weights[i] - 1) / weights[i];
    if (begins > slot || due >= best_due) continue;
    best = i, best_due = due;
  }
  return best;
}

/* Each weight times the square root of its number: then no whole numbers stand for them, and shares.h, which
   test_shares.c looks after, says whose turn it is. */
static double weight_of(const uint32_t *weights, uint32_t i, bool whole) {
  return whole ? weights[i] : weights[i] * sqrt(i + 1.0);
}

static void order_weighted(const batch_loader_options *o, uint32_t sources, const uint32_t *weights,
                           bool whole) {
  uint32_t given[SOURCES] = {0}, places[SOURCES][MOST_ROWS];
  double parts[SOURCES];
  shares s;
  shares_reader r;
  for (uint32_t i = 0; i < sources; i++) parts[i] = weight_of(weights, i, whole);
  cr_assert(shares_init(&s, parts, sources) && shares_reader_init(&r, &s));
  uint32_t all = epoch_rows[0];
  for (uint32_t i = 0; i < sources && o->packing >= BATCH_PACK_BEST_FIT; i++)
    lay_out_lane(o, i, EPOCHS * all);
  for (uint32_t nth = 0; nth < EPOCHS * all; nth++) {
    uint32_t source = whole ? whose_turn(weights, given, sources, nth) : shares_at(&r, nth).source;
    uint32_t rows = made[source].num_rows, place = given[source]++ % rows;
    row **at = &order[nth / all][nth % all];
    if (o->packing >= BATCH_PACK_BEST_FIT) {
      *at = &windows[source].rows[given[source] - 1];
      continue;
    }
    if (place == 0) shuffle(o, rows, key_of_pass(o, source, (given[source] - 1) / rows), places[source]);
    *at = &made[source].rows[places[source][place]];
  }
  shares_reader_free(&r);
  shares_free(&s);
}

static void lay_out(const batch_loader_options *o, uint32_t sources, const uint32_t *weights, bool whole) {
  uint32_t rows = 0;
  bool weighted = weights[0] > 0 && sources > 1;
  for (uint32_t i = 0; i < sources; i++) {
    cut_rows(&made[i], o);
    rows += made[i].num_rows;
  }
  cr_assert_leq(rows, MOST_ROWS);
  for (uint32_t epoch = 0; epoch < EPOCHS; epoch++) epoch_rows[epoch] = rows;
  if (weighted)
    order_weighted(o, sources, weights, whole);
  else if (o->packing >= BATCH_PACK_BEST_FIT)
    order_windows(o, sources);
  else
    order_unweighted(o, sources);
}

static int32_t element(const Tensor *tensor, uint32_t r, uint32_t column) {
  return (int32_t)tensor_get(tensor, (uint32_t[2]){r, column});
}

/* The document of its row that column `i` of a piece belongs to, and its place there: pieces are documents,
   but a window's are counted by the ends that it passes. */
static void expect_document(const made_source *s, const batch_loader_options *o, const piece *p, uint32_t nth,
                            uint32_t i, int32_t *document, int32_t *position) {
  *document = (int32_t)nth;
  *position = (int32_t)i;
  for (uint32_t d = 0; o->packing == BATCH_PACK_WINDOWS && d < s->documents; d++)
    if (s->ends[d] > p->token && s->ends[d] <= p->token + i && s->ends[d] > document_begin(s, d)) {
      ++*document;
      *position = (int32_t)(p->token + i - s->ends[d]);
    }
}

static void check_column(const Batch *b, uint32_t r, uint32_t column, const int32_t expected[5],
                         const char *what) {
  const Tensor *tensors[5] = {&b->input, &b->target, &b->mask, &b->documents, &b->positions};
  static const char *const names[] = {"input", "target", "mask", "document", "position"};
  for (int t = 0; t < 5; t++) {
    int32_t got = element(tensors[t], r, column);
    cr_assert_eq(got, expected[t], "%s: step %d of epoch %u, row %u, column %u: %s %d instead of %d", what,
                 (int)b->batch_id, b->epoch_id, r, column, names[t], got, expected[t]);
  }
}

static void check_row(const Batch *b, uint32_t r, uint64_t place, const batch_loader_options *o,
                      const char *what) {
  uint32_t column = 0;
  const row *expected = place < epoch_rows[b->epoch_id] ? order[b->epoch_id][place] : NULL;
  for (uint32_t n = 0; expected && n < expected->count; n++) {
    const piece *p = &expected->pieces[n];
    const made_source *s = &made[p->source];
    for (uint32_t i = 0; i < p->pairs; i++) {
      int32_t values[5] = {s->tokens[p->token + i], s->tokens[p->token + i + 1], 1, 0, 0};
      expect_document(s, o, p, n, i, &values[3], &values[4]);
      check_column(b, r, column++, values, what);
    }
  }
  for (; column < b->sequence_length; column++)
    check_column(b, r, column, (int32_t[5]){PAD, PAD, 0, -1, 0}, what);
}

typedef struct run {
  batch_loader_options options;
  batch_loader_source sources[SOURCES];
  uint32_t num_sources;
  bool whole_weights, counted; /* counted: rows of an epoch are known when the loader is made */
  char what[300];
} run;

static BatchLoader *start(const run *r, const batch_loader_options *o) {
  BatchLoader *loader = batch_loader_create_mixed(r->sources, r->num_sources, o);
  cr_assert_not_null(loader, "%s: %s", r->what, batch_last_error()->message);
  uint64_t rows = batch_loader_epoch_rows(loader);
  if (r->counted)
    cr_assert_eq(rows, epoch_rows[0], "%s: %d rows instead of %u", r->what, (int)rows, epoch_rows[0]);
  return loader;
}

/* Takes batches of one rank, at most `most`, from a row of an epoch on, and marks the places it saw.
   Returns how many there were. */
static uint64_t take(const run *r, const batch_loader_options *o, BatchLoader *loader, uint64_t epoch,
                     uint64_t from, uint64_t most, uint8_t seen[EPOCHS][MOST_ROWS]) {
  uint64_t taken = 0, step_rows = (uint64_t)o->world * o->batch_size;
  for (Batch *b; taken < most && (b = batch_loader_next(loader)); batch_release(b), taken++) {
    while (from >= epoch_rows[epoch] || (o->drop_last && epoch_rows[epoch] - from < step_rows)) {
      cr_assert_lt(epoch++, EPOCHS - 1, "%s", r->what);
      from = 0;
    }
    uint64_t places[6];
    places_of(loader, b, places);
    if (!o->as_they_come) cr_assert_eq(b->epoch_id, epoch, "%s", r->what);
    for (uint32_t i = 0; i < b->batch_size; i++) {
      uint64_t place = from + o->rank * o->batch_size + i;
      if (!o->as_they_come)
        cr_assert_eq(places[i], place < epoch_rows[epoch] ? place : BATCH_NO_PLACE, "%s", r->what);
      check_row(b, i, places[i], o, r->what);
      if (places[i] < epoch_rows[b->epoch_id]) seen[b->epoch_id][places[i]]++;
    }
    from += step_rows;
  }
  if (taken == most) return taken;
  cr_assert_eq(batch_last_error()->code, BATCH_END, "%s: %s", r->what, batch_last_error()->message);
  if (epoch < EPOCHS && !r->counted) cr_assert_eq(batch_loader_epoch_rows(loader), epoch_rows[EPOCHS - 1]);
  uint64_t left = from < epoch_rows[epoch] ? epoch_rows[epoch] - from : 0;
  cr_assert(epoch == EPOCHS || (epoch == EPOCHS - 1 && (o->drop_last ? left < step_rows : left == 0)),
            "%s: ended in epoch %d with %d rows left", r->what, (int)epoch, (int)left);
  return taken;
}

/* Each epoch has a step. */
static bool can_run(const batch_loader_options *o) {
  for (uint32_t epoch = 0; epoch < EPOCHS && o->drop_last; epoch++)
    if ((uint64_t)o->world * o->batch_size > epoch_rows[epoch]) return false;
  return true;
}

/* Some steps of all ranks, then from their state on with another batch size, world, number of workers and io:
   every place comes once, but for what drop_last leaves out. */
static void check_run(run *r, draw *d) {
  static uint8_t seen[EPOCHS][MOST_ROWS];
  batch_loader_options *o = &r->options, rest = *o;
  batch_loader_state state = {0};
  memset(seen, 0, sizeof seen);
  uint64_t total = 0, stop = below(d, 12);
  if (o->as_they_come) stop = UINT64_MAX;
  for (o->rank = 0; o->rank < o->world; o->rank++) {
    BatchLoader *loader = start(r, o);
    uint64_t taken = take(r, o, loader, 0, 0, stop, seen);
    cr_assert(o->rank == 0 || taken == total, "%s: rank %u has another number of steps", r->what, o->rank);
    total = taken;
    state = state_of(loader);
    batch_loader_free(loader);
  }
  rest.resume = &state;
  rest.world = 1 + below(d, 3);
  rest.batch_size = 1 + below(d, 6);
  rest.workers = 1 + below(d, 3);
  if (!can_run(&rest)) return;
  for (uint32_t i = 0; i < r->num_sources; i++) r->sources[i].dataset = made[i].sets[below(d, 2)];
  for (rest.rank = 0; rest.rank < rest.world; rest.rank++) {
    BatchLoader *loader = start(r, &rest);
    take(r, &rest, loader, state.epoch, state.row, UINT64_MAX, seen);
    batch_loader_free(loader);
  }
  for (uint32_t epoch = 0; epoch < EPOCHS; epoch++)
    for (uint32_t i = 0; i < epoch_rows[epoch]; i++)
      cr_assert(seen[epoch][i] == 1 || (o->drop_last && seen[epoch][i] == 0),
                "%s: place %u of epoch %u comes %u times", r->what, i, epoch, seen[epoch][i]);
}

static void draw_run(run *r, draw *d, uint32_t weights[SOURCES]) {
  static const batch_id_type types[] = {BATCH_IDS_INT32, BATCH_IDS_FLOAT32, BATCH_IDS_INT64,
                                        BATCH_IDS_UINT16};
  batch_loader_options *o = &r->options;
  *r = (run){.options = BATCH_LOADER_OPTIONS_INIT, .num_sources = 1 + below(d, SOURCES)};
  o->batch_size = 1 + below(d, 6);
  o->sequence_length = 7 + below(d, 12);
  o->vocab_size = 1000;
  o->id_type = types[below(d, 4)];
  o->mask_type = below(d, 2) ? TENSOR_UINT8 : TENSOR_FLOAT32;
  o->with_documents = true;
  o->workers = 1 + below(d, 3);
  o->pool_size = 1 + below(d, 6);
  o->seed = below(d, 1000);
  o->shuffle = (batch_shuffle)below(d, 3);
  o->block_rows = 1 + below(d, 20);
  o->packing = (batch_packing)below(d, 4);
  o->pack_window = 1 + below(d, below(d, 2) ? 10 : 100);
  o->pad_id = PAD;
  o->epochs = EPOCHS;
  o->drop_last = below(d, 3) == 0;
  o->world = 1 + below(d, 3);
  o->as_they_come = below(d, 3) == 0;
  bool weighted = below(d, 3) > 0;
  r->whole_weights = below(d, 2);
  r->counted = o->packing < BATCH_PACK_BEST_FIT || (weighted && r->num_sources > 1);
  for (uint32_t i = 0; i < r->num_sources; i++) {
    weights[i] = weighted ? 1 + below(d, 9) : 0;
    r->sources[i] = (batch_loader_source){made[i].sets[below(d, 2)], weight_of(weights, i, r->whole_weights)};
  }
  snprintf(r->what, sizeof r->what,
           "packing %d in windows of %u, shuffle %d, blocks of %d, %u sources of weights %u %u %u (whole "
           "%d), world %u, batch %u, "
           "drop_last %d, "
           "as_they_come %d, seed %d",
           (int)o->packing, o->pack_window, (int)o->shuffle, (int)o->block_rows, r->num_sources, weights[0],
           weights[1], weights[2], r->whole_weights, o->world, o->batch_size, o->drop_last, o->as_they_come,
           (int)o->seed);
}

Test(loader_order, every_batch_is_what_a_plain_reference_lays_out) {
  draw d = {1};
  for (int i = 0; i < SOURCES; i++) {
    made[i].rows = calloc(MOST_ROWS, sizeof *made[i].rows);
    windows[i].rows = calloc(MOST_WINDOWED, sizeof *windows[i].rows);
    make_source(i, &d);
  }
  for (int i = 0; i < 400; i++) {
    run r;
    uint32_t weights[SOURCES] = {0};
    draw_run(&r, &d, weights);
    lay_out(&r.options, r.num_sources, weights, r.whole_weights);
    if (!can_run(&r.options)) continue;
    check_run(&r, &d);
  }
  for (int i = 0; i < SOURCES; i++) {
    free(made[i].rows);
    free(windows[i].rows);
    for (int io = 0; io < 2; io++) batch_dataset_free(made[i].sets[io]);
  }
}
