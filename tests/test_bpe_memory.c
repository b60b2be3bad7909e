/* Byte-level BPE and memory: when it runs out, what a worker remembers, and pieces of megabytes. */
#include "support/failing_memory.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/bpe_reference.h"
#include "support/check.h"
#include "support/random.h"
#include "support/watchdog.h"
#include "text/bpe/long_cache.h"
#include "text/bpe/model.h"
#include "text/bpe/piece_cache.h"

TestSuite(bpe_memory, .init = watchdog_on);

/* Powers of two of one letter, up to `longest`; and what they make of each other in random order. */
static bpe_status make(bpe_model *m, bool by_rank, size_t longest) {
  static char letters[1 << 16];
  uint8_t missing;
  bpe_status status = BPE_OK;
  memset(letters, 'a', sizeof letters);
  for (int byte = 0; byte < 256 && !status; byte++)
    status = bpe_model_add_token(m, &(char){(char)byte}, 1, byte);
  for (size_t i = 2; i <= longest && !status; i *= 2)
    status = bpe_model_add_token(m, letters, i, 1000 + (int)i);
  for (int i = 0; i < 2000 && !status; i++) {
    char text[16];
    snprintf(text, sizeof text, "x%d", i);
    status = bpe_model_add_token(m, text, strlen(text), 100000 + i);
  }
  for (size_t i = 1; i < longest && !status && !by_rank; i *= 2) {
    int32_t half = i == 1 ? 'a' : 1000 + (int)i;
    status = bpe_model_add_merge(m, half, half);
  }
  return status ? status : bpe_model_finish(m, by_rank, &missing);
}

static bpe_model *model(bool by_rank, size_t longest) {
  bpe_model *m = bpe_model_create();
  cr_assert_eq(make(m, by_rank, longest), BPE_OK);
  return m;
}

Test(bpe_memory, a_model_is_refused_at_every_allocation) {
  for (int by_rank = 0; by_rank < 2; by_rank++) {
    unsigned failed = 0;
    for (bool done = false; !done;) {
      size_t before = memory_live();
      memory_fails_at(failed + 1, false);
      bpe_model *m = bpe_model_create();
      bpe_status status = m ? make(m, by_rank, 1 << 16) : BPE_NO_MEMORY;
      done = memory_allocations() <= failed;
      memory_fails_at(0, false);
      cr_assert_eq(status, done ? BPE_OK : BPE_NO_MEMORY, "allocation %u", failed + 1);
      bpe_model_free(m);
      cr_assert_eq(memory_live(), before, "allocation %u", failed + 1);
      failed += !done;
    }
    cr_assert_gt(failed, 20);
  }
}

Test(bpe_memory, a_piece_is_refused_at_every_allocation_and_the_worker_goes_on) {
  enum { BYTES = 5000 };
  static char text[BYTES];
  static int32_t ids[BYTES];
  bpe_model *m = model(true, 16);
  memset(text, 'a', BYTES);
  for (unsigned n = 1; n <= 3; n++) {
    memory_fails_at(n, false);
    bpe_worker *w = bpe_worker_create(m);
    memory_fails_at(0, false);
    bpe_worker_free(w);
    cr_assert_null(w);
  }
  bpe_worker *w = bpe_worker_create(m);
  for (unsigned n = 1; n <= 2; n++) {
    memory_fails_at(n, false);
    cr_assert_eq(bpe_encode(m, w, text, &(piece){0, BYTES}, 1, ids), SIZE_MAX);
    memory_fails_at(0, false);
    cr_assert_eq(bpe_encode(m, w, text, &(piece){0, 40}, 1, ids), 3);
  }
  cr_assert_eq(bpe_encode(m, w, text, &(piece){0, BYTES}, 1, ids), (BYTES + 15) / 16);
  bpe_worker_free(w);
  bpe_model_free(m);
}

/* Millions of steps, where a way that looks at all of the piece for each of them would not end. */
Test(bpe_memory, pieces_of_megabytes_end_and_their_memory_is_given_back) {
  enum { BYTES = CHECK_ONE_IN > 1 ? 1 << 20 : 1 << 22 };
  char *text = malloc(BYTES);
  int32_t *ids = malloc(BYTES * sizeof *ids);
  for (int by_rank = 0; by_rank < 2; by_rank++)
    for (size_t longest = 1; longest <= 1 << 16; longest *= 16) {
      bpe_model *m = model(by_rank, longest);
      bpe_worker *w = bpe_worker_create(m);
      size_t before = memory_live();
      memset(text, 'a', BYTES);
      cr_assert_eq(bpe_encode(m, w, text, &(piece){0, BYTES}, 1, ids), BYTES / longest);
      for (size_t i = 0; i < BYTES / longest; i++)
        cr_assert_eq(ids[i], longest == 1 ? 'a' : 1000 + (int)longest);
      cr_assert_eq(memory_live(), before);
      bpe_worker_free(w);
      bpe_model_free(m);
    }
  free(text);
  free(ids);
}

/* Of pieces that lie at one place of a cache each is given its own ids, again and again. */
static void check_colliding(const bpe_model *m, const char (*texts)[40], size_t count) {
  bpe_worker *w = bpe_worker_create(m);
  for (size_t round = 0; round < 20; round++)
    for (size_t i = 0; i < count; i++) {
      const char *text = texts[round % 2 ? i : i / 2];
      int32_t ids[40], fresh[40];
      bpe_worker *other = bpe_worker_create(m);
      size_t length = strlen(text);
      size_t got = bpe_encode(m, w, text, &(piece){0, length}, 1, ids);
      cr_assert_eq(bpe_encode(m, other, text, &(piece){0, length}, 1, fresh), got);
      cr_assert_eq(memcmp(ids, fresh, got * sizeof *ids), 0, "%s", text);
      bpe_worker_free(other);
    }
  bpe_worker_free(w);
}

static size_t short_place(const bpe_model *m, const char *text) {
  (void)m;
  return piece_cache_index(piece_key_copy(text, strlen(text)));
}

static size_t long_place(const bpe_model *m, const char *text) {
  return vocabulary_hash(&m->tokens, text, strlen(text)) % LONG_CACHE_PLACES;
}

static void check_place(const char *format, size_t place(const bpe_model *, const char *)) {
  enum { COUNT = 6 };
  char texts[COUNT][40];
  bpe_model *m = model(true, 16);
  size_t found = 0;
  for (unsigned i = 0; found < COUNT; i++) {
    snprintf(texts[found], sizeof *texts, format, i);
    found += place(m, texts[found]) == place(m, texts[0]);
  }
  check_colliding(m, (const char(*)[40])texts, COUNT);
  bpe_model_free(m);
}

Test(bpe_memory, pieces_at_one_place_are_not_mistaken_for_each_other) {
  check_place("x%uaa", short_place);
  check_place("aaaaaaaax%06uaaaa", long_place);
}

/* More pieces, short and long, than a worker can remember; the same again later. */
Test(bpe_memory, a_worker_remembers_in_a_fixed_memory_and_it_changes_nothing) {
  enum { PIECES = 300000 };
  bpe_model *m = model(true, 16);
  bpe_worker *w = bpe_worker_create(m);
  uint64_t state = 1;
  memory_fails_at(0, false);
  unsigned before = memory_allocations();
  for (int i = 0; i < PIECES; i++) {
    char text[64];
    int32_t ids[64], expected[64];
    uint32_t number = random_below(&state, i % 2 ? 200000 : 50), letters = number % 40;
    int length = snprintf(text, sizeof text, "%.*sx%u", (int)letters,
                          "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", number);
    size_t wanted = 0, got = bpe_encode(m, w, text, &(piece){0, (size_t)length}, 1, ids);
    for (uint32_t left = letters, part = 16; part > 0; part /= 2)
      for (; left >= part; left -= part) expected[wanted++] = part == 1 ? 'a' : 1000 + (int32_t)part;
    char digits[16];
    int rest = snprintf(digits, sizeof digits, "x%u", number);
    wanted += bpe_encode(m, w, digits, &(piece){0, (size_t)rest}, 1, expected + wanted);
    cr_assert_eq(got, wanted, "%s", text);
    cr_assert_eq(memcmp(ids, expected, got * sizeof *ids), 0, "%s", text);
  }
  cr_assert_eq(memory_allocations(), before);
  bpe_worker_free(w);
  bpe_model_free(m);
}
