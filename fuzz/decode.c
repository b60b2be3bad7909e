/* Any ids of any tokenizer: decoded in parts they give the text that they give at once, or are refused as they are at once;
   and a document that was refused leaves nothing for the next one. */
#include <stdlib.h>
#include <string.h>

#include "support/flow.h"

enum { MOST = 200, CUSTOM = 1 };

typedef struct text {
  bool good;
  char *data;
  size_t size;
} text;

static text decode_at_once(const BatchTokenizer *tokenizer, const int32_t *ids, size_t count) {
  text t = {.size = batch_tokenizer_decode(tokenizer, ids, count, NULL, 0)};
  t.good = t.size != BATCH_TOKENIZER_FAILED;
  if (!t.good) {
    fuzz_check_refusal("batch_tokenizer_decode");
    return t;
  }
  t.data = malloc(t.size ? t.size : 1);
  if (batch_tokenizer_decode(tokenizer, ids, count, t.data, t.size) != t.size)
    fuzz_fail("another size the second time");
  if (fuzz_control && t.size > 0) t.data[t.size / 2]++;
  return t;
}

/* Up to `most` ids in a call. */
static void check_parts(BatchDecoder *decoder, const int32_t *ids, size_t count, size_t most,
                        const text *expected) {
  size_t at = 0, got = 0, part;
  bool good = true, ends;
  do {
    const char *more;
    size_t bytes;
    part = count - at < most ? count - at : most;
    ends = at + part == count;
    good = batch_decoder_feed(decoder, ids + at, part, ends, &more, &bytes);
    if (!good) fuzz_check_refusal("batch_decoder_feed");
    if (!good) break;
    if (expected->good &&
        (bytes > expected->size - got || (bytes && memcmp(more, expected->data + got, bytes) != 0)))
      fuzz_fail("ids %zu to %zu give other bytes than at once", at, at + part);
    got += bytes;
    at += part;
  } while (!ends);
  if (good != expected->good)
    fuzz_fail("in parts %s, at once %s", good ? "taken" : "refused", good ? "refused" : "taken");
  if (good && got != expected->size) fuzz_fail("%zu bytes in parts, %zu at once", got, expected->size);
}

/* One that is outside now and then. */
static size_t take_ids(fuzz_input *in, uint32_t vocab, int32_t ids[MOST]) {
  size_t count = 0;
  while (in->size > 0 && count < MOST) {
    uint32_t id = fuzz_take_u8(in);
    if (id >= 0xF0) id = (id - 0xF0) << 8 | fuzz_take_u8(in);
    ids[count++] = id == 0xFFF ? -1 : id == 0xFFE ? (int32_t)vocab : (int32_t)(id % vocab);
  }
  return count;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  fuzz_input in = fuzz_begin(data, size);
  unsigned number = fuzz_take_below(&in, FLOW_TOKENIZERS);
  const BatchTokenizer *tokenizer =
      flow_tokenizer(number == CUSTOM ? 0 : number); /* that one decodes nothing */
  size_t most = 1 + fuzz_take_below(&in, 20), documents = 0;
  int32_t ids[MOST];
  BatchDecoder *decoder = batch_decoder_create(tokenizer);
  if (!decoder) fuzz_fail("no decoder");
  do {
    fuzz_input document = fuzz_take_part(&in);
    size_t count = take_ids(&document, batch_tokenizer_vocab_size(tokenizer), ids);
    text expected = decode_at_once(tokenizer, ids, count);
    check_parts(decoder, ids, count, most, &expected);
    free(expected.data);
  } while (in.size > 0 && ++documents < 4);
  batch_decoder_free(decoder);
  return fuzz_end();
}
