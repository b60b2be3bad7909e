/* A worker: allocate, take a step, fill, publish. In this order: a step that was taken always has
   its batch, so the trainer never waits for one that cannot come. (Where the pool is closed there is no batch: then
   the step that is taken says whether one is missing, and the loader is stopped if so.) */
#include "base/error.h"
#include "base/probes.h"
#include "core/pool_internal.h"
#include "loader/loader_internal.h"

static void add(worker *w, unsigned kind, uint64_t amount) {
  counters_add(&w->loader->counts, kind, amount);
}

/* relaxed: a loader that is closed a moment later loses one more batch. */
static bool closed(const BatchLoader *loader) {
  return atomic_load_explicit(&loader->closed, memory_order_relaxed);
}

/* STEP: seq_cst; pairs with the loads of first_undelivered, which finds a step below next_step here or
   published: the lower bound is stored before the step is taken. */
static uint64_t take_step(worker *w) {
  uint64_t below = atomic_load_explicit(&w->loader->next_step, memory_order_seq_cst);
  atomic_store_explicit(&w->step, below, memory_order_seq_cst);
  return atomic_fetch_add_explicit(&w->loader->next_step, 1, memory_order_seq_cst);
}

static void publish(worker *w, uint64_t step, Batch *batch) {
  BatchLoader *loader = w->loader;
  uint64_t position = loader->as_they_come ? delivery_ticket(&loader->delivery) : step;
  delivery_item item = {batch, step, w->filler.counts, &w->filler.fault, w->filler.ends};
  if (w->filler.fault.code != BATCH_OK) {
    add(w, COUNT_ERRORS, 1);
    PROBE4(loader_fault, &loader->delivery, step, w->filler.fault.code, w->filler.fault.message);
  }
  PROBE3(loader_publish, &loader->delivery, step, w->filler.counts.tokens);
  delivery_publish(&loader->delivery, position, &item);
}

/* Whoever has the last step finds that out and says so before it publishes it: who takes it finds the end at once. That the
   step after it cannot be found is said by who has that. */
static void look_for_end(worker *w, uint64_t next) {
  if (!w->filler.ends && !w->loader->recipe.plan.counted && !delivery_is_behind(&w->loader->delivery, next) &&
      order_find(&w->steps, next) == ORDER_NONE)
    delivery_end(&w->loader->delivery, next);
}

typedef enum outcome { PUBLISHED, NO_STEP, STOPPED } outcome;

/* Rows that are not found since the loader is closed are no fault. */
static outcome fill_and_publish(worker *w, uint64_t step, Batch *batch) {
  PROBE2(loader_fill_begin, &w->loader->delivery, step);
  filler_fill(&w->filler, &w->steps.place, batch);
  PROBE3(loader_fill_end, &w->loader->delivery, step, w->filler.counts.tokens);
  if (w->filler.ends && closed(w->loader)) return STOPPED;
  add(w, COUNT_BYTES, w->filler.bytes);
  if (w->filler.skipped > 0) add(w, COUNT_SKIPPED, w->filler.skipped);
  look_for_end(w, step + 1);
  publish(w, step, batch);
  return PUBLISHED;
}

/* Who has the first step that there is not says so too: who had the one before it may not have found out. */
static void end_before(worker *w, uint64_t step) {
  if (step == 0 || order_find(&w->steps, step - 1) == ORDER_FOUND) delivery_end(&w->loader->delivery, step);
}

/* While no step is with the worker. */
static void prepare_later(worker *w, uint64_t step) {
  BatchLoader *loader = w->loader;
  plan_pack_ahead(&w->filler.reader, loader->recipe.order.epochs);
  if (resident_after(&loader->resident, &w->pages, &w->filler) &&
      order_find(&w->later, step + loader->delivery.window.size) == ORDER_FOUND)
    resident_ask(&w->filler, &w->later.place);
}

/* Whether a step is left: it is taken, so that nobody else fills what there is no batch for, and stays with the worker: no
   state is behind it. STEP: seq_cst, see take_step. */
static bool lacks_batch(worker *w) {
  uint64_t step = take_step(w);
  if (!delivery_is_behind(&w->loader->delivery, step)) {
    if (order_find(&w->steps, step) != ORDER_NONE) return true;
    end_before(w, step);
  }
  atomic_store_explicit(&w->step, UINT64_MAX, memory_order_seq_cst);
  return false;
}

/* A batch to fill; NULL when the loader is closed, or the pool: a step that is left then cannot come any more, and
   nobody may wait for it. */
static Batch *next_batch(worker *w) {
  BatchLoader *loader = w->loader;
  Batch *batch = pool_allocate_unless(w->pool, loader->loan, &loader->closed);
  if (!batch && !closed(loader) && lacks_batch(w))
    delivery_stop(&loader->delivery, &(fault){.code = BATCH_CLOSED});
  return batch;
}

/* Finds, fills and publishes a step; the batch is left where there is none, and where the loader is closed while the step
   or its rows are looked for. */
static outcome do_step(worker *w, uint64_t step, Batch *batch) {
  if (delivery_is_behind(&w->loader->delivery, step)) return NO_STEP;
  switch (order_find(&w->steps, step)) {
  case ORDER_FOUND:
    return fill_and_publish(w, step, batch);
  case ORDER_NONE:
    end_before(w, step);
    return NO_STEP;
  default:
    if (closed(w->loader)) return STOPPED;
    filler_cannot_begin(&w->filler, batch);
    publish(w, step, batch);
    return PUBLISHED;
  }
}

/* False: there are no more steps for it. */
static bool take_and_do_step(worker *w, Batch *batch) {
  uint64_t step = closed(w->loader) ? UINT64_MAX : take_step(w);
  outcome came = do_step(w, step, batch);
  if (came != PUBLISHED) batch_release(batch);
  /* STEP: seq_cst, see take_step. One that it was stopped at stays with it: no state is behind it. */
  if (came != STOPPED) atomic_store_explicit(&w->step, UINT64_MAX, memory_order_seq_cst);
  if (came != PUBLISHED || w->filler.ends) return false;
  prepare_later(w, step);
  return true;
}

/* Ends too where a transform has forked, in the child. */
void *worker_run(void *worker_pointer) {
  worker *w = worker_pointer;
  uint64_t begin = port_clock();
  pthread_setname_np(pthread_self(), "headrace-loader");
  w->filler.in_worker = true; /* thread_start lets SIGBUS through */
  for (Batch *batch; !loader_is_copy(w->loader) && (batch = next_batch(w));) {
    uint64_t allocated = port_clock();
    add(w, COUNT_WORKER_WAIT, allocated - begin);
    if (!take_and_do_step(w, batch)) break;
    begin = port_clock();
    add(w, COUNT_FILL, begin - allocated);
  }
  return NULL;
}
