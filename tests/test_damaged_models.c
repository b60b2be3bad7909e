/* Damaged SentencePiece models: they are refused, or give some ids; the library behind them reads no byte outside. */
#include "support/check.h"
#include "support/files.h"
#include "support/packages.h"
#include "support/random.h"
#include "support/random_text.h"

#include <stdlib.h>
#include <string.h>

TestSuite(damaged_models, .init = files_begin, .fini = files_end);

enum { TRIALS = CHECK_LONG_OR_SHORT(100, 20) };

static uint64_t seed = 0xD1B54A32D192ED03;

static size_t below(size_t n) {
  return random_below(&seed, (uint32_t)n);
}

/* Bytes and bits changed, runs of them overwritten, the end cut off. */
static void damage(bytes *model, size_t from, size_t to) {
  size_t span = (to < model->used ? to : model->used) - from;
  for (size_t changes = 1 + below(4); changes > 0; changes--) {
    size_t at = from + below(span), run = 1 + below(64);
    switch (below(8)) {
    case 0:
      memset(model->data + at, below(2) ? 0xFF : 0, run < model->used - at ? run : model->used - at);
      break;
    case 1:
    case 2:
    case 3:
      model->data[at] = (uint8_t)below(256);
      break;
    default:
      model->data[at] ^= (uint8_t)(1 << below(8));
    }
  }
  if (below(16) == 0) model->used = from + below(span);
}

typedef struct trial {
  const char *path;
  const bytes *text;
} trial;

static void load_and_encode(void *context) {
  const trial *t = context;
  BatchTokenizer *tokenizer = batch_tokenizer_sentencepiece(t->path);
  if (!tokenizer) {
    if (!strstr(batch_last_error()->message, "SentencePiece model")) abort();
    return;
  }
  size_t room = 4 * t->text->used;
  int32_t *ids = malloc(room * sizeof *ids);
  size_t count = batch_tokenizer_encode(tokenizer, (char *)t->text->data, t->text->used, ids, room);
  if (count != BATCH_TOKENIZER_FAILED)
    (void)batch_tokenizer_decode(tokenizer, ids, count < 1000 ? count : 1000, NULL, 0);
  free(ids);
  batch_tokenizer_free(tokenizer);
}

/* Damage in bytes [from, to); nothing but a refusal, or ids, may come of it. Nothing is printed. */
static void survive_damage(const char *path, size_t from, size_t to, unsigned trials) {
  bytes model = read_bytes(path), text = random_text(&seed, 5000, true);
  trial t = {path_of("damaged.model"), &text};
  for (unsigned i = 0; i < trials; i++) {
    bytes copy = {0};
    put(&copy, model.data, model.used);
    damage(&copy, from, to);
    FILE *file = fopen(t.path, "wb");
    cr_assert(file && fwrite(copy.data, 1, copy.used, file) == copy.used && fclose(file) == 0);
    free_bytes(&copy);
    check_ending ending = check_end_of(load_and_encode, &t);
    cr_assert_eq(ending.signal, 0, "trial %u: signal %d", i, ending.signal);
    cr_assert_str_eq(ending.message, "", "trial %u printed \"%s\"", i, ending.message);
  }
  free_bytes(&model);
  free_bytes(&text);
}

/* Trains a model on a text that every Debian has, and returns its path. */
static const char *train(const char *type) {
  char prefix[300], model_type[40];
  need_package(PACKAGE_SENTENCEPIECE);
  snprintf(prefix, sizeof prefix, "--model_prefix=%s", path_of("m"));
  snprintf(model_type, sizeof model_type, "--model_type=%s", type);
  int status = run_program((const char *[]){"spm_train", "--input=/usr/share/common-licenses/GPL-3", prefix,
                                            model_type, "--vocab_size=500", "--num_threads=1", NULL});
  if (status < 0) cr_skip("no spm_train here");
  cr_assert_eq(status, 0);
  return path_of("m.model");
}

/* Where the character map begins: behind the name of its rules. */
static size_t map_of(const char *path) {
  bytes model = read_bytes(path);
  const uint8_t *name = memmem(model.data, model.used, "nmt_nfkc", 8);
  cr_assert_not_null(name);
  size_t place = (size_t)(name - model.data) + 8;
  free_bytes(&model);
  return place;
}

Test(damaged_models, pieces_of_a_unigram_model) {
  const char *path = train("unigram");
  survive_damage(path, 0, map_of(path), TRIALS);
}

Test(damaged_models, pieces_of_a_bpe_model) {
  const char *path = train("bpe");
  survive_damage(path, 0, map_of(path), TRIALS);
}

Test(damaged_models, the_character_map) {
  const char *path = train("unigram");
  survive_damage(path, map_of(path), SIZE_MAX, 3 * TRIALS);
}
