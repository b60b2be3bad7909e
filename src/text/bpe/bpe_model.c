#include "text/bpe/bpe_model.h"

#include <stdlib.h>
#include <string.h>

#include "base/mix.h"
#include "text/bpe/merge.h"
#include "text/bpe/merges.h"
#include "text/bpe/vocabulary.h"

struct bpe_model {
  vocabulary tokens;
  merges merges;
  uint32_t next_rank;
  bool whole;
  int32_t of_byte[256]; /* ids of the single bytes */
};

struct bpe_worker {
  const bpe_model *model;
};

bpe_model *bpe_model_create(void) {
  bpe_model *m = calloc(1, sizeof *m);
  if (!m) return NULL;
  /* Where memory lies differs from process to process: nobody can choose tokens that fall on one place. */
  uint64_t seed = mix64((uintptr_t)m);
  vocabulary_init(&m->tokens, seed);
  m->merges.seed = mix64(seed);
  return m;
}

void bpe_model_free(bpe_model *m) {
  if (!m) return;
  vocabulary_free(&m->tokens);
  merges_free(&m->merges);
  free(m);
}

bpe_status bpe_model_add_token(bpe_model *m, const char *bytes, size_t count, int32_t id) {
  return vocabulary_add(&m->tokens, bytes, count, id);
}

bpe_status bpe_model_add_merge(bpe_model *m, int32_t left, int32_t right) {
  const token *l = vocabulary_token(&m->tokens, left), *r = vocabulary_token(&m->tokens, right), *both;
  if (!l || !r) return BPE_NO_TOKEN;
  bpe_status status = vocabulary_join(&m->tokens, l, r, &both);
  if (status) return status;
  if (!both) return BPE_NO_TOKEN;
  if (m->next_rank == NO_RANK || !merges_add(&m->merges, (merge){left, right, m->next_rank, both->id}))
    return BPE_NO_MEMORY;
  m->next_rank++;
  return BPE_OK;
}

void bpe_model_take_whole(bpe_model *m, bool whole) {
  m->whole = whole;
}

static size_t merge_bytes(const bpe_model *m, const char *bytes, size_t count, int32_t *ids) {
  for (size_t i = 0; i < count; i++) ids[i] = m->of_byte[(uint8_t)bytes[i]];
  return merge_ids(&m->merges, ids, count);
}

static int shorter_first(const void *a, const void *b) {
  const token *s = a, *t = b;
  return s->length < t->length ? -1 : s->length > t->length;
}

/* Whatever lies around it, a token can come about in one way only: what is merged within its bytes, as long as nothing
   is merged across their ends, is what is merged when they are alone, in the same order. So each token has one merge
   at most, that of the last two that are left of it; the tokens within it are shorter and have theirs already. */
static bpe_status find_merges(bpe_model *m, const token *tokens, int32_t *ids) {
  for (uint32_t i = 0; i < m->tokens.count; i++) {
    const token *t = &tokens[i];
    if (merge_bytes(m, m->tokens.bytes + t->start, t->length, ids) != 2) continue;
    if (!merges_add(&m->merges, (merge){ids[0], ids[1], (uint32_t)t->id, t->id})) return BPE_NO_MEMORY;
  }
  return BPE_OK;
}

static bpe_status merge_by_rank(bpe_model *m) {
  token *sorted = reallocarray(NULL, m->tokens.count, sizeof *sorted);
  if (!sorted) return BPE_NO_MEMORY;
  memcpy(sorted, m->tokens.tokens, m->tokens.count * sizeof *sorted);
  qsort(sorted, m->tokens.count, sizeof *sorted, shorter_first);
  int32_t *ids = reallocarray(NULL, (size_t)sorted[m->tokens.count - 1].length + 1, sizeof *ids);
  bpe_status status = ids ? find_merges(m, sorted, ids) : BPE_NO_MEMORY;
  free(ids);
  free(sorted);
  return status;
}

bpe_status bpe_model_finish(bpe_model *m, bool by_rank, uint8_t *missing) {
  for (unsigned byte = 0; byte < 256; byte++) {
    m->of_byte[byte] = bpe_model_find(m, &(char){(char)byte}, 1);
    if (m->of_byte[byte] >= 0) continue;
    *missing = (uint8_t)byte;
    return BPE_BYTE_MISSING;
  }
  if (!by_rank) return BPE_OK;
  m->whole = true;
  return merge_by_rank(m);
}

int32_t bpe_model_find(const bpe_model *m, const char *bytes, size_t count) {
  const token *t = vocabulary_find(&m->tokens, bytes, count);
  return t ? t->id : -1;
}

const char *bpe_model_bytes(const bpe_model *m, int32_t id, size_t *count) {
  const token *t = vocabulary_token(&m->tokens, id);
  if (!t) return NULL;
  *count = t->length;
  return m->tokens.bytes + t->start;
}

uint32_t bpe_model_size(const bpe_model *m) {
  return (uint32_t)m->tokens.highest + 1;
}

bpe_worker *bpe_worker_create(const bpe_model *m) {
  bpe_worker *w = calloc(1, sizeof *w);
  if (w) w->model = m;
  return w;
}

void bpe_worker_free(bpe_worker *w) {
  free(w);
}

size_t bpe_encode(const bpe_model *m, bpe_worker *w, const char *text, const piece *pieces, size_t count,
                  int32_t *ids) {
  int32_t *next = ids;
  (void)w;
  for (size_t i = 0; i < count; i++) {
    const char *bytes = text + pieces[i].start;
    size_t length = pieces[i].end - pieces[i].start;
    int32_t whole = m->whole ? bpe_model_find(m, bytes, length) : -1;
    if (whole >= 0)
      *next++ = whole;
    else
      next += merge_bytes(m, bytes, length, next);
  }
  return (size_t)(next - ids);
}
