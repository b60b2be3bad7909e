#include "support/model.h"

#include <string.h>

enum { TOKENS = 120, ROOM = 12 };

/* Token i is i, in documents of 10; the last one is the rest. */
typedef struct data {
  uint16_t ids[TOKENS];
  uint64_t ends[TOKENS / 10 + 1], tokens, documents;
  BatchDataset *dataset;
} data;

static bool make(model *m, data *d) {
  batch_memory memory = BATCH_MEMORY_INIT;
  d->tokens = fuzz_take_below(&m->in, TOKENS);
  d->documents = 0;
  for (uint64_t i = 0; i < d->tokens; i++) d->ids[i] = (uint16_t)i;
  for (uint64_t end = 10; end < d->tokens; end += 10) d->ends[d->documents++] = end;
  d->ends[d->documents++] = d->tokens;
  memory.tokens = d->ids;
  memory.count = d->tokens;
  memory.document_ends = d->ends;
  memory.documents = d->documents;
  memory.token_type = fuzz_take_below(&m->in, 16) ? BATCH_TOKEN_U16 : BATCH_TOKEN_DEFAULT;
  model_call(m, "batch_dataset_from_memory");
  d->dataset = batch_dataset_from_memory(&memory, NULL);
  model_answer(m, d->dataset, d->tokens > 0 && memory.token_type == BATCH_TOKEN_U16,
               BATCH_ERROR_INVALID_ARGUMENT);
  return d->dataset;
}

static void read(model *m, const data *d) {
  int32_t ids[ROOM];
  uint64_t start = fuzz_take_below(&m->in, TOKENS + 5);
  size_t count = fuzz_take_below(&m->in, ROOM);
  if (fuzz_take_below(&m->in, 16) == 0) start = UINT64_MAX - start;
  model_call(m, "batch_dataset_read");
  bool good = batch_dataset_read(d->dataset, start, count, ids);
  model_answer(m, good, start <= d->tokens && count <= d->tokens - start, BATCH_ERROR_OUT_OF_RANGE);
  for (size_t i = 0; good && i < count; i++)
    if ((uint64_t)ids[i] != start + i)
      fuzz_fail("batch_dataset_read: %d, expected %d", ids[i], (int)(start + i));
}

static void find_document(model *m, const data *d) {
  uint64_t index = fuzz_take_below(&m->in, TOKENS / 10 + 3), begin = 77, end = 78;
  model_call(m, "batch_dataset_document");
  bool good = batch_dataset_document(d->dataset, index, &begin, &end);
  model_answer(m, good, index < d->documents, BATCH_ERROR_OUT_OF_RANGE);
  if (good && (begin != 10 * index || end != d->ends[index]))
    fuzz_fail("batch_dataset_document: another one");
  if (batch_dataset_documents(d->dataset) != d->documents || batch_dataset_tokens(d->dataset) != d->tokens)
    fuzz_fail("other counts");
}

typedef struct feed {
  BatchLoader *loader;
  model_pool *pool;
  batch_loader_options options;
  uint64_t rows, given; /* of the run; delivered */
  bool closed;
} feed;

/* Whether a loader can be had with these options. */
static bool is_good(const batch_loader_options *o, const data *d) {
  return o->batch_size > 0 && o->sequence_length > 0 && o->rank < o->world && d->tokens > 1 && o->pad_id >= 0;
}

static void take_options(model *m, batch_loader_options *o) {
  *o = (batch_loader_options)BATCH_LOADER_OPTIONS_INIT;
  o->batch_size = fuzz_take_below(&m->in, 5);
  o->sequence_length = fuzz_take_below(&m->in, 9);
  o->epochs = 1 + fuzz_take_below(&m->in, 2);
  o->world = 1 + fuzz_take_below(&m->in, 2);
  o->rank = fuzz_take_below(&m->in, 8) == 0;
  o->shuffle = (batch_shuffle)fuzz_take_below(&m->in, 3);
  o->workers = 1 + fuzz_take_below(&m->in, 2);
  o->pad_id = fuzz_take_below(&m->in, 12) == 0 ? -3 : 0;
  o->with_documents = fuzz_take_below(&m->in, 2);
}

static uint32_t size_of(const BatchLoader *loader) {
  batch_loader_stats stats = BATCH_LOADER_STATS_INIT;
  if (!batch_loader_get_stats(loader, &stats)) fuzz_fail("no stats");
  return stats.pool_size;
}

static void next(model *m, feed *f) {
  if (model_room(m) < 0) return;
  const batch_loader_options *o = &f->options;
  uint64_t step_rows = (uint64_t)o->world * o->batch_size,
           steps = (f->rows + step_rows - 1) / step_rows * o->epochs;
  if (f->pool->out == f->pool->size && !f->closed && f->given < steps) return; /* it would wait for ever */
  model_call(m, "batch_loader_next");
  Batch *batch = batch_loader_next(f->loader);
  bool good = !f->closed && f->given < steps;
  model_answer(m, batch, good, f->closed ? BATCH_CLOSED : BATCH_END);
  if (!batch) return;
  model_item *item = model_item_make(m, batch, NULL, 0, o->batch_size, o->sequence_length, o->vocab_size);
  m->live--;
  item->pool = f->pool;
  item->documents = o->with_documents;
  item->id = f->given % (steps / o->epochs);
  f->pool->out++;
  f->given++;
  model_hold(m, item);
}

static void release_one(model *m) {
  int at = model_choose(m);
  if (at < 0) return;
  batch_release(m->held[at]->batch);
  model_item_drop(m, m->held[at]);
  m->held[at] = NULL;
}

static void go(model *m, feed *f) {
  for (unsigned i = fuzz_take_below(&m->in, 30); i > 0 && m->in.size > 0; i--) {
    unsigned what = fuzz_take_below(&m->in, 16);
    if (what < 9)
      next(m, f);
    else if (what < 15)
      release_one(m);
    else
      batch_loader_close(f->loader), f->closed = true;
  }
}

static void feed_some(model *m, const data *d) {
  feed f = {0};
  take_options(m, &f.options);
  model_call(m, "batch_loader_create");
  f.loader = batch_loader_create(d->dataset, &f.options);
  model_answer(m, f.loader, is_good(&f.options, d), BATCH_ERROR_INVALID_ARGUMENT);
  if (!f.loader) return;
  f.rows = (d->tokens - 2) / f.options.sequence_length + 1;
  f.pool = model_pool_make(m, NULL, size_of(f.loader));
  f.pool->is_loader = true;
  go(m, &f);
  model_check(m);
  batch_loader_free(f.loader);
  f.pool->freed = true;
}

void model_data_call(model *m) {
  static void (*const calls[])(model *, const data *) = {read, find_document, read, feed_some};
  static data d;
  if (!make(m, &d)) return;
  for (unsigned i = 1 + fuzz_take_below(&m->in, 4); i > 0; i--)
    calls[fuzz_take_below(&m->in, sizeof calls / sizeof *calls)](m, &d);
  batch_dataset_free(d.dataset);
}
