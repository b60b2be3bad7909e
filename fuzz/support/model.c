#include "support/model.h"

#include <stdlib.h>
#include <string.h>

void model_call(model *m, const char *function) {
  m->function = function;
  batch_clear_error();
}

void model_good(const model *m) {
  if (batch_last_error()->code != BATCH_OK) fuzz_fail("%s: done, and an error is set", m->function);
}

void model_refused(const model *m, batch_status code) {
  const batch_error *error = batch_last_error();
  size_t length = strlen(m->function);
  if (error->code != code)
    fuzz_fail("%s: %s, expected %s", m->function, batch_status_name(error->code), batch_status_name(code));
  if (strncmp(error->message, m->function, length) != 0 || error->message[length] != ':')
    fuzz_fail("%s: a sentence in another name", m->function);
}

void model_answer(const model *m, bool good, bool expected, batch_status code) {
  if (good != expected) fuzz_fail("%s: %s, expected the contrary", m->function, good ? "done" : "refused");
  if (good)
    model_good(m);
  else
    model_refused(m, code);
}

static uint32_t pool_there(const model_pool *p) {
  return p->freed || p->out > p->size ? p->out : p->size;
}

model_item *model_item_make(model *m, Batch *batch, model_item *parent, uint32_t first, uint32_t rows,
                            uint32_t columns, uint32_t vocab) {
  model_item *item = calloc(1, sizeof *item);
  *item = (model_item){.batch = batch,
                       .references = 1,
                       .parent = parent,
                       .first = first,
                       .rows = rows,
                       .columns = columns,
                       .vocab = vocab};
  if (parent) {
    parent->references++;
    item->input = parent->input;
  } else {
    size_t elements = (size_t)rows * columns;
    item->input = malloc(elements * sizeof *item->input);
    for (size_t i = 0; i < elements; i++)
      item->input[i] =
          batch->input.dtype == TENSOR_FLOAT32 ? batch->input.data[i] : (float)batch->input.i32[i];
  }
  m->live++;
  return item;
}

static void item_end(model *m, model_item *item) {
  if (item->pool) {
    item->pool->out--;
    item->pool->releases++;
    m->live++; /* it was counted with its pool */
  }
  m->live--;
  if (item->parent)
    model_item_drop(m, item->parent);
  else
    free(item->input);
  free(item);
}

void model_item_drop(model *m, model_item *item) {
  if (--item->references == 0) item_end(m, item);
}

int model_room(const model *m) {
  for (int i = 0; i < HELD; i++)
    if (!m->held[i]) return i;
  return -1;
}

int model_choose(model *m) {
  unsigned begin = fuzz_take_below(&m->in, HELD);
  for (unsigned i = 0; i < HELD; i++)
    if (m->held[(begin + i) % HELD]) return (int)((begin + i) % HELD);
  return -1;
}

void model_hold(model *m, model_item *item) {
  int at = model_room(m);
  if (at < 0) fuzz_fail("the model has no room");
  m->held[at] = item;
}

model_pool *model_pool_make(model *m, BatchPool *pool, uint32_t size) {
  model_pool *p = calloc(1, sizeof *p);
  p->pool = pool;
  p->size = size;
  p->next = m->all_pools;
  m->all_pools = p;
  return p;
}

static void check_item(const model_item *item) {
  const Batch *b = item->batch;
  if (atomic_load(&b->ref_count) != (int)item->references)
    fuzz_fail("a count is %d, expected %u", atomic_load(&b->ref_count), item->references);
  if (b->batch_size != item->rows || b->sequence_length != item->columns || b->vocab_size != item->vocab ||
      b->batch_id != item->id)
    fuzz_fail("a batch is another one");
  if ((b->documents.ndim != 0) != item->documents || (b->cu_seqlens.ndim != 0) != item->sequences)
    fuzz_fail("a batch has other tensors");
  const float *expected = item->input + (size_t)item->first * item->columns;
  for (size_t i = 0; i < (size_t)item->rows * item->columns; i++) {
    float found = b->input.dtype == TENSOR_FLOAT32 ? b->input.data[i] : (float)b->input.i32[i];
    if (found != expected[i])
      fuzz_fail("element %zu is %g, expected %g", i, (double)found, (double)expected[i]);
  }
}

void model_check(model *m) {
  size_t live = m->live + (size_t)fuzz_control;
  for (const model_pool *p = m->all_pools; p; p = p->next) live += pool_there(p);
  if (batch_count_live() - m->base != live)
    fuzz_fail("%zu batches live, expected %zu", batch_count_live() - m->base, live);
  for (int i = 0; i < HELD; i++)
    if (m->held[i]) check_item(m->held[i]);
}

void model_end(model *m) {
  model_queues_end(m);
  for (int i = 0; i < HELD; i++)
    if (m->held[i]) {
      batch_release(m->held[i]->batch);
      model_item_drop(m, m->held[i]);
      m->held[i] = NULL;
    }
  model_pools_end(m);
  model_tensors_end(m);
  if (batch_count_live() != m->base) fuzz_fail("%zu batches are left", batch_count_live() - m->base);
}
