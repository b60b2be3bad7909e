#include "loader/plan/pack_window.h"

#include "base/error.h"
#include "base/guard.h"
#include "base/mix.h"

/* Beside those of plan_pass_key and plan_reader.c. */
enum { KEY_DOCUMENTS = 6, KEY_WINDOWS, KEY_IN_WINDOW };

uint32_t pack_window_lanes(const plan *p) {
  return p->weighted ? (uint32_t)p->count : 1;
}

uint64_t pack_window_documents(const plan *p, uint32_t lane) {
  return p->weighted ? p->sources[lane].data->documents : p->documents;
}

uint64_t pack_window_count(const plan *p, uint32_t lane) {
  uint64_t documents = pack_window_documents(p, lane);
  return documents / p->window_documents + (documents % p->window_documents != 0);
}

static const char *first_path(const plan *p, uint32_t lane) {
  return p->sources[p->weighted ? lane : 0].data->files[0].path;
}

/* What a lane has beside its first file. */
static const char *rest(const plan *p, uint32_t lane) {
  if (!p->weighted && p->count > 1) return " and the other sources";
  return p->sources[lane].data->count > 1 ? " and the rest of its dataset" : "";
}

bool pack_window_rowless(const plan *p, uint32_t lane) {
  return error_fail(BATCH_ERROR_INVALID_ARGUMENT, "%.600s%s: no document has 2 tokens, expected one that has",
                    first_path(p, lane), rest(p, lane));
}

bool pack_window_changed(const plan *p, uint32_t lane) {
  return error_fail(BATCH_ERROR_IO, "%.600s%s: documents changed while they were open", first_path(p, lane),
                    rest(p, lane));
}

uint32_t pack_window_most(const plan *p) {
  uint64_t most = 1;
  for (uint32_t lane = 0; lane < pack_window_lanes(p); lane++)
    if (pack_window_documents(p, lane) > most) most = pack_window_documents(p, lane);
  return most < p->window_documents ? (uint32_t)most : p->window_documents;
}

void pack_window_shuffle(const plan *p, const pack_window_key *key, uint64_t rows, permutation *order) {
  permutation_init(
      order, rows,
      mix64_with(mix64_with(plan_pass_key(p, key->lane, key->pass), KEY_IN_WINDOW), key->number));
}

static uint64_t first_document(const plan_source *source) {
  return source->first_document;
}

typedef struct reading {
  const plan *plan;
  packer *packs;
  uint64_t first;           /* document of the lane, among those of all sources */
  uint64_t begin, end;      /* places of the pass, or documents of the lane: those of the window */
  const permutation *order; /* NULL: as they lie */
  uint64_t pairs;           /* of all of them */
} reading;

static void put_document(reading *r, uint64_t nth, uint64_t document) {
  const plan_source *s = &r->plan->sources[plan_source_of(r->plan, document, first_document)];
  uint64_t start, end;
  token_files_document(s->data, document - s->first_document, &start, &end);
  r->packs->starts[nth] = s->first_token + start;
  r->packs->pairs[nth] = end - start > 1 ? end - start - 1 : 0;
  if (__builtin_add_overflow(r->pairs, r->packs->pairs[nth], &r->pairs)) r->pairs = UINT64_MAX;
}

/* Runs guarded. */
static void read_documents(void *context) {
  reading *r = context;
  const permutation *order = r->order;
  uint64_t found[PERMUTATION_TOGETHER];
  for (uint64_t at = r->begin, n; at < r->end; at += n) {
    n = r->end - at < PERMUTATION_TOGETHER ? r->end - at : PERMUTATION_TOGETHER;
    if (order) permutation_at_each(order, at, (unsigned)n, found);
    for (uint64_t i = 0; i < n; i++)
      put_document(r, at - r->begin + i, r->first + (order ? found[i] : at + i));
  }
}

static bool read_guarded(reading *r) {
  const void *hole = guard_run_anywhere(read_documents, r, plan_owns, r->plan);
  fault why = {.code = BATCH_ERROR_IO};
  if (hole) plan_report_hole(r->plan, hole, &why);
  return !hole || error_fail(why.code, "%s", why.message);
}

bool pack_window_pack(const plan *p, const pack_window_key *key, packer *packs, pack_table *table,
                      uint32_t *documents) {
  uint64_t all = pack_window_documents(p, key->lane), number = key->number, size = p->window_documents;
  reading r = {.plan = p, .packs = packs, .first = p->weighted ? p->sources[key->lane].first_document : 0};
  permutation order;
  if (p->shuffle == BATCH_SHUFFLE_ALL) {
    permutation_init(&order, all, mix64_with(plan_pass_key(p, key->lane, key->pass), KEY_DOCUMENTS));
    r.order = &order;
  } else if (p->shuffle == BATCH_SHUFFLE_BLOCKS) {
    permutation_init(&order, pack_window_count(p, key->lane),
                     mix64_with(plan_pass_key(p, key->lane, key->pass), KEY_WINDOWS));
    number = permutation_at(&order, number);
  }
  r.begin = number * size;
  r.end = all - r.begin < size ? all : r.begin + size;
  if (!read_guarded(&r)) return false;
  if (r.pairs >> 62 > 0)
    return pack_window_changed(p, key->lane); /* each is within the stream, so they overlap */
  *documents = (uint32_t)(r.end - r.begin);
  packer_pack(packs, *documents, table);
  return true;
}
