/* Transforms: what they change, and that only (seed, epoch, row) decides how. */
#include <headrace/headrace.h>

#include <math.h>
#include <string.h>

#include "support/loader.h"

enum { WIDTH = 256, VOCABULARY = 1000, POSITIONS = 100000 };

static int32_t original(uint64_t i) {
  return (int32_t)(10 + i % 900);
}

static void begin(void) {
  files_begin();
  dataset = open_dataset(write_ids("t.bin", POSITIONS + 1, original), NULL);
}

TestSuite(transform, .init = begin, .fini = loader_end);

static batch_loader_options options_with(const batch_transform *chain, size_t n) {
  batch_loader_options o = small_options();
  o.sequence_length = WIDTH;
  o.shuffle = BATCH_SHUFFLE_NONE;
  o.transforms = chain;
  o.num_transforms = n;
  return o;
}

/* What a chain did to each position of an epoch in file order. */
typedef struct result {
  int32_t input[POSITIONS + 4 * WIDTH], target[POSITIONS + 4 * WIDTH];
  float mask[POSITIONS + 4 * WIDTH];
} result;

static void apply(result *r, batch_loader_options o) {
  BatchLoader *loader = start_loader(dataset, &o);
  for (Batch *batch; (batch = next_batch(loader)); batch_release(batch)) {
    for (uint32_t row = 0; row < batch->batch_size; row++) {
      uint64_t place = place_of(loader, batch, row);
      if (place == BATCH_NO_PLACE) continue;
      memcpy(r->input + place * WIDTH, batch->input.i32 + row * WIDTH, WIDTH * 4);
      memcpy(r->target + place * WIDTH, batch->target.i32 + row * WIDTH, WIDTH * 4);
      memcpy(r->mask + place * WIDTH, batch->mask.data + row * WIDTH, WIDTH * 4);
    }
  }
  batch_loader_free(loader);
}

/* A count is as expected of so many trials, to 6 standard deviations. */
static void assert_share(uint64_t count, uint64_t trials, double share, const char *what) {
  double expected = (double)trials * share, deviation = sqrt(expected * (1 - share));
  cr_assert_lt(fabs((double)count - expected), 6 * deviation + 1, "%s: %d of %d, expected about %d", what,
               (int)count, (int)trials, (int)expected);
}

static result first, second;

Test(transform, masking_hides_fifteen_percent_in_three_ways) {
  static const int32_t keep[] = {10, 11, 12};
  batch_mask_options masking = {.size = sizeof masking,
                                .probability = 0.15f,
                                .mask_id = 3,
                                .vocab_size = VOCABULARY,
                                .keep = keep,
                                .num_keep = 3};
  batch_transform chain = batch_transform_mask(&masking);
  apply(&first, options_with(&chain, 1));
  uint64_t chosen = 0, hidden = 0, same = 0;
  for (uint32_t i = 0; i < POSITIONS; i++) {
    cr_assert_eq(first.target[i], original(i));
    if (first.mask[i] == 0) {
      cr_assert_eq(first.input[i], original(i));
      continue;
    }
    cr_assert_gt(original(i), 12, "an id that is kept was chosen");
    chosen++;
    hidden += first.input[i] == 3;
    same += first.input[i] == original(i);
  }
  assert_share(chosen, POSITIONS * 897 / 900, 0.15, "chosen");
  assert_share(hidden, chosen, 0.8, "hidden");
  assert_share(same, chosen, 0.1, "same");
}

Test(transform, dropout_and_replacement_change_inputs_only) {
  batch_dropout_options dropping = {.size = sizeof dropping, .probability = 0.25f, .drop_id = 1};
  batch_replace_options replacing = {.size = sizeof replacing, .probability = 0.1f, .vocab_size = 5};
  batch_transform chain[] = {batch_transform_dropout(&dropping), batch_transform_replace(&replacing)};
  apply(&first, options_with(chain, 2));
  uint64_t dropped = 0, replaced = 0;
  for (uint32_t i = 0; i < POSITIONS; i++) {
    cr_assert_eq(first.target[i], original(i + 1));
    cr_assert_eq(first.mask[i], 1);
    dropped += first.input[i] == 1;
    replaced += first.input[i] < 5 && first.input[i] != 1;
    cr_assert(first.input[i] < 5 || first.input[i] == original(i));
  }
  assert_share(dropped, POSITIONS, 0.25 * 0.9 + 0.1 / 5, "dropped");
  assert_share(replaced, POSITIONS, 0.1 * 4 / 5, "replaced");
}

Test(transform, result_does_not_depend_on_workers_or_batch_size) {
  batch_replace_options replacing = {.size = sizeof replacing, .probability = 0.5f, .vocab_size = VOCABULARY};
  batch_transform chain = batch_transform_replace(&replacing);
  batch_loader_options o = options_with(&chain, 1);
  apply(&first, o);
  o.workers = 4;
  o.batch_size = 7;
  apply(&second, o);
  cr_assert_eq(memcmp(first.input, second.input, POSITIONS * 4), 0);
  o.seed = 1;
  apply(&second, o);
  cr_assert_neq(memcmp(first.input, second.input, POSITIONS * 4), 0, "the seed does not matter");
}

Test(transform, floats_are_normalized_and_noised) {
  batch_normalize_options normalizing = {.size = sizeof normalizing, .mean = 10, .deviation = 2};
  batch_noise_options noise = {.size = sizeof noise, .deviation = 0.5f};
  batch_transform chain[] = {batch_transform_normalize(&normalizing), batch_transform_noise(&noise)};
  batch_loader_options o = options_with(chain, 1);
  o.id_type = BATCH_IDS_FLOAT32;
  double sum = 0, squares = 0;
  for (o.num_transforms = 1; o.num_transforms <= 2; o.num_transforms++) {
    BatchLoader *loader = start_loader(dataset, &o);
    uint32_t at = 0;
    for (Batch *batch; (batch = next_batch(loader)); batch_release(batch))
      for (size_t i = 0; i < batch->input.total_size && at < POSITIONS; i++, at++) {
        double off = batch->input.data[i] - (original(at) - 10) / 2.0;
        if (o.num_transforms == 1) cr_assert_lt(fabs(off), 1e-4);
        sum += off, squares += off * off;
      }
    batch_loader_free(loader);
  }
  cr_assert_lt(fabs(sum / POSITIONS), 0.01);
  cr_assert_lt(fabs(sqrt(squares / POSITIONS) - 0.5), 0.01);
}

static bool fail(const void *context, Batch *batch, uint32_t row, batch_random *random) {
  (void)context, (void)batch, (void)row, (void)random;
  return false;
}

Test(transform, that_fails_is_a_fault_of_its_batch) {
  batch_transform chain = {fail, NULL};
  batch_loader_options o = options_with(&chain, 1);
  BatchLoader *loader = start_loader(dataset, &o);
  assert_refused(!batch_loader_next(loader), BATCH_ERROR_INVALID_ARGUMENT, "transforms[0]", "row 0",
                 "step 0");
  batch_loader_free(loader);
}

/* A loader of batches of this type and vocabulary is refused, or not, with a transform. */
static void check_options(const batch_transform *transform, batch_id_type type, uint32_t vocab_size,
                          const char *what) {
  batch_loader_options o = options_with(transform, 1);
  o.id_type = type;
  o.vocab_size = vocab_size;
  check_forget_error();
  BatchLoader *loader = batch_loader_create(dataset, &o);
  if (what) {
    cr_assert_null(loader, "expected a refusal that names %s", what);
    assert_error(BATCH_ERROR_INVALID_ARGUMENT, "batch_loader_create:", "transforms[0]", what);
  } else {
    cr_assert_not_null(loader, "%s", batch_last_error()->message);
  }
  batch_loader_free(loader);
}

Test(transform, ids_outside_the_type_or_the_vocabulary_are_refused_when_the_loader_is_made) {
  static const int32_t keep[] = {10, 70000, -3};
  enum { SIZE = sizeof(batch_mask_options) };
  static const struct {
    batch_mask_options masking;
    batch_id_type type;
    uint32_t vocab_size;
    const char *refused;
  } cases[] = {
      {{SIZE, 1, 65535, 65536, NULL, 0}, BATCH_IDS_UINT16, 0, NULL},
      {{SIZE, 1, 70000, 100, NULL, 0}, BATCH_IDS_UINT16, 0, "mask_id is 70000, expected 0 to 65535"},
      {{SIZE, 1, 1, 65537, NULL, 0}, BATCH_IDS_UINT16, 0, "vocab_size is 65537, expected 1 to 65536"},
      {{SIZE, 1, 1, 0, NULL, 0}, BATCH_IDS_UINT16, 0, "vocab_size is 0"},
      {{SIZE, 1, 1, 100, keep, 2}, BATCH_IDS_UINT16, 0, "keep is 70000"},
      {{SIZE, 1, 1, 100, keep, 1}, BATCH_IDS_UINT16, 0, NULL},
      {{SIZE, 1, 1, 100, NULL, 2}, BATCH_IDS_UINT16, 0, "keep is NULL"},
      {{SIZE, NAN, 1, 100, NULL, 0}, BATCH_IDS_UINT16, 0, "probability is nan"},
      {{SIZE, 7, 1, 100, NULL, 0}, BATCH_IDS_UINT16, 0, NULL},
      {{SIZE, 1, 1000, 1000, NULL, 0}, BATCH_IDS_INT32, 1000, "mask_id is 1000, expected 0 to 999"},
      {{SIZE, 1, 999, 1001, NULL, 0}, BATCH_IDS_INT64, 1000, "vocab_size is 1001"},
      {{SIZE, 1, 999, 1000, NULL, 0}, BATCH_IDS_INT32, 1000, NULL},
      {{SIZE, 1, (1 << 24) + 1, 100, NULL, 0}, BATCH_IDS_FLOAT32, 0, "mask_id"},
      {{SIZE, 1, -1, 100, NULL, 0}, BATCH_IDS_INT64, 0, "mask_id is -1, expected 0 to 2147483647"},
      {{SIZE, 1, 1, 100, keep, 3}, BATCH_IDS_INT32, 0, "keep is -3"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    batch_transform transform = batch_transform_mask(&cases[i].masking);
    check_options(&transform, cases[i].type, cases[i].vocab_size, cases[i].refused);
  }
}

Test(transform, options_that_cannot_be_meant_are_refused_when_the_loader_is_made) {
  batch_transform t;
#define REFUSED(make, type, what, ...)                                                                       \
  t = batch_transform_##make(&(batch_##make##_options){sizeof(batch_##make##_options), __VA_ARGS__});        \
  check_options(&t, type, 0, what)
  REFUSED(dropout, BATCH_IDS_UINT16, NULL, 0.5f, 65535);
  REFUSED(dropout, BATCH_IDS_UINT16, "drop_id is 65536", 0.5f, 65536);
  REFUSED(dropout, BATCH_IDS_INT64, "drop_id is -1", 0.5f, -1);
  REFUSED(dropout, BATCH_IDS_UINT16, "probability", NAN, 1);
  REFUSED(replace, BATCH_IDS_UINT16, NULL, 0.5f, 65536);
  REFUSED(replace, BATCH_IDS_UINT16, "vocab_size is 65537", 0.5f, 65537);
  REFUSED(replace, BATCH_IDS_UINT16, "vocab_size is 0", 0.5f, 0);
  REFUSED(replace, BATCH_IDS_UINT16, "probability", NAN, 5);
  REFUSED(normalize, BATCH_IDS_FLOAT32, NULL, 1, 2);
  REFUSED(normalize, BATCH_IDS_INT32, "id_type is int32", 1, 2);
  REFUSED(normalize, BATCH_IDS_FLOAT32, "deviation is 0", 1, 0);
  REFUSED(normalize, BATCH_IDS_FLOAT32, "deviation is nan", 1, NAN);
  REFUSED(normalize, BATCH_IDS_FLOAT32, "mean is inf", INFINITY, 1);
  REFUSED(noise, BATCH_IDS_FLOAT32, NULL, .deviation = 0);
  REFUSED(noise, BATCH_IDS_FLOAT32, "deviation is -1", .deviation = -1);
  REFUSED(noise, BATCH_IDS_INT32, "id_type", .deviation = 1);
#undef REFUSED
  t = batch_transform_mask(NULL);
  check_options(&t, BATCH_IDS_INT32, 0, "options is NULL");
  check_options(&(batch_transform){NULL, NULL}, BATCH_IDS_INT32, 0, "apply is NULL");
}

Test(transform, random_numbers_are_even) {
  batch_random random = batch_random_start(1);
  uint64_t counts[10] = {0};
  for (int i = 0; i < 100000; i++) counts[batch_random_below(&random, 10)]++;
  for (int i = 0; i < 10; i++) assert_share(counts[i], 100000, 0.1, "below 10");
  cr_assert_eq(batch_random_below(&random, 0), 0);
  /* Without drawing again a third of these would come half as often as the others. */
  uint64_t thirds[3] = {0};
  for (int i = 0; i < 100000; i++) {
    uint32_t n = batch_random_below(&random, 3u << 30);
    thirds[n % 3]++;
    cr_assert_lt(n, 3u << 30);
  }
  for (int i = 0; i < 3; i++) assert_share(thirds[i], 100000, 1.0 / 3, "below 3 * 2^30");
  for (int i = 0; i < 100000; i++) {
    float x = batch_random_uniform(&random);
    cr_assert(x >= 0 && x < 1);
  }
}
