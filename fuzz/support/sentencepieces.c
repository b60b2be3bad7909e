#include "support/sentencepieces.h"

#include <stdio.h>
#include <string.h>

#include "support/files.h"
#include "support/fuzz.h"
#include "support/random.h"

enum { NORMAL = 1, UNKNOWN, CONTROL, USER_DEFINED, UNUSED, BYTE };

static void put_varint(bytes *b, uint64_t value) {
  for (; value >= 0x80; value >>= 7) put_u8(b, (uint8_t)(value | 0x80));
  put_u8(b, (uint8_t)value);
}

static void put_number(bytes *b, unsigned field, uint64_t value) {
  put_varint(b, field << 3);
  put_varint(b, value);
}

static void put_part(bytes *b, unsigned field, const void *data, size_t size) {
  put_varint(b, field << 3 | 2);
  put_varint(b, size);
  put(b, data, size);
}

static void put_message(bytes *b, unsigned field, bytes *message) {
  put_part(b, field, message->data, message->used);
  free_bytes(message);
}

static void put_piece(bytes *model, const char *text, float score, unsigned type) {
  bytes piece = {0};
  put_part(&piece, 1, text, strlen(text));
  put_varint(&piece, 2 << 3 | 5);
  put(&piece, &score, sizeof score);
  put_number(&piece, 3, type);
  put_message(model, 1, &piece);
}

/* Letters, the blank, and what two of the pieces make. */
static void put_pieces(bytes *model, const fuzz_pieces *how) {
  enum { LETTERS = 7, MOST = 60 };
  static const char *const letters[LETTERS] = {"\xE2\x96\x81", "a",           "b", "e", "t",
                                               "\xC3\xA9",     "\xE6\xB0\xB4"};
  char texts[MOST][24];
  unsigned count = 0;
  uint64_t state = how->seed * 2 + 1;
  for (; count < LETTERS; count++) snprintf(texts[count], sizeof texts[count], "%s", letters[count]);
  for (unsigned tries = 0; tries < 120 && count < MOST; tries++) {
    char text[48];
    bool there = false;
    snprintf(text, sizeof text, "%s%s", texts[random_below(&state, count)],
             texts[random_below(&state, count)]);
    for (unsigned i = 0; i < count; i++) there = there || strcmp(texts[i], text) == 0;
    if (there || strlen(text) >= sizeof texts[0]) continue;
    strcpy(texts[count++], text);
  }
  for (unsigned i = 0; i < count; i++)
    put_piece(model, texts[i], how->bpe ? -(float)i : -2 - (float)random_below(&state, 60) / 8, NORMAL);
}

const char *fuzz_write_pieces(const fuzz_pieces *how) {
  bytes model = {0}, trainer = {0}, normalizer = {0};
  char byte[8];
  put_piece(&model, "<unk>", 0, UNKNOWN);
  put_piece(&model, "<s>", 0, CONTROL);
  put_piece(&model, "</s>", 0, CONTROL);
  for (unsigned i = 0; i < 256 && how->byte_fallback; i++) {
    snprintf(byte, sizeof byte, "<0x%02X>", i);
    put_piece(&model, byte, 0, BYTE);
  }
  if (how->line_feeds) put_piece(&model, "\n", 0, USER_DEFINED);
  put_pieces(&model, how);
  put_number(&trainer, 3, how->bpe ? 2 : 1);
  put_number(&trainer, 35, how->byte_fallback);
  put_message(&model, 2, &trainer);
  put_part(&normalizer, 1, "identity", 8);
  put_number(&normalizer, 3, how->prefix);
  put_number(&normalizer, 4, how->squeezes);
  put_number(&normalizer, 5, 1);
  put_message(&model, 3, &normalizer);
  const char *path = fuzz_write("pieces.model", (fuzz_part){model.data, model.used});
  free_bytes(&model);
  return path;
}
