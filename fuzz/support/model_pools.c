#include "support/model.h"

#include <stdlib.h>

enum { MOST_BATCHES = 6 };

static void create(model *m, int at) {
  uint32_t size = fuzz_take_below(&m->in, MOST_BATCHES), rows = fuzz_take_below(&m->in, 5),
           columns = 1 + fuzz_take_below(&m->in, 4);
  model_call(m, "batch_pool_create");
  BatchPool *pool = batch_pool_create(size, rows, columns, 30);
  model_answer(m, pool, size > 0 && rows > 0, BATCH_ERROR_INVALID_ARGUMENT);
  if (!pool) return;
  model_pool *p = m->pools[at] = model_pool_make(m, pool, size);
  p->rows = rows;
  p->columns = columns;
  p->vocab = 30;
}

static bool has_idle(const model_pool *p) {
  return p->out < p->size;
}

static void hold_allocated(model *m, model_pool *p, Batch *batch) {
  if (batch->batch_id || batch->epoch_id || batch->is_processed || !batch->is_pooled ||
      batch->status != BATCH_OK)
    fuzz_fail("%s: a batch with metadata of before", m->function);
  model_item *item = model_item_make(m, batch, NULL, 0, p->rows, p->columns, p->vocab);
  m->live--; /* it is counted with its pool */
  item->pool = p;
  p->out++;
  p->allocations++;
  model_hold(m, item);
}

static void allocate(model *m, model_pool *p) {
  unsigned how = fuzz_take_below(&m->in, 3);
  uint64_t deadline = fuzz_take_below(&m->in, 2) ? 1 : BATCH_NO_WAIT;
  bool good = !p->closed && has_idle(p), waits = how == 2 && (good || p->closed);
  batch_status refused = p->closed                               ? BATCH_CLOSED
                         : how != 1 || deadline == BATCH_NO_WAIT ? BATCH_EMPTY
                                                                 : BATCH_TIMEDOUT;
  batch_status status = BATCH_OK;
  Batch *batch = NULL;
  if (model_room(m) < 0) return;
  model_call(m, waits      ? "batch_pool_allocate"
                : how == 1 ? "batch_pool_allocate_until"
                           : "batch_pool_try_allocate");
  if (how == 1)
    status = batch_pool_allocate_until(p->pool, &batch, deadline);
  else
    batch = waits ? batch_pool_allocate(p->pool) : batch_pool_try_allocate(p->pool);
  model_answer(m, batch, good, refused);
  if (how == 1 && status != (good ? BATCH_OK : refused))
    fuzz_fail("%s: %s", m->function, batch_status_name(status));
  if (batch)
    hold_allocated(m, p, batch);
  else
    p->misses++;
}

static const model_pool *pool_of(const model_item *item) {
  return item->parent ? item->parent->pool : item->pool;
}

static void release(model *m, model_pool *p) {
  int at = model_choose(m);
  bool none = fuzz_take_below(&m->in, 8) == 0;
  if (at < 0) return;
  bool good = !none && pool_of(m->held[at]) == p;
  model_call(m, "batch_pool_release");
  batch_pool_release(p->pool, none ? NULL : m->held[at]->batch);
  if (!good) {
    model_refused(m, BATCH_ERROR_INVALID_ARGUMENT);
    return;
  }
  model_good(m);
  model_item_drop(m, m->held[at]);
  m->held[at] = NULL;
}

static void resize(model *m, model_pool *p) {
  uint32_t size = fuzz_take_below(&m->in, MOST_BATCHES);
  model_call(m, "batch_pool_resize");
  model_answer(m, batch_pool_resize(p->pool, size), !p->closed, BATCH_CLOSED);
  if (!p->closed) p->size = size;
}

static void ask(model *m, model_pool *p) {
  uint64_t allocations, releases, hits, misses;
  model_call(m, "batch_pool_get_stats");
  batch_pool_get_stats(p->pool, &allocations, &releases, &hits, &misses);
  if (batch_pool_size(p->pool) != p->size || batch_pool_outstanding(p->pool) != p->out)
    fuzz_fail("a pool of %u has %u out, and says %u and %u", p->size, p->out, batch_pool_size(p->pool),
              batch_pool_outstanding(p->pool));
  if (allocations != p->allocations || releases != p->releases || hits != p->allocations ||
      misses != p->misses)
    fuzz_fail("%s: %d %d %d %d, expected %d %d %d", m->function, (int)allocations, (int)releases, (int)hits,
              (int)misses, (int)p->allocations, (int)p->releases, (int)p->misses);
  model_good(m);
}

static void close_one(model *m, model_pool *p) {
  model_call(m, "batch_pool_close");
  batch_pool_close(p->pool);
  model_good(m);
  p->closed = true;
}

static void free_one(model *m, model_pool *p) {
  model_call(m, "batch_pool_free");
  batch_pool_free(p->pool);
  model_good(m);
  p->pool = NULL;
  p->freed = p->closed = true;
}

static void without_pool(model *m) {
  model_call(m, "batch_pool_try_allocate");
  if (batch_pool_try_allocate(NULL)) fuzz_fail("a batch of no pool");
  model_refused(m, BATCH_ERROR_INVALID_ARGUMENT);
  model_call(m, "batch_pool_resize");
  if (batch_pool_resize(NULL, 3)) fuzz_fail("no pool has another size");
  model_refused(m, BATCH_ERROR_INVALID_ARGUMENT);
}

void model_pool_call(model *m) {
  static void (*const calls[])(model *, model_pool *) = {
      allocate, allocate, allocate, allocate, release, release, resize, resize, ask, close_one, free_one};
  unsigned at = fuzz_take_below(&m->in, POOLS),
           call = fuzz_take_below(&m->in, sizeof calls / sizeof *calls + 1);
  if (call == sizeof calls / sizeof *calls)
    without_pool(m);
  else if (!m->pools[at])
    create(m, (int)at);
  else
    calls[call](m, m->pools[at]);
  if (m->pools[at] && m->pools[at]->freed) m->pools[at] = NULL;
}

void model_pools_end(model *m) {
  for (int i = 0; i < POOLS; i++)
    if (m->pools[i]) free_one(m, m->pools[i]);
  for (model_pool *next; m->all_pools; m->all_pools = next) {
    next = m->all_pools->next;
    if (m->all_pools->out) fuzz_fail("a pool has %u batches out at the end", m->all_pools->out);
    free(m->all_pools);
  }
}
