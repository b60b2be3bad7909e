#include <stdlib.h>
#include <string.h>

#include "support/flow.h"
#include "support/sentencepieces.h"
#include "support/vocabularies.h"

enum { FIRST_BPE = 2, FIRST_PIECES = FIRST_BPE + 26 };

/* Ids that depend on all that came before: any cut changes them. */
static size_t hash_encode(void *context, const char *text, size_t count, int32_t *id, size_t capacity) {
  uint64_t hash = 2166136261u;
  (void)context;
  for (size_t i = 0; i < count; i++) {
    hash = ((hash ^ (uint8_t)text[i]) * 16777619u) & UINT32_MAX;
    if (i < capacity) id[i] = (int32_t)(hash % 50000);
  }
  return count;
}

static size_t no_text(void *context, const int32_t *id, size_t count, char *text, size_t capacity) {
  (void)context, (void)id, (void)count, (void)text, (void)capacity;
  return BATCH_TOKENIZER_FAILED;
}

/* Added tokens of tokenizer.json that strip, stand alone, are normalized, or hold blanks. */
static fuzz_token added[][4] = {
    {{"<|a|>", "s", 0}, {"<|a|>b", "", 0}, {"ab", "", 0}, {"abab", "s", 0}},
    {{"<think>", "l", 0}, {"</think>", "r", 0}, {"<mask>", "lrws", 0}, {"word", "wn", 0}},
    {{"  ", "n", 0}, {"   ", "n", 0}, {"r w", "n", 0}, {"caf\xC3\xA9 ", "n", 0}},
    {{"(c)word", "wn", 0}, {"a  b", "", 0}, {"\xE2\x84\xAB ", "n", 0}, {"<|endoftext|>", "s", 0}}};

static BatchTokenizer *make_bpe(unsigned number) {
  static const char *const normalizers[] = {"null", "{\"type\":\"NFC\"}", "{\"type\":\"NFKC\"}"};
  batch_tokenizer_options options = BATCH_TOKENIZER_OPTIONS_INIT;
  bpe_reference *r = calloc(1, sizeof *r);
  uint64_t state = number * 0x9E3779B97F4A7C15 + 1;
  bool ranks = number >= 24;
  bpe_reference_make(r, &state, 120, 5, ranks);
  options.specials = number % 2 ? BATCH_SPECIALS_ALLOW : BATCH_SPECIALS_IGNORE;
  options.split = !ranks ? BATCH_SPLIT_OF_FILE : number == 24 ? BATCH_SPLIT_CL100K : BATCH_SPLIT_O200K;
  if (!ranks) fuzz_number(r);
  fuzz_number_added(r, added[number % 4], 4);
  const char *path = ranks ? fuzz_write_ranks(r)
                           : fuzz_write_json(r, added[number % 4], 4, normalizers[number / 4 % 3],
                                             number < 12 ? FUZZ_SPLIT_GPT2 : FUZZ_SPLIT_LLAMA3);
  BatchTokenizer *tokenizer = batch_tokenizer_open(path, &options);
  free(r);
  return tokenizer;
}

static BatchTokenizer *make_pieces(unsigned number) {
  const fuzz_pieces how = {.bpe = number & 1,
                           .byte_fallback = number & 2,
                           .line_feeds = number & 4,
                           .squeezes = number & 8,
                           .prefix = number % 3 > 0,
                           .seed = number + 1};
  BatchTokenizer *tokenizer = batch_tokenizer_sentencepiece(fuzz_write_pieces(&how));
  return tokenizer || batch_last_error()->code != BATCH_ERROR_UNSUPPORTED ? tokenizer
                                                                          : batch_tokenizer_bytes(1);
}

static BatchTokenizer *make_tokenizer(unsigned number) {
  batch_tokenizer_functions hash = BATCH_TOKENIZER_FUNCTIONS_INIT;
  hash.encode = hash_encode;
  hash.decode = no_text;
  if (number == 0) return batch_tokenizer_bytes(1);
  if (number == 1) return batch_tokenizer_custom(&hash, NULL, 50000, 2);
  return number < FIRST_PIECES ? make_bpe(number - FIRST_BPE) : make_pieces(number - FIRST_PIECES);
}

const BatchTokenizer *flow_tokenizer(unsigned number) {
  static BatchTokenizer *made[FLOW_TOKENIZERS];
  if (!made[number]) made[number] = make_tokenizer(number);
  if (!made[number]) fuzz_fail("no tokenizer %u", number);
  return made[number];
}
