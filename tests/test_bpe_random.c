/* Byte-level BPE of random vocabularies: what the definition says, whatever the length of a piece, and whatever was
   encoded before. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mix.h"
#include "support/bpe_reference.h"
#include "support/check.h"
#include "support/random.h"
#include "support/watchdog.h"
#include "text/bpe/merge.h"
#include "text/bpe/model.h"

TestSuite(bpe_random, .init = watchdog_on);

enum { MOST = 700 };

static bpe_model *model_of(const bpe_reference *r) {
  uint8_t missing;
  bpe_model *m = bpe_model_create();
  for (size_t i = 0; i < r->token_count; i++)
    cr_assert_eq(bpe_model_add_token(m, r->tokens[i].bytes, r->tokens[i].count, r->ids[i]), BPE_OK);
  for (size_t i = 0; i < r->merge_count; i++) {
    const bpe_word *left = &r->merges[i][0], *right = &r->merges[i][1];
    cr_assert_eq(bpe_model_add_merge(m, bpe_model_find(m, left->bytes, left->count),
                                     bpe_model_find(m, right->bytes, right->count)),
                 BPE_OK);
  }
  bpe_model_take_whole(m, r->whole);
  cr_assert_eq(bpe_model_finish(m, r->by_rank, &missing), BPE_OK);
  return m;
}

/* Letters, few of them others. */
static void make_text(char *text, size_t count, unsigned letters, uint64_t *state) {
  for (size_t i = 0; i < count; i++)
    text[i] =
        (char)(random_below(state, 50) > 0 ? 'a' + random_below(state, letters) : random_below(state, 256));
}

static void check_pieces(const bpe_reference *r, unsigned letters, uint64_t *state) {
  static char text[MOST];
  static int32_t expected[MOST], ids[MOST];
  static piece pieces[MOST];
  bpe_model *m = model_of(r);
  bpe_worker *w = bpe_worker_create(m);
  for (int round = 0; round < 40; round++) {
    size_t size = 1 + random_below(state, MOST), count = 0, wanted = 0;
    uint32_t longest = 1u << (1 + random_below(state, 9));
    make_text(text, size, letters, state);
    for (size_t at = 0; at < size; at = pieces[count++].end) {
      size_t end = at + random_below(state, longest + 1);
      pieces[count] = (piece){at, end < size && count < MOST - 1 ? end : size};
      wanted += bpe_reference_encode(r, text + at, pieces[count].end - at, expected + wanted);
    }
    char *copy = malloc(size); /* an address sanitizer sees what lies behind it */
    memcpy(copy, text, size);
    cr_assert_eq(bpe_encode(m, w, copy, pieces, count, ids), wanted);
    for (size_t i = 0; i < wanted; i++) cr_assert_eq(ids[i], expected[i], "id %zu of %zu", i, wanted);
    free(copy);
  }
  bpe_worker_free(w);
  bpe_model_free(m);
}

static void check_vocabularies(bool by_rank) {
  static bpe_reference r;
  for (uint64_t seed = 1; seed <= 60; seed += CHECK_ONE_IN) {
    uint64_t state = mix64(seed);
    unsigned letters = 1 + random_below(&state, 4);
    bpe_reference_make(&r, &state, 5 + random_below(&state, 60), letters, by_rank);
    check_pieces(&r, letters, &state);
  }
}

Test(bpe_random, lists_of_merges_give_what_the_definition_says) {
  check_vocabularies(false);
}

Test(bpe_random, ranks_give_what_the_definition_says) {
  check_vocabularies(true);
}

/* Both ways of merging, at every length that the short one takes. */
Test(bpe_random, short_and_long_pieces_are_merged_alike) {
  static bpe_reference r;
  merge_memory memory = {0};
  for (uint64_t seed = 1; seed <= 40; seed += CHECK_ONE_IN) {
    uint64_t state = mix64(seed);
    unsigned letters = 1 + random_below(&state, 3);
    bpe_reference_make(&r, &state, 50, letters, seed % 2);
    bpe_model *m = model_of(&r);
    for (size_t count = 1; count <= MERGE_SHORT; count++) {
      char text[MERGE_SHORT];
      int32_t by_short[MERGE_SHORT], by_long[MERGE_SHORT];
      make_text(text, count, letters, &state);
      size_t wanted = merge_short(&m->merges, (const uint8_t *)text, count, by_short);
      cr_assert_eq(merge_long(&m->merges, &memory, (const uint8_t *)text, count, by_long), wanted);
      cr_assert_eq(memcmp(by_short, by_long, wanted * sizeof *by_short), 0, "%zu bytes", count);
    }
    bpe_model_free(m);
  }
  merge_memory_free(&memory);
}
