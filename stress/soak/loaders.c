/* A trainer that stops and goes on, and loaders that come and go. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "soak/data.h"
#include "soak/polls.h"
#include "soak/soak.h"

enum { TAKERS = 3, TAKEN_BETWEEN_STATES = 40 };

static batch_status next_batch(BatchLoader *loader, Batch **batch, uint64_t how) {
  batch_status status;
  if (how % 3 == 0) return poll_loader(loader, batch);
  do
    status =
        batch_loader_next_until(loader, batch, how % 3 == 1 ? BATCH_FOREVER : batch_deadline_after(50000));
  while (status == BATCH_TIMEDOUT);
  return status;
}

/* A step made once more is the batch that it was. */
static void replay(hand *h, const soak_plan *plan, BatchLoader *loader, uint64_t epoch, uint64_t step) {
  hand_step(h, "replays a step");
  Batch *batch = batch_loader_replay(loader, epoch, step);
  if (!hand_allows(h, batch, "batch_loader_replay")) return;
  plan_check(plan, batch);
  batch_release(batch);
  soak_count(SOAK_REPLAYED, 1);
}

static void advance(const soak_plan *plan, uint64_t *epoch, uint64_t *step) {
  if (++*step < plan->steps[*epoch]) return;
  *step = 0;
  ++*epoch;
}

/* Through a file, and what is read is what was saved. */
static bool keep_state(hand *h, BatchLoader *loader, batch_loader_state *state) {
  batch_loader_state taken, read;
  const char *path = hand_path(h, "run.state");
  hand_step(h, "takes a state");
  if (!hand_allows(h, batch_loader_get_state(loader, &taken), "batch_loader_get_state") ||
      !hand_allows(h, batch_loader_state_save(&taken, path), "batch_loader_state_save") ||
      !hand_allows(h, batch_loader_state_load(&read, path), "batch_loader_state_load"))
    return false;
  stress_check(memcmp(&taken, &read, sizeof taken) == 0, "a state is read other than it was saved");
  *state = taken;
  return true;
}

/* What else may be asked of a loader at any time. */
static void look_around(const BatchLoader *loader, const Batch *batch) {
  char text[8192];
  uint64_t places[32];
  batch_loader_stats stats = BATCH_LOADER_STATS_INIT;
  batch_metrics_object object = {.name = "soak", .loader = loader};
  batch_metrics_options options = BATCH_METRICS_OPTIONS_INIT;
  options.objects = &object;
  options.num_objects = 1;
  stress_check(batch_loader_get_stats(loader, &stats) && stats.batches > 0, "no figures of a loader");
  size_t length = batch_metrics_text(&options, text, sizeof text);
  stress_check(length > 0 && length < sizeof text && text[length] == 0, "no metrics of a loader");
  stress_check(batch->batch_size <= 32 && batch_loader_places(loader, batch, places), "no places of a batch");
}

/* In place of a state that was kept, one that is told by a number of rows: it leads to the same step. */
static bool state_at(hand *h, const soak_plan *plan, BatchLoader *loader, batch_loader_state *state) {
  batch_loader_state told;
  hand_step(h, "asks for the state at a step");
  if (!hand_allows(h,
                   batch_loader_state_at(loader, state->epoch, state->step * plan->options.batch_size, &told),
                   "batch_loader_state_at"))
    return false;
  if (told.epoch != state->epoch || told.step != state->step)
    stress_fail("%s: the state at step %" PRIu64 " is at %" PRIu64, plan->name, state->step, told.step);
  *state = told;
  return true;
}

static BatchLoader *make_loader(hand *h, const soak_plan *plan, batch_loader_options *o,
                                const batch_loader_state *from) {
  o->workers = 1 + hand_below(h, 3);
  o->resume = from;
  hand_step(h, "makes a loader");
  BatchLoader *loader = plan_loader(plan, o);
  if (!hand_allows(h, loader, "batch_loader_create")) return NULL;
  soak_count(SOAK_LOADERS, 1);
  soak_count(SOAK_RESUMED, from != NULL);
  return loader;
}

/* One thread takes at most so many batches from where *state says, each of which must be the next; *state becomes where
   it has stopped. Answers whether there is more. */
static bool train(hand *h, const soak_plan *plan, batch_loader_state *state, uint64_t most) {
  batch_loader_options o = plan->options;
  uint64_t epoch = state->epoch, step = state->step;
  BatchLoader *loader = make_loader(h, plan, &o, state);
  batch_status status = BATCH_OK;
  Batch *batch;
  if (!loader) return false;
  for (uint64_t n = 0; n < most && !soak_is_ending(); n++, advance(plan, &epoch, &step)) {
    hand_step(h, "takes the next batch");
    if ((status = next_batch(loader, &batch, stress_random(&h->random) >> 32)) != BATCH_OK) break;
    if (batch->epoch_id != epoch || batch->batch_id != step)
      stress_fail("%s: epoch %u, step %" PRIu64 " where %" PRIu64 ", %" PRIu64 " is next", plan->name,
                  batch->epoch_id, batch->batch_id, epoch, step);
    plan_check(plan, batch);
    if (hand_once_in(h, 10)) look_around(loader, batch);
    batch_release(batch);
    soak_count(SOAK_BATCHES, 1);
  }
  stress_check((status == BATCH_END) <= (epoch == PLAN_EPOCHS), "%s: it ends too early", plan->name);
  bool more =
      hand_allows(h, status == BATCH_OK || status == BATCH_END, "batch_loader_next") && status == BATCH_OK;
  if (more && epoch > 0 && hand_once_in(h, 3))
    replay(h, plan, loader, 0, hand_below(h, (uint32_t)plan->steps[0]));
  more = more && keep_state(h, loader, state);
  more = more && (!hand_once_in(h, 3) || epoch == PLAN_EPOCHS || state_at(h, plan, loader, state));
  hand_step(h, "frees a loader");
  batch_loader_free(loader);
  return more;
}

static const soak_plan *draw_plan(hand *h) {
  return &data_plans()[hand_below(h, data_num_plans())];
}

void scene_train(hand *h) {
  const soak_plan *plan = draw_plan(h);
  batch_loader_state state = plan->states[0];
  while (!soak_is_ending() && train(h, plan, &state, 1 + hand_below(h, TAKEN_BETWEEN_STATES))) continue;
}

typedef struct round_of {
  hand *h;
  const soak_plan *plan;
  BatchLoader *loader;
  _Atomic uint8_t seen[PLAN_EPOCHS][PLAN_MOST_STEPS];
  uint64_t random, close_after;
  _Atomic uint64_t taken;
  BatchPool *pool; /* ours, which is closed in place of the loader; NULL: its own */
} round_of;

static void take(stress_thread *self) {
  round_of *r = self->context;
  uint64_t random = self->random ^ r->random;
  for (;;) {
    Batch *batch;
    batch_status status = next_batch(r->loader, &batch, stress_random(&random) >> 32);
    if (status == BATCH_END || status == BATCH_CLOSED) return;
    if (!hand_allows(r->h, status == BATCH_OK, "batch_loader_next")) return;
    plan_check(r->plan, batch);
    if (atomic_fetch_add(&r->seen[batch->epoch_id][batch->batch_id], 1) != 0)
      stress_fail("%s: a batch came twice", r->plan->name);
    batch_release(batch);
    soak_count(SOAK_BATCHES, 1);
    if (atomic_fetch_add(&r->taken, 1) != r->close_after) continue;
    if (r->pool)
      batch_pool_close(r->pool);
    else
      batch_loader_close(r->loader);
  }
}

/* A pool for a loader with these options, instead of its own. */
static BatchPool *lend_pool(hand *h, batch_loader_options *o) {
  static const tensor_type types[] = {TENSOR_INT32, TENSOR_INT64, TENSOR_UINT16, TENSOR_FLOAT32};
  batch_pool_options p = BATCH_POOL_OPTIONS_INIT;
  p.pool_size = 1 + hand_below(h, 6);
  p.shape = (batch_shape){.batch_size = o->batch_size,
                          .sequence_length = o->sequence_length / (o->context_world ? o->context_world : 1),
                          .vocab_size = o->vocab_size,
                          .input_type = types[o->id_type],
                          .mask_type = o->mask_type,
                          .with_documents = o->with_documents,
                          .max_sequences = o->with_cu_seqlens ? o->batch_size * o->sequence_length : 0};
  BatchPool *pool = batch_pool_create_with(&p);
  o->pool = hand_allows(h, pool, "batch_pool_create_with") ? pool : NULL;
  return o->pool;
}

/* Several take at once, in order or not, from some state on, until somebody closes it or to the end. */
void scene_loader(hand *h) {
  const soak_plan *plan = draw_plan(h);
  batch_loader_state state = plan->states[hand_below(h, PLAN_STATES)];
  batch_loader_options o = plan->options;
  stress_thread takers[TAKERS];
  unsigned n = 1 + hand_below(h, TAKERS);
  round_of r = {.h = h, .plan = plan, .random = stress_random(&h->random)};
  o.as_they_come = hand_once_in(h, 3);
  r.close_after = hand_once_in(h, 4) ? UINT64_MAX : hand_below(h, 60);
  if (hand_once_in(h, 3)) {
    train(h, plan, &state, hand_below(h, 20));
    return;
  }
  if (hand_once_in(h, 2) && !(r.pool = lend_pool(h, &o))) return;
  if ((r.loader = make_loader(h, plan, &o, &state))) {
    hand_start(h, takers, n, "taker", take, &r);
    if (r.pool && hand_once_in(h, 2)) batch_pool_resize(r.pool, 1 + hand_below(h, batch_pool_size(r.pool)));
    hand_join(h, takers, n);
    hand_step(h, "frees a loader");
    batch_loader_free(r.loader);
  }
  if (r.pool && batch_pool_outstanding(r.pool) != 0) stress_fail("a batch of the pool is missing");
  batch_pool_free(r.pool);
}
