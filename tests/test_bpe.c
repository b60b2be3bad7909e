/* Byte-level BPE: ids derived by hand. */
#include "text/bpe/bpe_model.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/check.h"
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

/* More merges than there is room for in the beginning. */
Test(bpe, each_of_many_merges_is_found) {
  enum { LETTERS = 40 };
  bpe_model *m = model_of_bytes();
  for (int i = 0; i < LETTERS * LETTERS; i++) {
    const char two[] = {(char)('0' + i / LETTERS), (char)('0' + i % LETTERS), '\0'};
    add(m, two, 256 + i);
    add_merge(m, (char[]){two[0], '\0'}, two + 1);
  }
  finish(m, false);
  for (int i = 0; i < LETTERS * LETTERS; i += CHECK_ONE_IN)
    CHECK(m, ((char[]){(char)('0' + i / LETTERS), (char)('0' + i % LETTERS), '\0'}), 256 + i);
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

Test(bpe, what_is_wrong_with_a_token_or_merge_is_said) {
  bpe_model *m = model_of_bytes();
  cr_assert_eq(bpe_model_add_token(m, "ab", 2, 'a'), BPE_ID_TAKEN);
  cr_assert_eq(bpe_model_add_token(m, "a", 1, 1000), BPE_BYTES_TAKEN);
  cr_assert_eq(bpe_model_add_merge(m, 'a', 1000), BPE_NO_TOKEN);
  cr_assert_eq(bpe_model_add_merge(m, 1000, 'a'), BPE_NO_TOKEN);
  cr_assert_eq(bpe_model_add_merge(m, 'a', 'b'), BPE_NO_TOKEN, "ab is no token");
  add(m, "ab", 1000);
  cr_assert_eq(bpe_model_add_merge(m, 'a', 'b'), BPE_OK);
  finish(m, false);
  CHECK(m, "aba", 1000, 'a');
  bpe_model_free(m);
}

Test(bpe, a_byte_that_is_no_token_is_named) {
  for (int by_rank = 0; by_rank < 2; by_rank++) {
    bpe_model *m = bpe_model_create();
    uint8_t missing = 0;
    for (int byte = 0; byte < 256; byte++)
      if (byte != 7 && byte != 200) bpe_model_add_token(m, &(char){(char)byte}, 1, byte);
    cr_assert_eq(bpe_model_finish(m, by_rank, &missing), BPE_BYTE_MISSING);
    cr_assert_eq(missing, 7);
    bpe_model_free(m);
  }
}

/* Zeros and bytes that are no text, ids as far apart as can be, a token without bytes: before and after it is
   finished. */
Test(bpe, tokens_are_found_by_bytes_and_by_id) {
  static const struct {
    const char *bytes;
    size_t count;
    int32_t id;
  } tokens[] = {{"", 0, 4711}, {"\0\0", 2, INT32_MAX}, {"\xFF\0\xFF", 3, 1000000000}, {"ab", 2, 256}};
  bpe_model *m = model_of_bytes();
  for (size_t i = 0; i < 4; i++) bpe_model_add_token(m, tokens[i].bytes, tokens[i].count, tokens[i].id);
  for (int finished = 0; finished < 2; finished++) {
    for (size_t i = 0, count; i < 4; i++) {
      const char *bytes = bpe_model_bytes(m, tokens[i].id, &count);
      cr_assert(bytes && count == tokens[i].count && memcmp(bytes, tokens[i].bytes, count) == 0);
      cr_assert_eq(bpe_model_find(m, tokens[i].bytes, tokens[i].count), tokens[i].id);
    }
    cr_assert_null(bpe_model_bytes(m, 257, &(size_t){0}));
    cr_assert_eq(bpe_model_find(m, "\0", 2), INT32_MAX);
    cr_assert_eq(bpe_model_find(m, "\0\0", 3), -1);
    cr_assert_eq(bpe_model_find(m, "ba", 2), -1);
    cr_assert_eq(bpe_model_size(m), (uint32_t)INT32_MAX + 1);
    if (!finished) finish(m, true);
  }
  bpe_model_free(m);
}

/* Many tokens: the tables grow many times. */
Test(bpe, a_large_vocabulary_keeps_every_token) {
  enum { TOKENS = 50000 };
  bpe_model *m = model_of_bytes();
  char bytes[16];
  for (int i = 0; i < TOKENS; i++) {
    snprintf(bytes, sizeof bytes, "%d", i);
    if (i >= 10) add(m, bytes, 2 * i + 1000);
  }
  finish(m, true);
  for (int i = 10; i < TOKENS; i++) {
    size_t count;
    snprintf(bytes, sizeof bytes, "%d", i);
    const char *found = bpe_model_bytes(m, 2 * i + 1000, &count);
    cr_assert(found && count == strlen(bytes) && memcmp(found, bytes, count) == 0, "%d", i);
    cr_assert_eq(bpe_model_find(m, bytes, count), 2 * i + 1000);
  }
  bpe_model_free(m);
}

Test(bpe, pieces_may_be_empty_or_have_gaps) {
  bpe_model *m = model_of_bytes();
  add(m, "ab", 300);
  add(m, "", 301);
  finish(m, true);
  bpe_worker *w = bpe_worker_create(m);
  for (int again = 0; again < 3; again++) {
    int32_t ids[4];
    static const piece pieces[] = {{0, 0}, {1, 3}, {3, 3}, {5, 6}, {6, 6}};
    cr_assert_eq(bpe_encode(m, w, "xabcdz", pieces, 5, ids), 2);
    cr_assert(ids[0] == 300 && ids[1] == 'z');
    cr_assert_eq(bpe_encode(m, w, "", NULL, 0, ids), 0);
  }
  bpe_worker_free(w);
  bpe_model_free(m);
}
