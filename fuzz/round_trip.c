/* Byte-level BPE of random vocabularies, as rank files and tokenizer.json: the ids of any bytes are those that the definition
   gives within PCRE2's pieces and around added tokens; the bytes come back from them, at once and in parts; a text may be cut
   where the tokenizer says so. */
#include <stdlib.h>
#include <string.h>

#include "support/fuzz.h"
#include "support/mutate.h"
#include "support/random.h"
#include "support/splits.h"
#include "support/vocabularies.h"
#include "text/tokenizer.h"

enum { HEAD = 4, MOST = 256, VOCABULARIES = 16, WITHOUT = -1 };

/* Found before the text is split: in the text from the left, the longest first. */
static const fuzz_token added[] = {
    {"<|a|>", "s", 0}, {"<|a|>b", "", 0}, {"ab", "", 0}, {"abab", "s", 0}, {"\xC3\xA9 ", "", 0}};
enum { ADDED = sizeof added / sizeof *added };

typedef struct vocabulary {
  bpe_reference *reference;
  splitter *split;
  BatchTokenizer *tokenizer;
  bool is_json, allows; /* special tokens too */
  fuzz_token added[ADDED];
} vocabulary;

typedef struct ids {
  int32_t id[MOST + 1];
  size_t count;
} ids;

static void make(vocabulary *v, uint64_t number) {
  static const split_way ways[] = {WAY_GPT2, WAY_CL100K, WAY_O200K, WAY_QWEN2};
  static const batch_text_split splits[] = {BATCH_SPLIT_GPT2, BATCH_SPLIT_CL100K, BATCH_SPLIT_O200K,
                                            BATCH_SPLIT_QWEN2};
  batch_tokenizer_options options = BATCH_TOKENIZER_OPTIONS_INIT;
  uint64_t state = number * 0x9E3779B97F4A7C15 + 1;
  v->is_json = number % 2;
  v->allows = number / 2 % 2;
  v->reference = calloc(1, sizeof *v->reference);
  bpe_reference_make(v->reference, &state, 20 + random_below(&state, 120), 2 + random_below(&state, 4),
                     !v->is_json);
  memcpy(v->added, added, sizeof added);
  if (v->is_json) fuzz_number(v->reference);
  fuzz_number_added(v->reference, v->added, ADDED);
  v->split = make_split(v->is_json ? WAY_GPT2 : ways[number / 4 % 4], true);
  options.split = v->is_json ? BATCH_SPLIT_OF_FILE : splits[number / 4 % 4];
  options.specials = v->allows ? BATCH_SPECIALS_ALLOW : BATCH_SPECIALS_IGNORE;
  const char *path = v->is_json ? fuzz_write_json(v->reference, v->added, ADDED, "null", FUZZ_SPLIT_GPT2)
                                : fuzz_write_ranks(v->reference);
  v->tokenizer = batch_tokenizer_open(path, &options);
  if (!v->tokenizer) fuzz_fail("vocabulary %d is refused", (int)number);
}

static void encode_plain(const vocabulary *v, const char *text, size_t size, ids *to) {
  uint64_t state = 1;
  piece_list pieces = split_text(v->split, text, size, &state);
  for (size_t i = 0; i < pieces.count; i++)
    to->count += bpe_reference_encode(v->reference, text + pieces.pieces[i].start,
                                      pieces.pieces[i].end - pieces.pieces[i].start, to->id + to->count);
  free(pieces.pieces);
}

static bool is_special(const fuzz_token *token) {
  return *token->flags == 's';
}

/* The longest added token that the text begins with; WITHOUT: none. */
static int added_at(const vocabulary *v, const char *text, size_t size, size_t *length) {
  int found = WITHOUT;
  *length = 0;
  for (int i = 0; i < ADDED && v->is_json; i++) {
    size_t own = strlen(added[i].content);
    if (own > size || own <= *length || memcmp(text, added[i].content, own) != 0) continue;
    found = i;
    *length = own;
  }
  return found;
}

static void encode_by_reference(const vocabulary *v, const char *text, size_t size, ids *to) {
  size_t plain = 0, length;
  to->count = 0;
  for (size_t at = 0; at < size;) {
    int token = added_at(v, text + at, size - at, &length);
    if (token == WITHOUT ||
        (is_special(&added[token]) && !v->allows)) { /* what is in one that is text is no token either */
      at += token == WITHOUT ? 1 : length;
      continue;
    }
    encode_plain(v, text + plain, at - plain, to);
    to->id[to->count++] = v->added[token].id;
    plain = at += length;
  }
  encode_plain(v, text + plain, size - plain, to);
}

static bool same(const ids *a, const ids *b) {
  return a->count == b->count && memcmp(a->id, b->id, a->count * sizeof *a->id) == 0;
}

static void encode(const vocabulary *v, const char *text, size_t size, ids *to) {
  to->count = batch_tokenizer_encode(v->tokenizer, text, size, to->id, MOST);
  if (to->count > MOST) fuzz_fail("%zu ids of %zu bytes", to->count, size);
  for (size_t i = 0; i < to->count; i++)
    if (to->id[i] < 0 || (uint32_t)to->id[i] >= batch_tokenizer_vocab_size(v->tokenizer))
      fuzz_fail("id %d is none of the vocabulary", to->id[i]);
}

/* At once, and in parts of up to `most` ids. */
static void check_back(const vocabulary *v, const ids *of, const char *text, size_t size, size_t most) {
  char back[MOST * 2];
  size_t got = batch_tokenizer_decode(v->tokenizer, of->id, of->count, back, sizeof back);
  if (got != size || memcmp(back, text, size) != 0) fuzz_fail("other bytes come back, %zu of %zu", got, size);
  BatchDecoder *decoder = batch_decoder_create(v->tokenizer);
  got = 0;
  for (size_t at = 0, count; at < of->count || at == 0; at += count ? count : 1) {
    const char *more;
    size_t added_bytes;
    count = of->count - at < most ? of->count - at : most;
    if (!batch_decoder_feed(decoder, of->id + at, count, at + count == of->count, &more, &added_bytes))
      fuzz_fail("ids %zu to %zu are refused", at, at + count);
    if (added_bytes > size - got || memcmp(more, text + got, added_bytes) != 0)
      fuzz_fail("in parts, other bytes come back");
    got += added_bytes;
  }
  if (got != size) fuzz_fail("in parts, %zu bytes of %zu come back", got, size);
  batch_decoder_free(decoder);
}

/* The cut is found in text [from, to): what stands around it is not known there. */
static void check_cut(const vocabulary *v, const char *text, size_t size, size_t from, size_t to,
                      const ids *whole) {
  ids parts, behind;
  while (from < to && (text[from] & 0xC0) == 0x80) from++;
  if (from >= to) return;
  size_t cut = tokenizer_cut(v->tokenizer, text + from, 0, to - from);
  if (cut == 0) return;
  if (cut >= to - from) fuzz_fail("cut at %zu of %zu", cut, to - from);
  cut += from;
  encode(v, text, cut, &parts);
  encode(v, text + cut, size - cut, &behind);
  if (parts.count + behind.count > MOST)
    fuzz_fail("cut at %zu of %zu, there are more ids than bytes", cut, size);
  memcpy(parts.id + parts.count, behind.id, behind.count * sizeof *behind.id);
  parts.count += behind.count;
  if (!same(&parts, whole)) fuzz_fail("cut at %zu of %zu, the ids are others", cut, size);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static vocabulary vocabularies[VOCABULARIES];
  fuzz_input in = fuzz_begin(data, size);
  uint64_t number = fuzz_take_below(&in, VOCABULARIES);
  size_t left = fuzz_take_u8(&in), right = fuzz_take_u8(&in), most = 1 + fuzz_take_below(&in, 9);
  ids found, expected;
  vocabulary *v = &vocabularies[number];
  if (in.size > MOST) return fuzz_end();
  if (!v->tokenizer) make(v, number);
  char *text = malloc(in.size + 1);
  memcpy(text, in.data, in.size);
  text = realloc(text, in.size ? in.size : 1); /* AddressSanitizer sees what lies behind */
  encode(v, text, in.size, &found);
  encode_by_reference(v, text, in.size, &expected);
  if (fuzz_control && expected.count > 0) expected.id[0]++;
  if (!same(&found, &expected)) fuzz_fail("%zu ids, expected %zu, or others", found.count, expected.count);
  check_back(v, &found, text, in.size, most);
  size_t from = left * in.size / 256;
  check_cut(v, text, in.size, from, in.size - right * (in.size - from) / 256, &found);
  free(text);
  return fuzz_end();
}

/* Letters, which merge, and what splits trip over. */
static bytes letters_and_others(uint64_t *state, size_t count, bool malformed) {
  if (random_below(state, 3) == 0) return random_splittable(state, count, malformed);
  bytes b = {0};
  while (b.used < count) {
    if (random_below(state, 12) == 0)
      put_text(&b, added[random_below(state, ADDED)].content);
    else
      put_u8(&b, (uint8_t)(random_below(state, 9) ? 'a' + random_below(state, 5) : ' '));
  }
  return b;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t most, unsigned seed) {
  return mutate_text(data, size, most, seed, HEAD, letters_and_others);
}
