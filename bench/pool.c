/* The pool suite: every contestant in every cell, and whether each batch was handed out to one at a time and
   all are there in the end. */
#include "bench.h"
#include "pool_cells.h"
#include "pool_peer.h"
#include "team.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

typedef struct entry {
  const char *name;
  const pool_peer *peer;
  const char *package;
  bool hidden;
} entry;

static const entry entries[] = {
    {"headrace", &pool_headrace, NULL, false},          {"ck_stack", &pool_ck_stack, "libck-dev", false},
    {"rte_ring", &pool_rte_ring, "libdpdk-dev", false}, {"lfstack", &pool_lfstack, "liburcu-dev", false},
    {"mutex+scan", &pool_mutex, NULL, false},           {"malloc", &pool_malloc, NULL, false},
    {"batch_create", &pool_create, NULL, false},        {"broken", &pool_broken, NULL, true},
};

#define ENTRIES (sizeof entries / sizeof entries[0])

static bench_contestant contestants[ENTRIES]; /* made from entries by prepare */
static char notes[ENTRIES][96];

static bool prepare(const bench_options *options) {
  (void)options;
  for (size_t i = 0; i < ENTRIES; i++) {
    const entry *e = &entries[i];
    contestants[i] = (bench_contestant){.name = e->name, .hidden = e->hidden, .detail = e->peer};
    if (e->package != NULL) contestants[i].version = bench_package(e->package);
    if (e->peer == NULL) {
      contestants[i].missing = e->package;
      continue;
    }
    const char *note = e->peer->note;
    snprintf(notes[i], sizeof notes[i], "%s%s%s%s", e->peer->lock_free ? "lock-free" : "not lock-free",
             e->peer->bounded ? "" : ", no pool", note != NULL ? ", " : "", note != NULL ? note : "");
    contestants[i].note = notes[i];
  }
  return true;
}

typedef struct setting {
  const pool_peer *peer;
  void *pool;
  pool_run run;
  pool_way ways[POOL_MOST_COUPLES];
  pool_part parts[BENCH_TEAM_MAX];
  bench_thread threads[BENCH_TEAM_MAX];
  unsigned count;
} setting;

static const char *const roles[POOL_LOOPS] = {"allocates and releases", "allocates", "releases"};

static void run_part(void *argument) {
  pool_part *part = argument;
  part->loop(part);
}

static void add(setting *s, unsigned loop, pool_way *way) {
  pool_part *part = &s->parts[s->count];
  part->loop = s->peer->loops[loop];
  part->run = &s->run;
  part->pool = s->pool;
  part->way = way;
  s->threads[s->count++] = (bench_thread){.role = roles[loop], .run = run_part, .argument = part};
}

static void fill_team(setting *s, const pool_shape *shape) {
  for (unsigned i = 0; i < shape->both; i++) add(s, POOL_BOTH, NULL);
  for (unsigned i = 0; i < shape->couples; i++) {
    add(s, POOL_ALLOCATE, &s->ways[i]);
    add(s, POOL_RELEASE, &s->ways[i]);
  }
}

/* Releases what the stop has left on the ways; returns how many. */
static uint64_t clear_ways(setting *s) {
  uint64_t left = 0;
  for (unsigned i = 0; i < POOL_MOST_COUPLES; i++)
    for (pool_way *way = &s->ways[i]; way->read != way->written; way->read++, left++)
      s->peer->put(s->pool, way->elements[way->read % POOL_WAY]);
  return left;
}

/* Takes all that a pool has, which must be `size` different elements, and puts them back. */
static bool is_complete(const setting *s, uint32_t size) {
  void *elements[POOL_MOST_SIZE + 1];
  uint32_t count = 0, twice = 0;
  while (count <= size && (elements[count] = s->peer->take(s->pool)) != NULL) count++;
  for (uint32_t i = 0; i < count; i++)
    for (uint32_t j = 0; j < i; j++) twice += elements[i] == elements[j];
  for (uint32_t i = 0; i < count; i++) s->peer->put(s->pool, elements[i]);
  if (count == size && twice == 0) return true;
  bench_wrong("a pool of %u hands out %u in the end, %u of them twice", size, count, twice);
  return false;
}

static bool conserved(setting *s, uint32_t size, uint64_t *pairs) {
  uint64_t released = clear_ways(s), collisions = 0;
  *pairs = 0;
  for (unsigned i = 0; i < s->count; i++) {
    *pairs += s->parts[i].allocated;
    released += s->parts[i].released;
    collisions += s->parts[i].collisions;
  }
  if (*pairs == released && collisions == 0) return !s->peer->bounded || is_complete(s, size);
  bench_wrong("%" PRIu64 " allocated, %" PRIu64 " released, %" PRIu64 " of them while somebody else had them",
              *pairs, released, collisions);
  return false;
}

static bool measure(const bench_cell *cell, const bench_contestant *contestant, const bench_options *options,
                    double *values) {
  static setting s; /* one measurement at a time */
  uint64_t pairs;
  memset(&s, 0, sizeof s);
  s.peer = contestant->detail;
  s.pool = s.peer->create(cell->capacity);
  if (s.pool == NULL) {
    bench_wrong("the pool cannot be created");
    return false;
  }
  fill_team(&s, cell->detail);
  double elapsed = bench_team(s.threads, s.count, &s.run.stop, options->seconds);
  bool good = conserved(&s, cell->capacity, &pairs);
  s.peer->destroy(s.pool);
  values[0] = (double)pairs / elapsed / 1e6;
  return good;
}

const bench_suite bench_pool = {
    .name = "pool",
    .legend = "Mpairs/s: an allocation and its release. A pool of batches of 32 x 1024, three tensors\n"
              "of 4 bytes an element. both-N: N threads, each allocating, then releasing.\n"
              "sides-N: N threads that allocate hand over to N that release, each through the same ring\n"
              "of 16 places for every contestant. A thread that fails tries 64 times, then yields. Each\n"
              "marks what it has, so that a batch handed out twice is seen; all must be there in the\n"
              "end.",
    .options = pool_own_options,
    .option_count = POOL_OWN_OPTIONS,
    .make_cells = pool_cells_make,
    .contestants = contestants,
    .contestant_count = ENTRIES,
    .seconds = 0.2,
    .quick_seconds = 0.02,
    .rounds = 5,
    .quick_rounds = 3,
    .prepare = prepare,
    .measure = measure,
};
