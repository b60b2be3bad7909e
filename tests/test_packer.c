/* Packing one window: beside a best fit that looks at every row, and by what must be true of any packing
   (support/packs.h). */
#include "loader/plan/packer.h"

#include <stdlib.h>

#include "support/check.h"
#include "support/failing_memory.h"
#include "support/packs.h"
#include "support/random.h"
#include "support/watchdog.h"

TestSuite(packer, .init = watchdog_on);
TestSuite(room_set, .init = watchdog_on);

typedef struct kind {
  uint32_t length, multiple, most;
  bool aligned;
  uint64_t longest; /* pairs of a document */
} kind;

static void make(packer *p, pack_table *t, const kind *k) {
  cr_assert(packer_init(p, k->length, k->most, k->multiple, k->aligned), "%s", batch_last_error()->message);
  cr_assert(pack_table_init(t, p), "%s", batch_last_error()->message);
}

static void drop(packer *p, pack_table *t) {
  packer_free(p);
  pack_table_free(t);
}

/* Documents that lie the other way round than in the window, with gaps between them. */
static void draw_documents(packer *p, uint32_t n, uint64_t longest, uint64_t *random) {
  uint64_t at = 0;
  for (uint32_t d = n; d-- > 0; at += p->pairs[d] + 1 + random_below(random, 3)) {
    uint32_t draw = random_below(random, 8);
    uint64_t most = draw < 4 ? 1 + longest / 8 : longest + 1;
    p->pairs[d] = draw == 7 ? 0 : random_below(random, (uint32_t)most);
    p->starts[d] = at;
  }
}

/* One after the other in the same packer and table: nothing is left of the window before. */
static void check_windows(const kind *k, uint64_t seed) {
  packer p;
  pack_table t;
  uint64_t random = seed;
  make(&p, &t, k);
  for (int round = 0; round < 6; round++) {
    uint32_t documents = round == 1 ? k->most : random_below(&random, k->most + 1);
    draw_documents(&p, documents, k->longest, &random);
    check_window(&p, &t, documents);
  }
  drop(&p, &t);
}

Test(packer, packs_as_a_best_fit_that_looks_at_every_row) {
  static const uint32_t lengths[] = {1, 2, 3, 7, 8, 63, 64, 65, 128, 600, 2048, 2049, 4096, 5000, 100000};
  for (uint64_t seed = 1; seed <= 600; seed++) {
    uint64_t random = seed * 0x9e3779b97f4a7c15;
    uint32_t length = lengths[random_below(&random, sizeof lengths / sizeof *lengths)];
    const uint64_t longest[] = {length, length / 4 + 1, 3 * (uint64_t)length, 1};
    kind k = {length, 1, 1 + random_below(&random, 400), random_below(&random, 2) == 0,
              longest[random_below(&random, 4)]};
    printf("seed %llu: rows of %u, documents up to %llu\n", (unsigned long long)seed, length,
           (unsigned long long)k.longest);
    check_windows(&k, random);
  }
}

Test(packer, gives_each_piece_a_multiple_of_columns) {
  static const uint32_t multiples[] = {2, 4, 6, 16, 64};
  for (uint64_t seed = 1; seed <= 300; seed++) {
    uint64_t random = seed * 0x9e3779b97f4a7c15;
    uint32_t multiple = multiples[random_below(&random, 5)];
    kind k = {.multiple = multiple, .most = 300, .aligned = random_below(&random, 2) == 0};
    k.length = multiple * (1 + random_below(&random, 70));
    k.longest = random_below(&random, 2) == 0 ? k.length : 3 * (uint64_t)k.length;
    printf("seed %llu: rows of %u, multiples of %u\n", (unsigned long long)seed, k.length, multiple);
    check_windows(&k, random);
  }
}

static void check_few(const kind *k, const uint64_t *pairs, uint32_t n, uint64_t rows) {
  packer p;
  pack_table t;
  make(&p, &t, k);
  for (uint32_t i = 0; i < n; i++) p.starts[i] = 1000 * (uint64_t)i, p.pairs[i] = pairs[i];
  check_window(&p, &t, n);
  cr_assert_eq(t.rows, rows);
  drop(&p, &t);
}

Test(packer, packs_nothing_and_little) {
  for (int aligned = 0; aligned < 2; aligned++) {
    const kind k = {.length = 8, .multiple = 1, .most = 4, .aligned = aligned};
    check_few(&k, NULL, 0, 0);
    check_few(&k, (uint64_t[]){0}, 1, 0);
    check_few(&k, (uint64_t[]){0, 0, 0, 0}, 4, 0);
    check_few(&k, (uint64_t[]){1}, 1, 1);
    check_few(&k, (uint64_t[]){8}, 1, 1);
    check_few(&k, (uint64_t[]){9}, 1, aligned ? 1 : 2);
    check_few(&k, (uint64_t[]){16, 0, 8, 8}, 4, aligned ? 3 : 4);
    check_few(&k, (uint64_t[]){1, 2, 2, 3}, 4, 1);
    check_few(&k, (uint64_t[]){5, 5, 3, 3}, 4, 2);
  }
}

/* Terabytes cost no more than what is packed of them: the full rows are found where they must lie. */
Test(packer, full_rows_cost_no_memory_however_many_they_are) {
  enum { LENGTH = 2048, DOCUMENTS = 5 };
  static const uint64_t pairs[DOCUMENTS] = {((uint64_t)1 << 40) + 5, 100, (uint64_t)LENGTH << 30, LENGTH - 1,
                                            ((uint64_t)1 << 61) + 77};
  packer p;
  pack_table t;
  make(&p, &t, &(kind){.length = LENGTH, .multiple = 1, .most = DOCUMENTS});
  for (uint32_t i = 0; i < DOCUMENTS; i++) p.starts[i] = (uint64_t)i << 62, p.pairs[i] = pairs[i];
  memory_fails_at(1, true);
  packer_pack(&p, DOCUMENTS, &t);
  cr_assert_eq(memory_allocations(), 0);
  memory_fails_at(0, false);
  uint64_t row = 2; /* 2047, and 100 + 77 + 5 */
  for (uint32_t i = 0; i < DOCUMENTS; i++) {
    uint64_t full = pairs[i] / LENGTH;
    for (uint64_t k = 0; k < full; k += k < 3 || k + 4 > full ? 1 : full / 5) {
      pack_piece piece = pack_table_piece(&t, row + k, 0);
      cr_assert_eq(piece.token, p.starts[i] + k * LENGTH);
      cr_assert(piece.pairs == LENGTH && pack_table_pieces(&t, row + k) == 1);
    }
    row += full;
  }
  cr_assert_eq(t.rows, row);
  cr_assert_eq(t.unused, 2 * LENGTH - (LENGTH - 1) - 100 - 77 - 5);
  cr_assert_eq(pack_table_piece(&t, 0, 0).token, p.starts[3]);
  cr_assert_eq(pack_table_piece(&t, 1, 2).token, p.starts[0] + ((uint64_t)1 << 40));
  drop(&p, &t);
}

Test(packer, crops_huge_documents_where_rows_begin_with_one) {
  packer p;
  pack_table t;
  make(&p, &t, &(kind){.length = 10, .multiple = 2, .most = 2, .aligned = true});
  p.starts[0] = 7, p.pairs[0] = (uint64_t)1 << 60;
  p.starts[1] = 0, p.pairs[1] = 3;
  packer_pack(&p, 2, &t);
  cr_assert_eq(t.rows, 2);
  pack_piece piece = pack_table_piece(&t, 0, 0);
  cr_assert(piece.token == 7 && piece.pairs == 10 && piece.cropped == ((uint64_t)1 << 60) - 10);
  cr_assert_eq(t.cropped, piece.cropped);
  cr_assert_eq(pack_table_piece(&t, 1, 0).columns, 4);
  drop(&p, &t);
}

/* Rows that are longer than all that is packed cost what is packed, not what they are long. */
Test(packer, packs_into_the_longest_rows) {
  packer p;
  pack_table t;
  make(&p, &t, &(kind){.length = 1 << 26, .multiple = 1, .most = 300});
  uint64_t random = 5;
  draw_documents(&p, 300, 3000000, &random);
  check_window(&p, &t, 300);
  drop(&p, &t);
}

static bool make_both(void *context) {
  packer p;
  pack_table t = {0};
  const kind *k = context;
  bool made = packer_init(&p, k->length, k->most, k->multiple, k->aligned) && pack_table_init(&t, &p);
  drop(&p, &t);
  return made;
}

Test(packer, memory_that_runs_out_is_reported) {
  kind k = {.length = 100, .multiple = 2, .most = 50};
  check_forget_error();
  cr_assert_gt(inject_failures("50 documents", make_both, &k), 8);
  k.aligned = true;
  cr_assert_gt(inject_failures("50 documents", make_both, &k), 8);
  packer p;
  memory_fails_at(1, true);
  assert_refused(!packer_init(&p, 2048, 65536, 1, false), BATCH_ERROR_OUT_OF_MEMORY, "packing", "65536",
                 "2048");
  memory_fails_at(0, false);
  packer_free(&p);
}

/* Beside an array of flags. */
static void check_set(uint32_t most, uint64_t random) {
  room_set s;
  bool *there = calloc((size_t)most + 1, sizeof *there);
  cr_assert(room_set_init(&s, most));
  for (int i = 0; i < 2000; i++) {
    uint32_t number = random_below(&random, most + 1), least = random_below(&random, most + 1);
    if (random_below(&random, 2) == 0) {
      cr_assert_eq(room_set_add(&s, number), !there[number]);
      there[number] = true;
    } else if (there[number]) {
      room_set_remove(&s, number);
      there[number] = false;
    }
    uint32_t found = room_set_least(&s, least);
    while (least <= most && !there[least]) least++;
    cr_assert_eq(found, least <= most ? least : ROOM_SET_NONE);
  }
  free(there);
  room_set_free(&s);
}

Test(room_set, finds_the_least_number_from_any_on) {
  static const uint32_t most[] = {0, 1, 62, 63, 64, 65, 127, 4094, 4095, 4096, 4097, 100000, 262143, 262144};
  for (size_t i = 0; i < sizeof most / sizeof *most; i++) check_set(most[i], i + 1);
}

Test(room_set, holds_the_largest_rooms) {
  room_set s;
  cr_assert(room_set_init(&s, INT32_MAX));
  cr_assert_eq(room_set_least(&s, INT32_MAX), ROOM_SET_NONE);
  cr_assert(room_set_add(&s, INT32_MAX));
  cr_assert_eq(room_set_least(&s, 0), INT32_MAX);
  cr_assert(room_set_add(&s, 12345));
  cr_assert_not(room_set_add(&s, 12345));
  cr_assert_eq(room_set_least(&s, 12346), INT32_MAX);
  room_set_remove(&s, INT32_MAX);
  cr_assert_eq(room_set_least(&s, 12346), ROOM_SET_NONE);
  cr_assert_eq(room_set_least(&s, 12345), 12345);
  room_set_free(&s);
}
