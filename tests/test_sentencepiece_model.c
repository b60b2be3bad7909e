/* SentencePiece models written by hand: what is looked at before libsentencepiece is given them. */
#include "text/sentencepiece_model.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "support/check.h"
#include "support/files.h"
#include "support/packages.h"

TestSuite(sentencepiece_model, .init = files_begin, .fini = files_end);

enum { PIECE = 1, NORMALIZER = 3, DENORMALIZER = 5 };

/* A field of bytes, of fewer than 2^14. */
static void put_field(bytes *message, unsigned number, const void *data, size_t count) {
  put(message, (uint8_t[]){(uint8_t)(number << 3 | 2), (uint8_t)(count | 0x80), (uint8_t)(count >> 7)}, 3);
  put(message, data, count);
}

/* A piece with a type: 1 an ordinary one, 2 the unknown one. */
static void put_piece(bytes *model, const char *text, uint8_t type) {
  bytes piece = {0};
  put_field(&piece, 1, text, strlen(text));
  put(&piece, (uint8_t[]){3 << 3, type}, 2);
  put_field(model, PIECE, piece.data, piece.used);
  free_bytes(&piece);
}

static void put_scored_piece(bytes *model, const char *text, float score) {
  bytes piece = {0};
  uint32_t bits;
  memcpy(&bits, &score, sizeof bits);
  put_field(&piece, 1, text, strlen(text));
  put_u8(&piece, 2 << 3 | 5);
  put_u32(&piece, bits);
  put_field(model, PIECE, piece.data, piece.used);
  free_bytes(&piece);
}

/* Normalizer or denormalizer with a character map of a trie without rules, and its texts. */
static void put_rules(bytes *model, unsigned part, uint32_t trie_bytes) {
  bytes map = {0}, rules = {0};
  uint32_t units[256] = {1}; /* the root is no child of its own */
  put(&map, &trie_bytes, 4);
  put(&map, units, sizeof units);
  put(&map, "", 1);
  put_field(&rules, 2, map.data, map.used);
  put_field(model, part, rules.data, rules.used);
  free_bytes(&map);
  free_bytes(&rules);
}

static bytes small_model(void) {
  bytes model = {0};
  put_piece(&model, "<unk>", 2);
  put_piece(&model, "a", 1);
  return model;
}

static bool check(const bytes *model, sentencepiece_facts *facts) {
  return sentencepiece_model_check("m.model", model->data, model->used, facts);
}

/* The same piece twice. */
Test(sentencepiece_model, what_the_library_behind_refuses_is_refused) {
  need_package(PACKAGE_SENTENCEPIECE);
  bytes model = small_model();
  put_piece(&model, "a", 1);
  const char *path = write_bytes("twice.model", &model);
  assert_refused(!batch_tokenizer_sentencepiece(path), BATCH_ERROR_FORMAT, path,
                 "a SentencePiece model of 3 pieces that libsentencepiece refuses");
  free_bytes(&model);
}

Test(sentencepiece_model, has_its_facts) {
  sentencepiece_facts facts;
  bytes model = small_model();
  cr_assert(check(&model, &facts), "%s", batch_last_error()->message);
  cr_assert(facts.pieces == 2 && !facts.denormalizes);
  put_rules(&model, NORMALIZER, 1024);
  cr_assert(check(&model, &facts) && !facts.denormalizes, "%s", batch_last_error()->message);
  put_rules(&model, DENORMALIZER, 1024);
  cr_assert(check(&model, &facts) && facts.denormalizes, "%s", batch_last_error()->message);
  free_bytes(&model);
}

Test(sentencepiece_model, rules_that_lead_outside_are_refused_for_either_way) {
  static const unsigned parts[] = {NORMALIZER, DENORMALIZER};
  for (int i = 0; i < 2; i++) {
    sentencepiece_facts facts;
    bytes model = small_model();
    put_rules(&model, parts[i], 1028);
    assert_refused(!check(&model, &facts), BATCH_ERROR_FORMAT, "m.model", "a length that is not its own");
    free_bytes(&model);
  }
}

Test(sentencepiece_model, pieces_that_cannot_be_are_refused) {
  sentencepiece_facts facts;
  bytes model = {0};
  put_piece(&model, "a", 1);
  assert_refused(!check(&model, &facts), BATCH_ERROR_FORMAT, "0 pieces for what is unknown instead of one");
  put_piece(&model, "<unk>", 2);
  put_piece(&model, "<unk2>", 2);
  assert_refused(!check(&model, &facts), BATCH_ERROR_FORMAT, "2 pieces for what is unknown instead of one");
  put_piece(&model, "b", 7);
  assert_refused(!check(&model, &facts), BATCH_ERROR_FORMAT, "m.model", "type 7 of piece 3");
  free_bytes(&model);
}

Test(sentencepiece_model, scores_that_are_no_numbers_are_refused) {
  static const float bad[] = {NAN, INFINITY, -INFINITY};
  sentencepiece_facts facts;
  for (int i = 0; i < 3; i++) {
    bytes model = small_model();
    put_scored_piece(&model, "b", -1e30f);
    cr_assert(check(&model, &facts) && facts.pieces == 3, "%s", batch_last_error()->message);
    put_scored_piece(&model, "c", bad[i]);
    assert_refused(!check(&model, &facts), BATCH_ERROR_FORMAT, "m.model", "no finite score of piece 3");
    free_bytes(&model);
  }
}
