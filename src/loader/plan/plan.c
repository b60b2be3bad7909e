#include "loader/plan/windows.h"

#include <math.h>
#include <stdlib.h>

#include "base/error.h"
#include "base/mix.h"
#include "dataset/hole.h"
#include "dataset/scan.h"

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
    return error_fail(
        BATCH_ERROR_INVALID_ARGUMENT,
        "%.700s: no document boundaries are known, which %s needs; in files of tokens "
        "batch_dataset_options.separator and end_of_text (--separator, --end-of-text) find them (llm.c: "
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
  if (p->windowed) return s->data->tokens > 1 || refuse_rowless(p, s->data);
  if (!pack_init(&s->rows, s->data, p->packing, p->sequence_length, p->whole)) return false;
  s->rows.multiple = p->multiple;
  return s->rows.rows > 0 || refuse_rowless(p, s->data);
}

static bool too_many(const char *what, unsigned bits) {
  return error_fail(BATCH_ERROR_OVERFLOW, "the sources have more than 2^%u %s, expected fewer", bits, what);
}

static bool number_rows(plan *p) {
  for (size_t i = 0; i < p->count; i++) {
    p->sources[i].first = p->rows;
    if (__builtin_add_overflow(p->rows, p->sources[i].rows.rows, &p->rows) || p->rows > PERMUTATION_MAX_COUNT)
      return too_many("rows", 48);
  }
  return true;
}

static bool number_documents(plan *p) {
  for (size_t i = 0; i < p->count; i++) {
    plan_source *s = &p->sources[i];
    s->first_document = p->documents;
    s->first_token = p->tokens;
    if (__builtin_add_overflow(p->documents, s->data->documents, &p->documents) ||
        p->documents > PERMUTATION_MAX_COUNT)
      return too_many("documents", 48);
    if (__builtin_add_overflow(p->tokens, s->data->tokens, &p->tokens) || p->tokens >> 62 > 0)
      return too_many("tokens", 62);
  }
  return true;
}

/* With weights an epoch is as long as all tokens are. */
static bool count_windowed(plan *p) {
  uint64_t length = p->sequence_length;
  for (size_t i = 0; p->weighted && i < p->count; i++)
    p->rows += (p->sources[i].data->tokens - 1) / length + 1;
  p->counted = p->weighted;
  return p->rows <= PERMUTATION_MAX_COUNT || too_many("rows", 48);
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

/* Of weighted sources each has windows of its own under way. */
static uint32_t window_size(const plan *p, uint32_t given) {
  enum { USUAL = 65536, LEAST = 4096 };
  if (given > 0) return given;
  if (!p->weighted || p->count <= 1) return USUAL;
  return USUAL / p->count > LEAST ? (uint32_t)(USUAL / p->count) : LEAST;
}

uint32_t plan_multiple(const batch_loader_options *options) {
  uint32_t world = options->context_world ? options->context_world : 1;
  return options->context_documents ? 2 * world : 1;
}

bool plan_init(plan *p, const batch_loader_source *sources, size_t n, const batch_loader_options *options) {
  *p = (plan){.seed = options->seed,
              .shuffle = options->shuffle,
              .block_rows = options->block_rows ? options->block_rows : 4096,
              .sequence_length = options->sequence_length,
              .packing = options->packing,
              .windowed = options->packing >= BATCH_PACK_BEST_FIT,
              .multiple = plan_multiple(options),
              .whole = options->drop_last && options->packing == BATCH_PACK_WINDOWS};
  const char *needed_by = p->packing != BATCH_PACK_WINDOWS ? "this packing"
                          : options->no_loss_across        ? "no_loss_across"
                                                           : NULL;
  p->sources = calloc(n, sizeof *p->sources);
  if (!p->sources) return error_fail(BATCH_ERROR_OUT_OF_MEMORY, "no memory for %zu sources", n);
  p->count = n;
  for (size_t i = 0; i < n; i++)
    if (!open_source(p, i, &sources[i], needed_by)) return false;
  if (!share_rows(p, sources)) return false;
  p->counted = true;
  if (!p->windowed) return number_rows(p);
  p->window_documents = window_size(p, options->pack_window);
  return number_documents(p) && count_windowed(p) && windows_make(p);
}

void plan_free(plan *p) {
  windows_free(p->windows); /* asks the sources */
  for (size_t i = 0; i < p->count; i++) pack_free(&p->sources[i].rows);
  free(p->sources);
  shares_free(&p->shares);
}

uint64_t plan_pass_key(const plan *p, uint32_t source, uint64_t pass) {
  enum { KEY_SOURCE = 5 }; /* those of plan_reader.c and pack_window.c are others */
  if (!p->weighted) return mix64_with(p->seed, pass);
  return mix64_with(mix64_with(mix64_with(p->seed, KEY_SOURCE), source), pass);
}

bool plan_owns(const void *plan_context, const void *address) {
  const plan *p = plan_context;
  for (size_t i = 0; i < p->count; i++)
    if (hole_in_token_files(p->sources[i].data, address)) return true;
  return false;
}

bool plan_report_hole(const plan *p, const void *address, fault *why) {
  for (size_t i = 0; i < p->count; i++)
    if (hole_report(p->sources[i].data, address, why)) return true;
  return false;
}

uint64_t plan_epochs(const plan *p) {
  return p->weighted ? SHARES_MAX_ROWS / p->rows : UINT64_MAX;
}

uint64_t plan_epoch_rows(const plan *p) {
  return p->counted ? p->rows : windows_rows(p->windows);
}

uint32_t plan_pieces(const plan_row *row) {
  return row->table ? pack_table_pieces(row->table, row->row) : 1;
}

static uint64_t first_token(const plan_source *source) {
  return source->first_token;
}

pack_piece plan_piece(const plan *p, const plan_row *row, uint32_t i, uint32_t *source) {
  *source = row->source;
  if (!row->table) return pack_piece_at(&p->sources[row->source].rows, row->row);
  pack_piece piece = pack_table_piece(row->table, row->row, i);
  *source = plan_source_of(p, piece.token, first_token);
  piece.token -= p->sources[*source].first_token;
  return piece;
}

uint64_t plan_hash_mix(const plan *p) {
  uint64_t block = p->shuffle == BATCH_SHUFFLE_BLOCKS && !p->windowed ? p->block_rows : 0;
  uint64_t sum = mix64_with(mix64_with(p->rows, block), p->windowed ? p->multiple : 1);
  if (p->windowed) sum = mix64_with(mix64_with(sum, p->documents), p->window_documents);
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
