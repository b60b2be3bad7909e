/* Byte-level BPE: ids derived by hand, and random vocabularies against the definition written down plainly. */
#include "text/bpe/bpe_model.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "support/watchdog.h"

TestSuite(bpe, .init = watchdog_on);

/* Ids of single bytes are the bytes. */
static bpe_model *model_of_bytes(void) {
  bpe_model *m = bpe_model_create();
  for (int byte = 0; byte < 256; byte++)
    cr_assert_eq(bpe_model_add_token(m, &(char){(char)byte}, 1, byte), BPE_OK);
  return m;
}

static void add(bpe_model *m, const char *bytes, int32_t id) {
  cr_assert_eq(bpe_model_add_token(m, bytes, strlen(bytes), id), BPE_OK, "%s", bytes);
}

static void add_merge(bpe_model *m, const char *left, const char *right) {
  int32_t l = bpe_model_find(m, left, strlen(left)), r = bpe_model_find(m, right, strlen(right));
  cr_assert_eq(bpe_model_add_merge(m, l, r), BPE_OK, "%s %s", left, right);
}

static void finish(bpe_model *m, bool by_rank) {
  uint8_t missing;
  cr_assert_eq(bpe_model_finish(m, by_rank, &missing), BPE_OK);
}

/* The ids of one piece are those that follow, up to -1. */
#define CHECK(m, text, ...) check_ids(__LINE__, m, text, (int32_t[]){__VA_ARGS__, -1})
static void check_ids(int line, const bpe_model *m, const char *text, const int32_t *expected) {
  int32_t ids[64];
  bpe_worker *w = bpe_worker_create(m);
  size_t count = bpe_encode(m, w, text, &(piece){0, strlen(text)}, 1, ids), i = 0;
  for (; expected[i] >= 0; i++)
    cr_assert(i < count && ids[i] == expected[i], "line %d: %s: id %zu of %zu is not %d", line, text, i,
              count, expected[i]);
  cr_assert_eq(count, i, "line %d: %s: %zu ids", line, text, count);
  bpe_worker_free(w);
}

Test(bpe, the_lowest_rank_first_not_the_leftmost) {
  bpe_model *m = model_of_bytes();
  add(m, "ab", 300);
  add(m, "bc", 301);
  add(m, "abc", 302);
  add_merge(m, "b", "c");
  add_merge(m, "a", "b");
  finish(m, false);
  CHECK(m, "abc", 'a', 301); /* bc first, and a, bc has no merge though abc is a token */
  CHECK(m, "abab", 300, 300);
  bpe_model_free(m);
}

Test(bpe, the_leftmost_among_equals) {
  bpe_model *m = model_of_bytes();
  add(m, "aa", 300);
  add(m, "aaa", 301);
  add_merge(m, "a", "a");
  add_merge(m, "aa", "a");
  finish(m, false);
  CHECK(m, "aaa", 301);
  CHECK(m, "aaaa", 300, 300);
  CHECK(m, "aaaaa", 300, 301);
  bpe_model_free(m);
}

Test(bpe, ids_are_not_ranks) {
  bpe_model *m = model_of_bytes();
  add(m, "ab", 999);
  add(m, "bc", 300);
  add_merge(m, "a", "b");
  add_merge(m, "b", "c");
  finish(m, false);
  CHECK(m, "abc", 999, 'c');
  bpe_model_free(m);
}

Test(bpe, of_a_pair_given_twice_the_later_rank_counts) {
  bpe_model *m = model_of_bytes();
  add(m, "ab", 300);
  add(m, "bc", 301);
  add_merge(m, "a", "b");
  add_merge(m, "b", "c");
  add_merge(m, "a", "b");
  finish(m, false);
  CHECK(m, "abc", 'a', 301);
  bpe_model_free(m);
}

Test(bpe, a_piece_that_is_a_token_is_taken_whole_where_that_is_asked) {
  for (int whole = 0; whole < 2; whole++) {
    bpe_model *m = model_of_bytes();
    add(m, "abc", 300);
    bpe_model_take_whole(m, whole);
    finish(m, false);
    if (whole)
      CHECK(m, "abc", 300);
    else
      CHECK(m, "abc", 'a', 'b', 'c');
    CHECK(m, "abcd", 'a', 'b', 'c', 'd');
    bpe_model_free(m);
  }
}

Test(bpe, by_rank_two_merge_when_both_together_are_a_token) {
  bpe_model *m = model_of_bytes();
  add(m, "abcd", 300);
  add(m, "cd", 301);
  add(m, "bc", 302);
  add(m, "ab", 303);
  add(m, "xyz", 304); /* no two tokens make it */
  finish(m, true);
  CHECK(m, "abcde", 300, 'e'); /* cd 301, ab 303, both 300 */
  CHECK(m, "abc", 'a', 302);
  CHECK(m, "xyz", 304);
  CHECK(m, "xyzz", 'x', 'y', 'z', 'z');
  bpe_model_free(m);
}

/* A token whose parts have higher ranks than itself. */
Test(bpe, by_rank_parts_may_come_after_the_whole) {
  bpe_model *m = model_of_bytes();
  add(m, "abc", 300);
  add(m, "bcd", 301);
  add(m, "bc", 400);
  finish(m, true);
  CHECK(m, "xabcd", 'x', 300, 'd');
  CHECK(m, "bcdd", 301, 'd');
  bpe_model_free(m);
}
