/* A small trainer of byte-level BPE, so that the suite needs no vocabulary of somebody's: merges of what is frequent in the
   beginnings of the texts. Not one merge a round, as in the textbook, but MERGES_A_ROUND that have no symbol in common:
   the tokens are nearly the same. */
#include "bench.h"
#include "tokenizer.h"

#include "text/split/splitter.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
  SAMPLE = 1 << 18,
  MOST_TOKENS = 8000,
  MERGES_A_ROUND = 32,
  LOOKED_AT = 8 * MERGES_A_ROUND,
  LEAST_OFTEN = 2,
  LONGEST = 16
};

typedef struct token {
  uint8_t bytes[LONGEST];
  uint32_t length;
} token;

/* How often two symbols stand side by side. */
typedef struct pair {
  int32_t left, right;
  uint32_t count; /* 0: free */
} pair;

typedef struct trainer {
  int32_t *symbols; /* all pieces, behind each of them -1 */
  size_t count;
  pair *pairs; /* [mask + 1], open addressing, more than there are neighbours */
  size_t mask;
  token tokens[MOST_TOKENS];
  int32_t token_count, most_tokens;
} trainer;

static pair *find_pair(const trainer *t, int32_t left, int32_t right) {
  uint64_t hash = ((uint64_t)(uint32_t)left << 32 | (uint32_t)right) * UINT64_C(0x9E3779B97F4A7C15);
  size_t at = (hash ^ hash >> 29) & t->mask;
  while (t->pairs[at].count > 0 && (t->pairs[at].left != left || t->pairs[at].right != right))
    at = (at + 1) & t->mask;
  return &t->pairs[at];
}

static void count_pairs(trainer *t) {
  memset(t->pairs, 0, (t->mask + 1) * sizeof *t->pairs);
  for (size_t i = 0; i + 1 < t->count; i++) {
    int32_t left = t->symbols[i], right = t->symbols[i + 1];
    if (left < 0 || right < 0) continue;
    pair *p = find_pair(t, left, right);
    *p = (pair){left, right, p->count + 1};
  }
}

/* Most frequent first, and among equals in an order that does not depend on where they lie. */
static int by_count(const void *a, const void *b) {
  const pair *x = a, *y = b;
  if (x->count != y->count) return x->count < y->count ? 1 : -1;
  if (x->left != y->left) return x->left < y->left ? -1 : 1;
  return x->right < y->right ? -1 : x->right > y->right;
}

/* The most frequent ones, in that order; returns how many. */
static size_t find_best(const trainer *t, pair best[LOOKED_AT]) {
  size_t count = 0;
  for (size_t i = 0; i <= t->mask; i++) {
    const pair *p = &t->pairs[i];
    if (p->count < LEAST_OFTEN || t->tokens[p->left].length + t->tokens[p->right].length > LONGEST) continue;
    if (count == LOOKED_AT && by_count(p, &best[count - 1]) > 0) continue;
    size_t at = count < LOOKED_AT ? count++ : count - 1;
    for (; at > 0 && by_count(p, &best[at - 1]) < 0; at--) best[at] = best[at - 1];
    best[at] = *p;
  }
  return count;
}

static bool in_common(const pair *a, const pair *b) {
  return a->left == b->left || a->left == b->right || a->right == b->left || a->right == b->right;
}

/* The most frequent ones that have no symbol in common; returns how many. */
static size_t choose(const trainer *t, pair chosen[MERGES_A_ROUND]) {
  pair best[LOOKED_AT];
  size_t count = find_best(t, best), kept = 0;
  for (size_t i = 0; i < count && kept < MERGES_A_ROUND; i++) {
    bool is_free = true;
    for (size_t k = 0; k < kept; k++) is_free = is_free && !in_common(&chosen[k], &best[i]);
    if (is_free) chosen[kept++] = best[i];
  }
  return kept;
}

/* The token with the bytes of both, which may have come about from two others before; -1: there are enough. */
static int32_t join(trainer *t, const pair *p) {
  token both = t->tokens[p->left];
  memcpy(both.bytes + both.length, t->tokens[p->right].bytes, t->tokens[p->right].length);
  both.length += t->tokens[p->right].length;
  for (int32_t i = 256; i < t->token_count; i++)
    if (t->tokens[i].length == both.length && memcmp(t->tokens[i].bytes, both.bytes, both.length) == 0)
      return i;
  if (t->token_count == t->most_tokens) return -1;
  t->tokens[t->token_count] = both;
  return t->token_count++;
}

/* Merges the chosen pairs wherever they stand. */
static void merge(trainer *t, const pair *chosen, const int32_t *joined, size_t n) {
  static int32_t of_left[MOST_TOKENS]; /* 1 + place in chosen */
  size_t kept = 0;
  memset(of_left, 0, sizeof of_left);
  for (size_t i = 0; i < n; i++) of_left[chosen[i].left] = (int32_t)i + 1;
  for (size_t i = 0; i < t->count; i++, kept++) {
    int32_t symbol = t->symbols[i], place = symbol < 0 ? 0 : of_left[symbol];
    bool both = place > 0 && i + 1 < t->count && t->symbols[i + 1] == chosen[place - 1].right &&
                joined[place - 1] >= 0;
    t->symbols[kept] = both ? joined[place - 1] : symbol;
    i += both;
  }
  t->count = kept;
}

static void train(trainer *t) {
  pair chosen[MERGES_A_ROUND];
  int32_t joined[MERGES_A_ROUND];
  while (t->token_count < t->most_tokens) {
    count_pairs(t);
    size_t n = choose(t, chosen);
    if (n == 0) return;
    for (size_t i = 0; i < n; i++) joined[i] = join(t, &chosen[i]);
    merge(t, chosen, joined, n);
  }
}

/* The bytes of all pieces of the sample of each text. */
static bool take_pieces(trainer *t, const splitter *s) {
  splitter_state *state = splitter_state_create(s);
  piece pieces[64];
  bool good = state;
  for (size_t i = 0; good && i < tokenizer_text_count; i++) {
    const tokenizer_text *text = &tokenizer_texts[i];
    size_t bytes = text->count < SAMPLE ? text->count : SAMPLE;
    for (size_t from = 0; good && from < bytes;) {
      size_t count = splitter_next(s, state, text->bytes, bytes, &from, pieces, 64);
      good = count < SPLITTER_GAVE_UP;
      for (size_t k = 0; good && k < count; k++) {
        for (size_t at = pieces[k].start; at < pieces[k].end; at++)
          t->symbols[t->count++] = (unsigned char)text->bytes[at];
        t->symbols[t->count++] = -1;
      }
    }
  }
  splitter_state_free(state);
  return good;
}

static void write_base64(FILE *to, const token *of) {
  static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  for (uint32_t i = 0; i < of->length; i += 3) {
    uint32_t left = of->length - i, three = 0;
    for (uint32_t k = 0; k < 3; k++) three = three << 8 | (k < left ? of->bytes[i + k] : 0);
    for (uint32_t k = 0; k < 4; k++) fputc(k <= left ? digits[three >> (18 - 6 * k) & 63] : '=', to);
  }
}

static bool prepare_trainer(trainer *t) {
  size_t most = 1;
  for (size_t i = 0; i < tokenizer_text_count; i++)
    most += 2 * (tokenizer_texts[i].count < SAMPLE ? tokenizer_texts[i].count : SAMPLE);
  t->mask = 1;
  while (t->mask < most / 2) t->mask = 2 * t->mask + 1;
  t->symbols = malloc(most * sizeof *t->symbols);
  t->pairs = malloc((t->mask + 1) * sizeof *t->pairs);
  while (t->token_count < 256) {
    t->tokens[t->token_count] = (token){{(uint8_t)t->token_count}, 1};
    t->token_count++;
  }
  return t->symbols && t->pairs;
}

bool tokenizer_train(FILE *ranks, bool quick) {
  static trainer t;
  char why[256] = "";
  splitter *s = splitter_create();
  t = (trainer){.most_tokens = quick ? MOST_TOKENS / 4 : MOST_TOKENS};
  bool good = prepare_trainer(&t) && s && splitter_add_named(s, SPLITTER_CL100K, why, sizeof why) &&
              splitter_finish(s, why, sizeof why) && take_pieces(&t, s);
  if (good) train(&t);
  for (int32_t i = 0; good && i < t.token_count; i++) {
    write_base64(ranks, &t.tokens[i]);
    fprintf(ranks, " %d\n", (int)i);
  }
  splitter_free(s);
  free(t.symbols);
  free(t.pairs);
  return good;
}
