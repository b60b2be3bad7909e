#include "loader/plan/plan.h"

#include <math.h>
#include <stdlib.h>

#include "base/error.h"
#include "base/mix.h"
#include "dataset/scan.h"

/* Tells apart the permutations that one seed keys. */
enum { KEY_ROWS = 1, KEY_BLOCKS, KEY_IN_BLOCK, KEY_SOURCE = 5 };

/* What a dataset is to whoever opened it: "a.bin", "a.bin and the rest of its dataset". */
#define NAME          "%.600s%s"
#define NAME_OF(data) (data)->files[0].path, (data)->count > 1 ? " and the rest of its dataset" : ""

static bool refuse_rowless(const plan *p, const token_files *data) {
  if (p->packing != BATCH_PACK_WINDOWS)
    return error_fail(BATCH_ERROR_INVALID_ARGUMENT, NAME ": no document has 2 tokens, expected one that has",
                      NAME_OF(data));
  return error_fail(BATCH_ERROR_INVALID_ARGUMENT, NAME ": %llu token%s, too few for a row: expected %llu%s",
                    NAME_OF(data), (unsigned long long)data->tokens, data->tokens == 1 ? "" : "s",
                    p->whole ? (unsigned long long)p->sequence_length + 1 : 2ull,
                    p->whole ? " with drop_last" : "");
}

/* A file without boundaries beside others that have some would be one row of its first tokens. */
static bool check_boundaries(const token_files *data, const char *needed_by) {
  for (size_t i = 0; i < data->count; i++) {
    const token_file *file = &data->files[i];
    if (file->tokens == 0 || (file->documents.kind != TOKENS_NO_BOUNDARIES && !file->documents.assumed))
      continue;
    return error_fail(BATCH_ERROR_INVALID_ARGUMENT,
                      "%.700s: no document boundaries are known, which %s needs; in files of tokens "
                      "batch_dataset_options.separator and end_of_text find them (llm.c: "
                      "BATCH_SEPARATOR_BEFORE, and 50256 for GPT-2, 128000 for Llama 3)",
                      file->path, needed_by);
  }
  return true;
}

/* needed_by: what needs the boundaries of documents; NULL: nothing. */
static bool open_source(plan *p, size_t i, const batch_loader_source *given, const char *needed_by) {
  plan_source *s = &p->sources[i];
  s->dataset = given->dataset;
  s->data = dataset_token_files(given->dataset);
  if (needed_by && !check_boundaries(s->data, needed_by)) return false;
  if (!pack_init(&s->rows, s->data, p->packing, p->sequence_length, p->whole)) return false;
  s->rows.multiple = p->multiple;
  return s->rows.rows > 0 || refuse_rowless(p, s->data);
}

static bool number_rows(plan *p) {
  for (size_t i = 0; i < p->count; i++) {
    p->sources[i].first = p->rows;
    if (__builtin_add_overflow(p->rows, p->sources[i].rows.rows, &p->rows) || p->rows > PERMUTATION_MAX_COUNT)
      return error_fail(BATCH_ERROR_OVERFLOW, "the sources have more than 2^48 rows, expected fewer");
  }
  return true;
}

static bool check_weights(const plan *p, const double *weights, double sum) {
  for (size_t i = 0; i < p->count; i++) {
    const token_files *data = p->sources[i].data;
    if (!isfinite(weights[i]) || weights[i] < 0 || (weights[i] > 0) != (weights[0] > 0))
      return error_fail(BATCH_ERROR_INVALID_ARGUMENT,
                        NAME ": its weight is %g, expected all weights to be 0, or all positive",
                        NAME_OF(data), weights[i]);
    if (isfinite(sum) && weights[i] < sum / (double)SHARES_MOST)
      return error_fail(BATCH_ERROR_INVALID_ARGUMENT,
                        NAME ": its weight is %g of %g, expected at least 1 of %llu", NAME_OF(data),
                        weights[i], sum, (unsigned long long)SHARES_MOST);
  }
  return isfinite(sum) ||
         error_fail(BATCH_ERROR_INVALID_ARGUMENT, "the sum of the weights is %g, expected a finite one", sum);
}

static bool share_rows(plan *p, const batch_loader_source *sources) {
  double *weights = calloc(p->count, sizeof *weights), sum = 0;
  for (size_t i = 0; weights && i < p->count; i++) sum += weights[i] = sources[i].weight;
  bool good = weights && check_weights(p, weights, sum);
  p->weighted = good && sum > 0 && p->count > 1;
  if (!weights || (p->weighted && !shares_init(&p->shares, weights, p->count)))
    good = error_fail(BATCH_ERROR_OUT_OF_MEMORY, "no memory for %zu weights", p->count);
  free(weights);
  return good;
}

bool plan_init(plan *p, const batch_loader_source *sources, size_t n, const batch_loader_options *options) {
  *p = (plan){.seed = options->seed,
              .shuffle = options->shuffle,
              .block_rows = options->block_rows ? options->block_rows : 4096,
              .sequence_length = options->sequence_length,
              .packing = options->packing,
              .multiple =
                  options->context_documents ? 2 * (options->context_world ? options->context_world : 1) : 1,
              .whole = options->drop_last && options->packing == BATCH_PACK_WINDOWS};
  const char *needed_by = p->packing != BATCH_PACK_WINDOWS ? "this packing"
                          : options->no_loss_across        ? "no_loss_across"
                                                           : NULL;
  p->sources = calloc(n, sizeof *p->sources);
  if (!p->sources) return error_fail(BATCH_ERROR_OUT_OF_MEMORY, "no memory for %zu sources", n);
  p->count = n;
  for (size_t i = 0; i < n; i++)
    if (!open_source(p, i, &sources[i], needed_by)) return false;
  return number_rows(p) && share_rows(p, sources);
}

void plan_free(plan *p) {
  for (size_t i = 0; i < p->count; i++) pack_free(&p->sources[i].rows);
  free(p->sources);
  shares_free(&p->shares);
}

uint64_t plan_epochs(const plan *p) {
  return p->weighted ? SHARES_MAX_ROWS / p->rows : UINT64_MAX;
}

bool plan_reader_init(plan_reader *r, const plan *p) {
  *r = (plan_reader){.plan = p};
  r->shuffles = calloc(p->weighted ? p->count : 1, sizeof *r->shuffles);
  bool good = r->shuffles && (!p->weighted || shares_reader_init(&r->shares, &p->shares));
  return good || error_fail(BATCH_ERROR_OUT_OF_MEMORY, "no memory for a plan's reader");
}

void plan_reader_free(plan_reader *r) {
  free(r->shuffles);
  shares_reader_free(&r->shares);
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

static const permutation *shuffled_all(plan_reader *r, size_t slot, uint64_t count, uint64_t key) {
  return prepared(&r->shuffles[slot].outer, count, mix64_with(key, KEY_ROWS));
}

/* Where `place` of `count` goes in the order that `key` chooses. */
static uint64_t shuffle(plan_reader *r, size_t slot, uint64_t count, uint64_t key, uint64_t place) {
  switch (r->plan->shuffle) {
  case BATCH_SHUFFLE_NONE:
    return place;
  case BATCH_SHUFFLE_BLOCKS:
    return shuffle_blocks(r, slot, count, key, place);
  default:
    return permutation_at(shuffled_all(r, slot, count, key), place);
  }
}

/* The source that has row `index` of all: the last one that begins at or before it. */
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

/* The nth row since the run began: how many rows its source has given before says which of its passes
   this is, and which place there. */
static plan_row locate_mixed(plan_reader *r, uint64_t nth) {
  const plan *p = r->plan;
  shares_row drawn = shares_at(&r->shares, nth);
  uint64_t rows = p->sources[drawn.source].rows.rows, pass = drawn.nth / rows;
  uint64_t key = mix64_with(mix64_with(mix64_with(p->seed, KEY_SOURCE), drawn.source), pass);
  return (plan_row){drawn.source, shuffle(r, drawn.source, rows, key, drawn.nth % rows)};
}

/* The source that row `row` of all belongs to, and its number there. */
static plan_row row_of(const plan *p, uint64_t row) {
  uint32_t i = find_source(p, row);
  return (plan_row){i, row - p->sources[i].first};
}

plan_row plan_locate(plan_reader *r, uint64_t epoch, uint64_t place) {
  const plan *p = r->plan;
  if (p->weighted) return locate_mixed(r, epoch * p->rows + place);
  return row_of(p, shuffle(r, 0, p->rows, mix64_with(p->seed, epoch), place));
}

/* How many places, PERMUTATION_TOGETHER at most, follow each other. */
static unsigned run_of(const uint64_t *places, unsigned n) {
  unsigned run = 1;
  while (run < n && run < PERMUTATION_TOGETHER && places[run] == places[0] + run) run++;
  return run;
}

void plan_locate_each(plan_reader *r, uint64_t epoch, const uint64_t *places, unsigned n, plan_row *rows) {
  const plan *p = r->plan;
  bool together = !p->weighted && p->shuffle == BATCH_SHUFFLE_ALL;
  for (unsigned done = 0, run; done < n; done += run) {
    uint64_t found[PERMUTATION_TOGETHER];
    run = run_of(places + done, n - done);
    if (together)
      permutation_at_each(shuffled_all(r, 0, p->rows, mix64_with(p->seed, epoch)), places[done], run, found);
    for (unsigned i = 0; i < run; i++)
      rows[done + i] = together ? row_of(p, found[i]) : plan_locate(r, epoch, places[done] + i);
  }
}

uint32_t plan_rows_there(const plan *p, const uint64_t *places, uint32_t n) {
  while (n > 0 && places[n - 1] >= p->rows) n--;
  return n;
}

uint32_t plan_pieces(const plan *p, const plan_row *row) {
  return pack_pieces(&p->sources[row->source].rows, row->row);
}

pack_piece plan_piece(const plan *p, const plan_row *row, uint32_t i, uint32_t *source) {
  *source = row->source;
  return pack_piece_at(&p->sources[row->source].rows, row->row, i);
}

uint64_t plan_hash_mix(const plan *p) {
  uint64_t sum = mix64_with(p->rows, p->shuffle == BATCH_SHUFFLE_BLOCKS ? p->block_rows : 0);
  if (!p->weighted) return sum;
  for (size_t i = 0; i < p->count; i++) sum = mix64_with(sum, p->shares.weights[i]);
  return mix64_with(sum, p->shares.whole);
}

bool plan_hash_data(const plan *p, uint64_t *hash) {
  *hash = p->count;
  for (size_t i = 0; i < p->count; i++) {
    uint64_t tokens, documents;
    if (!batch_dataset_fingerprint(p->sources[i].dataset, &tokens)) return false;
    *hash = mix64_with(*hash, tokens);
    if (p->packing == BATCH_PACK_WINDOWS) continue;
    if (!scan_documents_fingerprint(p->sources[i].data, &documents)) return false;
    *hash = mix64_with(*hash, documents);
  }
  return true;
}
