#include "data/plan.h"

#include <math.h>
#include <stdlib.h>

#include "core/error.h"
#include "data/mix.h"

/* Tells apart the permutations that one seed keys. */
enum { KEY_ROWS = 1, KEY_BLOCKS, KEY_IN_BLOCK, KEY_PERIOD, KEY_SOURCE };

/* --- making a plan --- */

static bool open_source(plan *p, size_t i, const batch_loader_source *given) {
  plan_source *s = &p->sources[i];
  s->dataset = given->dataset;
  s->data = dataset_source(given->dataset);
  if (p->packing != BATCH_PACK_WINDOWS && s->data->documents == 0)
    return error_fail(
        BATCH_INVALID_ARGUMENT,
        "batch_loader_create: sources[%zu] has no document boundaries, which this packing needs", i);
  if (!pack_init(&s->rows, s->data, p->packing, p->sequence_length)) return false;
  if (s->rows.rows > 0) return true;
  return error_fail(
      BATCH_INVALID_ARGUMENT,
      "batch_loader_create: sources[%zu] has %llu tokens, too few for a row: expected 2 in a document", i,
      (unsigned long long)s->data->tokens);
}

static bool check_weights(const batch_loader_source *sources, size_t n, double *sum) {
  *sum = 0;
  for (size_t i = 0; i < n; i++) {
    if (!isfinite(sources[i].weight) || sources[i].weight < 0 ||
        (sources[i].weight > 0) != (sources[0].weight > 0))
      return error_fail(
          BATCH_INVALID_ARGUMENT,
          "batch_loader_create_mixed: sources[%zu].weight is %g, expected all zero or all positive", i,
          sources[i].weight);
    *sum += sources[i].weight;
  }
  if (isfinite(*sum) && n <= PLAN_PERIOD) return true;
  return error_fail(BATCH_INVALID_ARGUMENT,
                    "batch_loader_create_mixed: %zu weights of sum %g, expected at most 65536 and finite", n,
                    *sum);
}

static plan_source *largest_share(plan *p) {
  plan_source *largest = p->sources;
  for (size_t i = 1; i < p->count; i++)
    if (p->sources[i].share > largest->share) largest = &p->sources[i];
  return largest;
}

/* Slots of a period in proportion to the weights, at least one each. What rounding down leaves goes
   to the sources in turn; what the ones took is taken from the largest. */
static void share_period(plan *p, const batch_loader_source *sources, double sum) {
  uint64_t given = 0;
  for (size_t i = 0; i < p->count; i++) {
    uint64_t share = (uint64_t)(sources[i].weight / sum * (double)PLAN_PERIOD);
    given += p->sources[i].share = share > 0 ? share : 1;
  }
  for (size_t i = 0; given < PLAN_PERIOD; i = (i + 1) % p->count, given++) p->sources[i].share++;
  for (; given > PLAN_PERIOD; given--) largest_share(p)->share--;
}

static bool number_rows(plan *p, const batch_loader_source *sources) {
  double sum;
  if (!check_weights(sources, p->count, &sum)) return false;
  p->weighted = sum > 0 && p->count > 1;
  p->rows = 0;
  for (size_t i = 0; i < p->count; i++) {
    p->sources[i].first = p->rows;
    p->rows += p->sources[i].share = p->sources[i].rows.rows;
  }
  if (p->rows > PERMUTATION_MAX_COUNT)
    return error_fail(BATCH_OVERFLOW, "batch_loader_create: %llu rows, expected at most 2^48",
                      (unsigned long long)p->rows);
  if (!p->weighted) return true;
  share_period(p, sources, sum);
  for (size_t i = 0, slot = 0; i < p->count; slot += p->sources[i++].share) p->sources[i].first = slot;
  return true;
}

bool plan_init(plan *p, const batch_loader_source *sources, size_t n, const batch_loader_options *options) {
  *p = (plan){.seed = options->seed,
              .shuffle = options->shuffle,
              .block_rows = options->block_rows ? options->block_rows : 4096,
              .sequence_length = options->shape.sequence_length,
              .packing = options->packing};
  p->sources = calloc(n, sizeof *p->sources);
  if (!p->sources)
    return error_fail(BATCH_OUT_OF_MEMORY, "batch_loader_create: no memory for %zu sources", n);
  p->count = n;
  for (size_t i = 0; i < n; i++)
    if (!open_source(p, i, &sources[i])) return false;
  return number_rows(p, sources);
}

void plan_free(plan *p) {
  for (size_t i = 0; i < p->count; i++) pack_free(&p->sources[i].rows);
  free(p->sources);
}

/* --- reading it --- */

bool plan_reader_init(plan_reader *r, const plan *p) {
  *r = (plan_reader){.plan = p};
  r->shuffles = calloc(p->weighted ? p->count : 1, sizeof *r->shuffles);
  return r->shuffles || error_fail(BATCH_OUT_OF_MEMORY, "batch_loader_create: no memory for a plan's reader");
}

void plan_reader_free(plan_reader *r) {
  free(r->shuffles);
}

static const permutation *prepared(plan_cache *cache, uint64_t count, uint64_t key) {
  if (cache->order.count != count || cache->key != key)
    permutation_init(&cache->order, count, cache->key = key);
  return &cache->order;
}

/* Blocks of block_rows in random order, the last of which may be short, and shuffled within. */
static uint64_t shuffle_blocks(plan_reader *r, size_t slot, uint64_t count, uint64_t key, uint64_t place) {
  uint64_t size = r->plan->block_rows, blocks = (count - 1) / size + 1, rest = count - (blocks - 1) * size;
  const permutation *outer = prepared(&r->shuffles[slot].outer, blocks, mix64_with(key, KEY_BLOCKS));
  uint64_t nth = permutation_find(outer, blocks - 1), inside; /* the short block's turn */
  if (place < nth * size) {
    nth = place / size, inside = place % size;
  } else if (place < nth * size + rest) {
    inside = place - nth * size;
  } else {
    uint64_t after = place - nth * size - rest;
    nth += 1 + after / size, inside = after % size;
  }
  uint64_t block = permutation_at(outer, nth);
  uint64_t length = block == blocks - 1 ? rest : size;
  key = mix64_with(mix64_with(key, KEY_IN_BLOCK), block);
  return block * size + permutation_at(prepared(&r->shuffles[slot].inner, length, key), inside);
}

/* Where `place` of `count` goes in the order that `key` chooses. */
static uint64_t shuffle(plan_reader *r, size_t slot, uint64_t count, uint64_t key, uint64_t place) {
  switch (r->plan->shuffle) {
  case BATCH_SHUFFLE_NONE:
    return place;
  case BATCH_SHUFFLE_BLOCKS:
    return shuffle_blocks(r, slot, count, key, place);
  default:
    return permutation_at(prepared(&r->shuffles[slot].outer, count, mix64_with(key, KEY_ROWS)), place);
  }
}

/* The source that owns an index of [first, first + share): the last one that begins at or before it. */
static uint32_t find_source(const plan *p, uint64_t index) {
  size_t low = 0, high = p->count;
  while (high - low > 1) {
    size_t middle = low + (high - low) / 2;
    if (p->sources[middle].first <= index)
      low = middle;
    else
      high = middle;
  }
  return (uint32_t)low;
}

/* The nth row drawn since the run began: the slot of its period says the source, and how many rows
   the source has given before says which of its passes and which place there. */
static plan_row locate_mixed(plan_reader *r, uint64_t nth) {
  const plan *p = r->plan;
  uint64_t period = nth / PLAN_PERIOD, key = mix64_with(mix64_with(p->seed, KEY_PERIOD), period);
  uint64_t slot = permutation_at(prepared(&r->period, PLAN_PERIOD, key), nth % PLAN_PERIOD);
  uint32_t i = find_source(p, slot);
  const plan_source *s = &p->sources[i];
  uint64_t drawn = period * s->share + (slot - s->first), pass = drawn / s->rows.rows;
  key = mix64_with(mix64_with(mix64_with(p->seed, KEY_SOURCE), i), pass);
  return (plan_row){i, shuffle(r, i, s->rows.rows, key, drawn % s->rows.rows)};
}

plan_row plan_locate(plan_reader *r, uint64_t epoch, uint64_t place) {
  const plan *p = r->plan;
  if (p->weighted) return locate_mixed(r, epoch * p->rows + place);
  uint64_t row = shuffle(r, 0, p->rows, mix64_with(p->seed, epoch), place);
  uint32_t i = find_source(p, row);
  return (plan_row){i, row - p->sources[i].first};
}

bool plan_fingerprint(const plan *p, uint64_t *fingerprint) {
  const uint64_t options[] = {p->seed,     p->sequence_length,
                              p->packing,  p->shuffle,
                              p->weighted, p->shuffle == BATCH_SHUFFLE_BLOCKS ? p->block_rows : 0};
  uint64_t sum = p->rows;
  for (size_t i = 0; i < sizeof options / sizeof *options; i++) sum = mix64_with(sum, options[i]);
  for (size_t i = 0; i < p->count; i++) {
    uint64_t tokens, documents;
    if (!batch_dataset_fingerprint(p->sources[i].dataset, &tokens)) return false;
    sum = mix64_with(mix64_with(sum, tokens), p->sources[i].share);
    if (p->packing == BATCH_PACK_WINDOWS) continue;
    if (!source_documents_fingerprint(p->sources[i].data, &documents)) return false;
    sum = mix64_with(sum, documents);
  }
  *fingerprint = sum;
  return true;
}
