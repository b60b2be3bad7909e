#include "text/bpe/find_merges.h"

#include <stdlib.h>

#include "text/bpe/merge.h"

/* A token that may come about. */
typedef struct candidate {
  uint32_t token, length;
  int32_t id;
  int32_t symbol; /* by rank: known before */
} candidate;

typedef struct search {
  bpe_model *model;
  bool by_rank;
  candidate *candidates; /* [count] */
  size_t count;
  /* Symbols with holes: for each merge of the list, or for each candidate. */
  merges merges;
  uint32_t *token_of; /* [room]: NO_TOKEN for a hole */
  int32_t room;
  int32_t *symbols; /* [longest candidate] */
  merge_memory memory;
} search;

static int by_id(const void *a, const void *b) {
  const candidate *l = a, *r = b;
  return l->id < r->id ? -1 : l->id > r->id;
}

static int by_length(const void *a, const void *b) {
  const candidate *l = a, *r = b;
  return l->length < r->length ? -1 : l->length > r->length;
}

static bool find_bytes(search *s, uint8_t *missing) {
  for (unsigned byte = 0; byte < FIRST_SYMBOL; byte++) {
    s->token_of[byte] = vocabulary_find(&s->model->tokens, &(char){(char)byte}, 1);
    *missing = (uint8_t)byte;
    if (s->token_of[byte] == NO_TOKEN) return false;
  }
  return true;
}

static void list_candidates(search *s) {
  const vocabulary *v = &s->model->tokens;
  for (uint32_t i = 0; i < v->count; i++) {
    size_t length = token_length(v, i);
    if (length > 1) s->candidates[s->count++] = (candidate){i, (uint32_t)length, v->tokens[i].id, 0};
  }
  if (s->by_rank) qsort(s->candidates, s->count, sizeof *s->candidates, by_id);
  for (size_t i = 0; i < s->count; i++) s->candidates[i].symbol = FIRST_SYMBOL + (int32_t)i;
  qsort(s->candidates, s->count, sizeof *s->candidates, by_length);
}

/* Of the last two that are left of a candidate. */
static int32_t symbol_of(const search *s, const candidate *c) {
  if (s->by_rank) return c->symbol;
  uint32_t left = s->token_of[s->symbols[0]], right = s->token_of[s->symbols[1]];
  int32_t rank = pairs_find(&s->model->listed, (int32_t)left, (int32_t)right);
  return rank == NO_PAIR ? NO_SYMBOL : FIRST_SYMBOL + rank;
}

/* The tokens within a token are shorter and have their merges already. */
static bool find_each(search *s) {
  for (size_t i = 0; i < s->count; i++) {
    const candidate *c = &s->candidates[i];
    const char *bytes = token_bytes(&s->model->tokens, c->token);
    size_t left = merge_bytes(&s->merges, &s->memory, (const uint8_t *)bytes, c->length, s->symbols);
    if (left == SIZE_MAX) return false;
    int32_t symbol = left == 2 ? symbol_of(s, c) : NO_SYMBOL;
    if (symbol == NO_SYMBOL) continue;
    merges_add(&s->merges, (pair){s->symbols[0], s->symbols[1]}, symbol);
    s->token_of[symbol] = c->token;
  }
  return true;
}

static bool add_token(vocabulary *to, const vocabulary *from, uint32_t number) {
  return vocabulary_add(to, token_bytes(from, number), token_length(from, number), from->tokens[number].id) ==
         BPE_OK;
}

/* Without holes: tokens that have a symbol in the order of these, and then the others. */
static bool put_in_order(search *s, vocabulary *ordered, int32_t *renamed) {
  bpe_model *m = s->model;
  for (int32_t i = 0; i < s->room; i++) {
    if (s->token_of[i] == NO_TOKEN) continue;
    renamed[i] = (int32_t)ordered->count;
    if (!add_token(ordered, &m->tokens, s->token_of[i])) return false;
  }
  m->symbols = (int32_t)ordered->count;
  for (uint32_t i = 0; i < m->tokens.count; i++) {
    size_t length = token_length(&m->tokens, i);
    if (vocabulary_find(ordered, token_bytes(&m->tokens, i), length) != NO_TOKEN) continue;
    if (!add_token(ordered, &m->tokens, i)) return false;
  }
  if (!merges_init(&m->merges, s->merges.others.seed, m->symbols)) return false;
  for (int32_t i = FIRST_SYMBOL; i < s->room; i++) {
    const pair *p = &s->merges.others.of[i];
    if (s->token_of[i] != NO_TOKEN)
      merges_add(&m->merges, (pair){renamed[p->left], renamed[p->right]}, renamed[i]);
  }
  return true;
}

static bool order(search *s) {
  vocabulary ordered;
  int32_t *renamed = reallocarray(NULL, (size_t)s->room, sizeof *renamed);
  bool done =
      vocabulary_init(&ordered, s->model->tokens.seed) && renamed && put_in_order(s, &ordered, renamed);
  free(renamed);
  if (!done) {
    vocabulary_free(&ordered);
    return false;
  }
  vocabulary_free(&s->model->tokens);
  s->model->tokens = ordered;
  return true;
}

static bpe_status find(search *s, uint8_t *missing) {
  if (!s->candidates || !s->token_of || !merges_init(&s->merges, s->model->listed.seed, s->room))
    return BPE_NO_MEMORY;
  for (int32_t i = 0; i < s->room; i++) s->token_of[i] = NO_TOKEN;
  if (!find_bytes(s, missing)) return BPE_BYTE_MISSING;
  list_candidates(s);
  size_t longest = s->count > 0 ? s->candidates[s->count - 1].length : 0;
  s->symbols = reallocarray(NULL, longest + 1, sizeof *s->symbols);
  return s->symbols && find_each(s) && order(s) ? BPE_OK : BPE_NO_MEMORY;
}

bpe_status find_merges(bpe_model *m, bool by_rank, uint8_t *missing) {
  search s = {.model = m, .by_rank = by_rank};
  uint32_t symbols = FIRST_SYMBOL + (by_rank ? m->tokens.count : (uint32_t)m->listed_count);
  if (symbols >= NO_SYMBOL) return BPE_NO_MEMORY;
  s.room = (int32_t)symbols;
  s.candidates = reallocarray(NULL, (size_t)m->tokens.count + 1, sizeof *s.candidates);
  s.token_of = reallocarray(NULL, symbols, sizeof *s.token_of);
  bpe_status status = find(&s, missing);
  free(s.candidates);
  free(s.token_of);
  free(s.symbols);
  merges_free(&s.merges);
  merge_memory_free(&s.memory);
  pairs_free(&m->listed);
  m->listed = (pairs){0};
  return status;
}
