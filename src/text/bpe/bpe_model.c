#include "text/bpe/bpe_model.h"

#include <stdlib.h>

#include "base/mix.h"
#include "text/bpe/find_merges.h"
#include "text/bpe/model.h"

enum { FIRST_MERGES = 1024 };

bpe_model *bpe_model_create(void) {
  bpe_model *m = calloc(1, sizeof *m);
  if (!m) return NULL;
  /* Where memory lies differs from process to process: nobody can choose tokens that fall on one place. */
  uint64_t seed = mix64((uintptr_t)m);
  bool tokens = vocabulary_init(&m->tokens, mix64_next(&seed));
  if (pairs_init(&m->listed, mix64_next(&seed), FIRST_MERGES) && tokens) return m;
  bpe_model_free(m);
  return NULL;
}

void bpe_model_free(bpe_model *m) {
  if (!m) return;
  vocabulary_free(&m->tokens);
  pairs_free(&m->listed);
  merges_free(&m->merges);
  free(m);
}

bpe_status bpe_model_add_token(bpe_model *m, const char *bytes, size_t count, int32_t id) {
  return vocabulary_add(&m->tokens, bytes, count, id);
}

bpe_status bpe_model_add_merge(bpe_model *m, int32_t left, int32_t right) {
  uint32_t l = vocabulary_find_id(&m->tokens, left), r = vocabulary_find_id(&m->tokens, right), both;
  if (l == NO_TOKEN || r == NO_TOKEN) return BPE_NO_TOKEN;
  bpe_status status = vocabulary_join(&m->tokens, l, r, &both);
  if (status) return status;
  if (both == NO_TOKEN) return BPE_NO_TOKEN;
  if (!pairs_set(&m->listed, (pair){(int32_t)l, (int32_t)r}, m->listed_count)) return BPE_NO_MEMORY;
  m->listed_count++;
  return BPE_OK;
}

void bpe_model_take_whole(bpe_model *m, bool whole) {
  m->whole = whole;
}

bpe_status bpe_model_finish(bpe_model *m, bool by_rank, uint8_t *missing) {
  m->whole |= by_rank;
  return find_merges(m, by_rank, missing);
}

int32_t bpe_model_find(const bpe_model *m, const char *bytes, size_t count) {
  uint32_t number = vocabulary_find(&m->tokens, bytes, count);
  return number == NO_TOKEN ? -1 : m->tokens.tokens[number].id;
}

const char *bpe_model_bytes(const bpe_model *m, int32_t id, size_t *count) {
  uint32_t number = vocabulary_find_id(&m->tokens, id);
  if (number == NO_TOKEN) return NULL;
  *count = token_length(&m->tokens, number);
  return token_bytes(&m->tokens, number);
}

uint32_t bpe_model_size(const bpe_model *m) {
  return (uint32_t)m->tokens.highest + 1;
}
