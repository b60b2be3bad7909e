/* Windows of documents: what is in them, and the store of those that are packed. */
#include "support/failing_memory.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/guard.h"
#include "base/mix.h"
#include "loader/plan/order.h"
#include "loader/plan/plan_reader.h"
#include "support/loader.h"

TestSuite(plan_windows, .init = files_begin, .fini = files_end);

enum { DOCUMENTS = 120, COLUMNS = 16, MOST_TOKENS = DOCUMENTS * 50 };

static uint32_t lengths[2][DOCUMENTS];
static BatchDataset *sets[2];

static void make_plan(plan *p, batch_loader_options *o, double weight) {
  batch_loader_source sources[2];
  o->sequence_length = COLUMNS;
  o->seed = 3;
  for (int i = 0; i < 2; i++) {
    for (uint32_t d = 0; d < DOCUMENTS; d++) lengths[i][d] = (uint32_t)(mix64(d * 2 + (unsigned)i) % 45);
    sets[i] = make_documents(i ? "b.ds" : "a.ds", lengths[i], DOCUMENTS);
    sources[i] = (batch_loader_source){sets[i], weight};
  }
  cr_assert(guard_install() && plan_init(p, sources, 2, o), "%s", batch_last_error()->message);
}

static void free_plan(plan *p) {
  plan_free(p);
  for (int i = 0; i < 2; i++) batch_dataset_free(sets[i]);
}

/* Marks what the rows of a window have; no row is overfull. */
static void mark(const plan *p, const pack_table *t, uint8_t seen[2][MOST_TOKENS]) {
  for (uint64_t row = 0; row < t->rows; row++) {
    plan_row at = {0, row, t};
    uint32_t used = 0, source;
    for (uint32_t i = 0; i < plan_pieces(&at); i++) {
      pack_piece piece = plan_piece(p, &at, i, &source);
      used += piece.columns;
      for (uint32_t k = 0; k < piece.pairs; k++) cr_assert_eq(seen[source][piece.token + k]++, 0);
    }
    cr_assert(used > 0 && used <= COLUMNS);
  }
}

/* Each pair of each document once in the windows of a pass, whatever they are. */
static void check_pass(const plan *p, uint32_t lane, uint64_t pass) {
  static uint8_t seen[2][MOST_TOKENS];
  memset(seen, 0, sizeof seen);
  lane_at at = {.pass = pass};
  for (; at.number < pack_window_count(p, lane); at.number++) {
    packed_window *window = windows_pin(p->windows, lane, &at);
    cr_assert_not_null(window, "%s", batch_last_error()->message);
    mark(p, &window->table, seen);
    packed_window_unpin(window);
  }
  for (uint32_t i = 0; i < 2; i++)
    for (uint32_t d = 0, token = 0; d < DOCUMENTS; token += lengths[i][d++])
      for (uint32_t k = 0; k + 1 < lengths[i][d]; k++)
        cr_assert_eq(seen[i][token + k], !p->weighted || i == lane, "source %u, document %u", i, d);
}

Test(plan_windows, of_a_pass_have_every_pair_once) {
  for (int weighted = 0; weighted < 2; weighted++)
    for (uint32_t size = 1; size < 400; size = size * 3 + 1)
      for (batch_shuffle shuffle = BATCH_SHUFFLE_ALL; shuffle <= BATCH_SHUFFLE_NONE; shuffle++) {
        batch_loader_options o = BATCH_LOADER_OPTIONS_INIT;
        o.packing = BATCH_PACK_BEST_FIT;
        o.pack_window = size;
        o.shuffle = shuffle;
        plan p;
        make_plan(&p, &o, weighted);
        for (uint64_t pass = 0; pass < 3; pass++)
          check_pass(&p, (uint32_t)pass % pack_window_lanes(&p), pass);
        free_plan(&p);
      }
}

/* Found by a reader that goes on, and by one that begins anew each time: rows lie where the windows' numbers say. */
Test(plan_windows, have_rows_one_behind_the_other) {
  for (int weighted = 0; weighted < 2; weighted++) {
    batch_loader_options o = BATCH_LOADER_OPTIONS_INIT;
    o.packing = BATCH_PACK_BEST_FIT;
    o.pack_window = 7;
    plan p;
    make_plan(&p, &o, weighted);
    lane_at on = {0};
    uint64_t first = 0;
    for (uint64_t pass = 0; pass < 5; pass++) {
      if (!weighted) on = (lane_at){.pass = pass}, first = 0;
      for (uint64_t number = 0; number < pack_window_count(&p, 0); number++) {
        lane_at at = {.pass = pass, .number = number};
        cr_assert(windows_count(p.windows, 0, &at));
        for (uint64_t nth = first; nth < first + at.rows; nth++) {
          lane_at anew = windows_start(p.windows, 0, pass, nth);
          cr_assert_eq(windows_find(p.windows, 0, &on, nth, NULL), WINDOWS_FOUND);
          cr_assert_eq(windows_find(p.windows, 0, &anew, nth, NULL), WINDOWS_FOUND);
          cr_assert(on.pass == pass && on.number == number && on.first == first && on.rows == at.rows);
          cr_assert(anew.pass == pass && anew.number == number && anew.first == first);
        }
        first += at.rows;
      }
      if (weighted) continue;
      cr_assert_eq(windows_find(p.windows, 0, &on, first, NULL), WINDOWS_NONE);
      cr_assert(on.first == first && windows_rows(p.windows) == first);
    }
    free_plan(&p);
  }
}

Test(plan_windows, stay_while_they_are_pinned_and_make_room_for_each_other) {
  enum { PINNED = 10 };
  batch_loader_options o = BATCH_LOADER_OPTIONS_INIT;
  o.packing = BATCH_PACK_BEST_FIT;
  o.pack_window = 5;
  plan p;
  make_plan(&p, &o, 0);
  packed_window *pinned[PINNED], *again;
  uint64_t rows[PINNED];
  for (uint64_t i = 0; i < PINNED; i++) {
    pinned[i] = windows_pin(p.windows, 0, &(lane_at){.number = i});
    rows[i] = pinned[i]->table.rows;
  }
  lane_at other = {.number = PINNED};
  check_forget_error(); /* a first error allocates */
  memory_fails_at(1, false);
  assert_refused(!windows_pin(p.windows, 0, &other), BATCH_ERROR_OUT_OF_MEMORY, "no memory for a window");
  memory_fails_at(0, false);
  packed_window_unpin(pinned[0]);
  again = windows_pin(p.windows, 0, &other);
  cr_assert_eq(again, pinned[0], "who is not pinned makes room, without memory");
  cr_assert_eq(memory_allocations(), 0);
  for (uint64_t i = 1; i < PINNED; i++) {
    cr_assert_eq(windows_pin(p.windows, 0, &(lane_at){.number = i}), pinned[i], "there is one of each");
    cr_assert_eq(pinned[i]->table.rows, rows[i]);
    for (int k = 0; k < 2; k++) packed_window_unpin(pinned[i]);
  }
  packed_window_unpin(again);
  free_plan(&p);
}

static void *walk(void *of) {
  const plan *p = of;
  for (uint64_t pass = 0; pass < 30; pass++) {
    lane_at at = {.pass = pass};
    uint64_t nth = 0;
    for (; windows_find(p->windows, 0, &at, nth, NULL) == WINDOWS_FOUND; nth += at.rows) {
      packed_window *window = windows_pin(p->windows, 0, &at);
      if (!window || window->table.rows != at.rows) return "a window is another one for another thread";
      windows_pack_next(p->windows, 0, &at);
      packed_window_unpin(window);
    }
    if (nth == 0) return "a pass has no row";
  }
  return NULL;
}

Test(plan_windows, are_the_same_for_threads_that_walk_at_once) {
  enum { THREADS = 4 };
  batch_loader_options o = BATCH_LOADER_OPTIONS_INIT;
  o.packing = BATCH_PACK_BOS_ALIGNED;
  o.pack_window = 3;
  plan p;
  make_plan(&p, &o, 0);
  pthread_t threads[THREADS];
  for (int i = 0; i < THREADS; i++) cr_assert_eq(pthread_create(&threads[i], NULL, walk, &p), 0);
  for (int i = 0; i < THREADS; i++) {
    void *wrong;
    pthread_join(threads[i], &wrong);
    cr_assert_null(wrong, "%s", (const char *)wrong);
  }
  free_plan(&p);
}

/* What was counted once, and has been forgotten, is packed again: rows that are found are rows that there are. */
Test(plan_windows, of_documents_that_are_others_by_now_are_refused) {
  batch_loader_options o = BATCH_LOADER_OPTIONS_INIT;
  o.packing = BATCH_PACK_BEST_FIT;
  o.pack_window = 9;
  plan p;
  make_plan(&p, &o, 0);
  lane_at at = {0};
  cr_assert_eq(windows_find(p.windows, 0, &at, 3, NULL), WINDOWS_FOUND);
  for (uint64_t pass = 1; pass < 9; pass++)
    packed_window_unpin(windows_pin(p.windows, 0, &(lane_at){.pass = pass}));
  packed_window_unpin(windows_pin(p.windows, 0, &at));
  at.rows++;
  assert_refused(!windows_pin(p.windows, 0, &at), BATCH_ERROR_IO,
                 "a.ds and the other sources: documents changed");
  at.rows--;
  free_plan(&p);
}

/* Opens a dataset whose tokens nobody reads, and whose ends of documents stay the test's, and plans windows of it. */
static BatchDataset *plan_ends(plan *p, const uint64_t *ends, uint64_t documents, uint32_t window) {
  batch_memory m = BATCH_MEMORY_INIT;
  batch_loader_options o = BATCH_LOADER_OPTIONS_INIT;
  m.name = "mine";
  m.tokens = "";
  m.token_type = BATCH_TOKEN_U8;
  m.count = ends[documents - 1];
  m.document_ends = ends;
  m.documents = documents;
  BatchDataset *set = batch_dataset_from_memory(&m, NULL);
  cr_assert_not_null(set, "%s", batch_last_error()->message);
  o.packing = BATCH_PACK_BEST_FIT;
  o.pack_window = window;
  o.shuffle = BATCH_SHUFFLE_NONE;
  o.sequence_length = COLUMNS;
  cr_assert(guard_install() && plan_init(p, &(batch_loader_source){set, 0}, 1, &o), "%s",
            batch_last_error()->message);
  return set;
}

/* Two of them do not fit in a row: each has one, until one document has all tokens. */
Test(plan_windows, that_have_fewer_rows_than_were_counted_are_refused) {
  enum { MANY = 40, EACH = COLUMNS / 2 + 2, WANTED = 35 };
  uint64_t ends[MANY];
  plan p;
  plan_reader r;
  plan_row row = {0};
  for (uint64_t i = 0; i < MANY; i++) ends[i] = (i + 1) * EACH;
  BatchDataset *set = plan_ends(&p, ends, MANY, 10);
  lane_at from = {0}, at;
  cr_assert_eq(windows_find(p.windows, 0, &from, 0, NULL), WINDOWS_FOUND);
  at = from;
  cr_assert_eq(windows_find(p.windows, 0, &at, WANTED, NULL), WINDOWS_FOUND);
  for (uint64_t pass = 1; pass < 9; pass++) /* what was counted is forgotten */
    packed_window_unpin(windows_pin(p.windows, 0, &(lane_at){.pass = pass}));
  for (uint64_t i = 0; i < MANY; i++) ends[i] = MANY * EACH;
  cr_assert(plan_reader_init(&r, &p));
  assert_refused(plan_locate_each(&r, 0, &from, &(uint64_t){WANTED}, 1, &row) == 0, BATCH_ERROR_IO,
                 "mine: documents changed while they were open");
  plan_reader_free(&r);
  plan_free(&p);
  batch_dataset_free(set);
}

/* Each lies within the tokens, and is taken; that they come to more than there are says that they are none of one file. */
Test(plan_windows, of_documents_that_overlap_by_now_are_refused) {
  const uint64_t far = UINT64_C(1) << 61;
  uint64_t ends[] = {far, far, far, far, far};
  if (SIZE_MAX == UINT32_MAX) cr_skip("so many tokens cannot be addressed here");
  plan p;
  lane_at at = {0};
  BatchDataset *set = plan_ends(&p, ends, 5, 5);
  ends[1] = ends[3] = 0;
  assert_refused(!windows_count(p.windows, 0, &at), BATCH_ERROR_IO,
                 "mine: documents changed while they were open");
  assert_refused(!windows_pin(p.windows, 0, &at), BATCH_ERROR_IO, "mine: documents changed");
  ends[1] = ends[3] = far;
  cr_assert(windows_count(p.windows, 0, &at), "%s", batch_last_error()->message);
  cr_assert_eq(at.rows, (far - 1) / COLUMNS + 1);
  plan_free(&p);
  batch_dataset_free(set);
}

Test(plan_windows, are_looked_for_until_that_is_stopped) {
  const _Atomic bool stop = true;
  batch_loader_options o = BATCH_LOADER_OPTIONS_INIT;
  o.packing = BATCH_PACK_BEST_FIT;
  plan p;
  make_plan(&p, &o, 0);
  lane_at at = {0};
  assert_refused(windows_find(p.windows, 0, &at, 0, &stop) == WINDOWS_FAILED, BATCH_CLOSED, "closed while");
  cr_assert_eq(at.rows, 0);
  const skips none = {.count = 0};
  order all;
  uint64_t places[1];
  uint32_t there;
  order_init(&all, &p, &none, 1, false, (order_place){0}, 1, 0);
  assert_refused(!order_places(&all, &stop, &(order_place){0}, 0, 1, places, &there), BATCH_CLOSED,
                 "closed while");
  cr_assert(order_places(&all, NULL, &(order_place){0}, 0, 1, places, &there) && there == 1);
  free_plan(&p);
}
