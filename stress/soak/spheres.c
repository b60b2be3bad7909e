/* Spheres that are started, given batches in every way, drained and stopped. */
#include "soak/soak.h"

enum { MANY = 24, ROWS = 12 };

typedef struct work {
  hand *h;
  BatchSpheres *spheres;
  uint64_t random;
  _Atomic uint64_t rows, sent; /* processed; dispatched */
} work;

static void process(void *context, uint32_t sphere, Batch *batch) {
  work *w = context;
  if (sphere % 2) soak_pause(20); /* a drain that does not wait for it sees rows that are missing */
  atomic_fetch_add(&w->rows, batch->batch_size);
  soak_count(SOAK_PROCESSED, 1);
}

/* Each answers whether to go on; what was not taken is released. */
static bool send_one(work *w, uint64_t *random) {
  Batch *batch = batch_create(1 + stress_random_below(random, ROWS), 3, 0);
  if (!hand_allows(w->h, batch, "batch_create")) return true;
  uint32_t rows = batch->batch_size;
  bool split = stress_random_below(random, 2);
  atomic_fetch_add(&w->sent, rows);
  bool good = split ? batch_spheres_dispatch_split(w->spheres, batch)
                    : batch_spheres_dispatch(w->spheres, BATCH_SPHERES_ANY, batch);
  if (good) return true;
  atomic_fetch_sub(&w->sent, rows);
  hand_allows(w->h, false, "batch_spheres_dispatch");
  batch_release(batch);
  return true;
}

static void send_many(work *w, uint64_t *random) {
  Batch *batches[MANY];
  uint32_t lanes[MANY], n = 0;
  for (uint32_t most = 1 + stress_random_below(random, MANY);
       n < most && (batches[n] = batch_create(2, 2, 0)); n++)
    lanes[n] = BATCH_SPHERES_ANY;
  if (n == 0) return;
  atomic_fetch_add(&w->sent, 2 * n);
  batch_spheres_dispatch_many(w->spheres, stress_random_below(random, 2) ? lanes : NULL, batches, n);
  for (uint32_t i = 0; i < n; i++) {
    if (batches[i]) atomic_fetch_sub(&w->sent, 2);
    batch_release(batches[i]);
  }
}

static void dispatch(stress_thread *self) {
  work *w = self->context;
  uint64_t random = self->random ^ w->random;
  for (unsigned n = 20 + stress_random_below(&random, 60); n > 0; n--) {
    if (stress_random_below(&random, 3))
      send_one(w, &random);
    else
      send_many(w, &random);
    if (stress_random_below(&random, 20) == 0) batch_spheres_drain(w->spheres);
  }
}

void scene_spheres(hand *h) {
  work w = {.h = h, .random = stress_random(&h->random)};
  stress_thread team[2];
  batch_spheres_options options = BATCH_SPHERES_OPTIONS_INIT;
  options.num_spheres = 1 + hand_below(h, 4);
  options.lane_capacity = 1 + hand_below(h, 16);
  options.process = process;
  options.context = &w;
  hand_step(h, "starts spheres");
  w.spheres = batch_spheres_start(&options);
  if (!hand_allows(h, w.spheres, "batch_spheres_start")) return;
  hand_start(h, team, 2, "dispatcher", dispatch, &w);
  hand_join(h, team, 2);
  if (hand_once_in(h, 2)) {
    hand_step(h, "drains spheres");
    batch_spheres_drain(w.spheres);
    if (w.rows != w.sent)
      stress_fail("%" PRIu64 " rows of %" PRIu64 " are processed after the drain", w.rows, w.sent);
  }
  hand_step(h, "stops spheres");
  batch_spheres_stop(w.spheres);
  if (w.rows != w.sent) stress_fail("%" PRIu64 " rows were sent, %" PRIu64 " processed", w.sent, w.rows);
  soak_count(SOAK_SPHERES, 1);
}
