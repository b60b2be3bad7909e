/* What all hands have in common for the whole time: a pool, an unlimited and a bounded queue, and spheres. Batches go from
   the pool through a queue to the spheres; at rests all are back. */
#include "soak/polls.h"
#include "soak/soak.h"

enum { EACH = 8 };

static BatchPool *pool;
static BatchQueue *queues[2];
static BatchSpheres *spheres;
static _Atomic uint64_t sent, processed;

static void process(void *context, uint32_t sphere, Batch *batch) {
  (void)context, (void)sphere, (void)batch;
  atomic_fetch_add(&processed, 1);
}

/* What the library keeps for as many batches, and pushes of several, as there ever were at once is there before anything
   is counted: more than scenes ever have. */
static void make_room(unsigned hands) {
  BatchQueue *queue = batch_queue_create(0);
  for (unsigned i = 0; i < 1024 * hands; i++) {
    Batch *two[2] = {soak_batch(0), soak_batch(1)};
    stress_check(two[0] && two[1] && batch_queue_enqueue_many(queue, two, 2) == 2, "%s",
                 batch_last_error()->message);
  }
  batch_queue_free(queue);
}

void shared_begin(unsigned hands) {
  make_room(hands);
  batch_spheres_options options = BATCH_SPHERES_OPTIONS_INIT;
  options.num_spheres = 2;
  options.process = process;
  pool = batch_pool_create(2 * EACH * hands, 2, 16, 0);
  queues[0] = batch_queue_create(0);
  queues[1] = batch_queue_create(EACH * hands);
  spheres = batch_spheres_start(&options);
  bool has_descriptors = batch_pool_fd(pool) >= 0;
  for (unsigned i = 0; i < 4; i++)
    has_descriptors = has_descriptors && batch_queue_fd(queues[i / 2], (batch_queue_side)(i % 2)) >= 0;
  stress_check(has_descriptors && pool && queues[0] && queues[1] && spheres, "%s",
               batch_last_error()->message);
}

/* Puts some in and takes as many out, others' among them. */
void scene_shared(hand *h) {
  for (unsigned times = 1 + hand_below(h, 200); times > 0; times--) {
    BatchQueue *queue = queues[hand_below(h, 2)];
    unsigned n = 1 + hand_below(h, EACH), in = 0;
    Batch *batch;
    for (; in < n; in++) {
      hand_step(h, "takes a batch of the shared pool");
      batch = hand_once_in(h, 2) ? batch_pool_allocate(pool) : NULL;
      if (!batch && !hand_allows(h, poll_allocate(pool, &batch) == BATCH_OK, "batch_pool_allocate")) break;
      hand_step(h, "puts it into a shared queue");
      if (hand_allows(h, poll_enqueue(queue, batch) == BATCH_OK, "batch_queue_enqueue")) continue;
      batch_release(batch);
      break;
    }
    for (; in > 0; in--) {
      hand_step(h, "takes a batch out of a shared queue");
      if (!hand_allows(h, poll_dequeue(queue, &batch) == BATCH_OK, "batch_queue_dequeue")) continue;
      soak_count(SOAK_PASSED, 1);
      atomic_fetch_add(&sent, 1);
      hand_step(h, "gives it to shared spheres");
      if (batch_spheres_dispatch(spheres, BATCH_SPHERES_ANY, batch)) continue;
      stress_fail("batch_spheres_dispatch: %s", batch_last_error()->message);
    }
  }
}

void shared_check_rest(void) {
  batch_spheres_drain(spheres);
  if (sent != processed)
    stress_fail("%" PRIu64 " batches were sent to the shared spheres, %" PRIu64 " are processed", sent,
                processed);
  for (unsigned i = 0; i < 2; i++)
    if (batch_queue_size(queues[i]) != 0)
      stress_fail("%u batches are left in a shared queue", batch_queue_size(queues[i]));
  if (batch_pool_outstanding(pool) != 0)
    stress_fail("%u batches of the shared pool are out", batch_pool_outstanding(pool));
}

void shared_end(void) {
  shared_check_rest();
  batch_spheres_stop(spheres);
  batch_queue_free(queues[0]);
  batch_queue_free(queues[1]);
  batch_pool_free(pool);
}
