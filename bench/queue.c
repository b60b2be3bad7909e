/* The queue suite: every contestant in every cell, and whether what came out is what went in. */
#include "bench.h"
#include "queue_cells.h"
#include "queue_measure.h"
#include "queue_own.h"

#include <headrace/batch.h>
#include <stdio.h>

/* Who takes part where. */
typedef enum entrant {
  EVERYWHERE,
  ONE_TO_ONE, /* streams of one producer and one consumer only: it is for no others */
  WHEN_NAMED
} entrant;

typedef struct entry {
  const char *name;
  const queue_peer *peer; /* NULL: not built */
  const char *package;    /* where it comes from; NULL: this repository */
  entrant where;
} entry;

static const entry entries[] = {
    {"headrace", &queue_headrace, NULL, EVERYWHERE},
    {"boost", &queue_boost, "libboost-dev", EVERYWHERE},
    {"boost-spsc", &queue_boost_spsc, "libboost-dev", ONE_TO_ONE},
    {"rculfqueue", &queue_rculfqueue, "liburcu-dev", EVERYWHERE},
    {"moodycamel", &queue_moodycamel, "libconcurrentqueue-dev", EVERYWHERE},
    {"moodycamel-tokens", &queue_moodycamel_tokens, "libconcurrentqueue-dev", EVERYWHERE},
    {"moodycamel-blocking", &queue_moodycamel_blocking, "libconcurrentqueue-dev", EVERYWHERE},
    {"readerwriter", &queue_readerwriter, "libreaderwriterqueue-dev", ONE_TO_ONE},
    {"readerwriter-circular", &queue_readerwriter_circular, "libreaderwriterqueue-dev", ONE_TO_ONE},
    {"wfcqueue", &queue_wfcqueue, "liburcu-dev", EVERYWHERE},
    {"ck_ring", &queue_ck_ring, "libck-dev", EVERYWHERE},
    {"rte_ring", &queue_rte_ring, "libdpdk-dev", EVERYWHERE},
    {"rte_ring-hts", &queue_rte_ring_hts, "libdpdk-dev", EVERYWHERE},
    {"rte_ring-spsc", &queue_rte_ring_spsc, "libdpdk-dev", ONE_TO_ONE},
    {"atomic_queue", &queue_atomic_queue, "libatomic-queue-dev", EVERYWHERE},
    {"tbb", &queue_tbb, "libtbb-dev", EVERYWHERE},
    {"GAsyncQueue", &queue_gasyncqueue, "libglib2.0-dev", EVERYWHERE},
    {"mutex+cond", &queue_mutex, NULL, EVERYWHERE},
    {"vyukov", &queue_vyukov, NULL, EVERYWHERE},
    {"headrace-ring", &queue_headrace_ring, NULL, EVERYWHERE},
    {"headrace-ring+events", &queue_headrace_ring_events, NULL, EVERYWHERE},
    {"broken", &queue_broken, NULL, WHEN_NAMED},
    {"broken-sum", &queue_broken_sum, NULL, WHEN_NAMED},
    {"broken-many", &queue_broken_many, NULL, WHEN_NAMED},
    {"broken-lies", &queue_broken_lies, NULL, WHEN_NAMED},
};

#define ENTRIES (sizeof entries / sizeof entries[0])

static bench_contestant contestants[ENTRIES]; /* made from entries by prepare */
static char notes[ENTRIES][96];

/* "lock-free, ignores the capacity, unordered", as far as it applies. */
static const char *note_of(const queue_peer *peer, char *note) {
  const char *parts[] = {peer->lock_free ? "lock-free" : NULL, peer->bounded ? NULL : "ignores the capacity",
                         peer->note};
  size_t used = 0;
  for (size_t i = 0; i < 3; i++)
    if (parts[i] != NULL)
      used += (size_t)snprintf(note + used, sizeof notes[0] - used, "%s%s", used > 0 ? ", " : "", parts[i]);
  return used > 0 ? note : NULL;
}

static bool prepare(const bench_options *options) {
  (void)options;
  for (size_t i = 0; i < ENTRIES; i++) {
    const entry *e = &entries[i];
    contestants[i] = (bench_contestant){.name = e->name, .hidden = e->where == WHEN_NAMED, .detail = e->peer};
    if (e->peer == NULL) contestants[i].missing = e->package;
    if (e->peer != NULL) contestants[i].note = note_of(e->peer, notes[i]);
    if (e->package != NULL) contestants[i].version = bench_package(e->package);
  }
  return queue_elements_make();
}

static bool is_one_to_one(const queue_shape *shape) {
  bool streams = shape->kind == QUEUE_STREAM || shape->kind == QUEUE_BULK;
  return streams && shape->producers == 1 && shape->consumers == 1;
}

static bool supports(const bench_cell *cell, const bench_contestant *contestant) {
  const queue_shape *shape = cell->detail;
  const queue_peer *peer = contestant->detail;
  if (entries[contestant - contestants].where == ONE_TO_ONE && !is_one_to_one(shape)) return false;
  void (*const *loops)(queue_part *) = shape->waits ? peer->waits : peer->tries;
  return loops[shape->kind == QUEUE_BULK ? QUEUE_PRODUCE_MANY : QUEUE_PRODUCE] != NULL;
}

static bool measure(const bench_cell *cell, const bench_contestant *contestant, const bench_options *options,
                    double *values) {
  return queue_measure(contestant->detail, cell->detail, cell->capacity, options->seconds, values);
}

static const bench_legend legends[] = {
    {"many-*", "many: Melements/s, each element counted once; k16: up to 16 in a call, k1: by the calls\n"
               "for one."},
    {"roundtrip*", "roundtrip: there through one queue and back through another, not halved, the reading of\n"
                   "the clock included."},
    {"trickle*", "trickle: one element a millisecond, its time under way, and what the receiver costs."},
    {"idle*", "idle: a consumer for whom nothing comes, the processor time it takes, and how often it\n"
              "wakes up without work."},
    {"tails-*", "tails: every operation is timed, from its first try until it succeeds, one reading of the\n"
                "clock included; who fails tries again at once, with -yield as above; least and greatest:\n"
                "what the thread that was served least and the one served most have done, relative to\n"
                "the mean of its kind."},
    {"over*", "over2, over4: threads twice and four times the processors."},
    {"exact-*", "exact-N: N threads, capacity N, each pushes one, then pops one: FULL and EMPTY are never\n"
                "true, and how often they are answered all the same is counted."},
};

const bench_suite bench_queue = {
    .name = "queue",
    .legend = "Mops/s: a push is one operation, a pop is one. NpMc: N producers, M consumers. pairs-N:\n"
              "N threads, each pushing one, then popping one. Threads are pinned round robin. Without\n"
              "-blocking a thread that fails tries 64 times, then yields; with it, it waits as the\n"
              "queue itself does. Elements are batches made once; only headrace looks at them, and it\n"
              "alone is called through a shared library. What came out is checked against what went in.",
    .legends = legends,
    .legend_count = sizeof legends / sizeof legends[0],
    .options = queue_own_options,
    .option_count = QUEUE_OWN_OPTIONS,
    .make_cells = queue_cells_make,
    .contestants = contestants,
    .contestant_count = ENTRIES,
    .seconds = 0.1,
    .quick_seconds = 0.02,
    .rounds = 5,
    .quick_rounds = 3,
    .prepare = prepare,
    .finish = queue_elements_free,
    .supports = supports,
    .measure = measure,
};
