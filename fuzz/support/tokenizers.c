#include "support/tokenizers.h"

#include <stdlib.h>
#include <string.h>

typedef struct encoded {
  size_t count; /* or BATCH_TOKENIZER_FAILED */
  int32_t *ids;
} encoded;

static void *room(size_t bytes) {
  void *memory = malloc(bytes ? bytes : 1);
  if (!memory) fuzz_fail("no memory for %zu bytes", bytes);
  return memory;
}

static encoded encode(const BatchTokenizer *tokenizer, fuzz_part text) {
  const char *from = (const char *)text.data;
  encoded e = {batch_tokenizer_encode(tokenizer, from, text.size, NULL, 0), NULL};
  if (e.count == BATCH_TOKENIZER_FAILED) {
    fuzz_check_refusal(NULL);
    return e;
  }
  e.ids = room(e.count * sizeof *e.ids);
  if (batch_tokenizer_encode(tokenizer, from, text.size, e.ids, e.count) != e.count)
    fuzz_fail("another number of ids");
  for (size_t i = 0; i < e.count; i++)
    if (e.ids[i] < 0 || (uint32_t)e.ids[i] >= batch_tokenizer_vocab_size(tokenizer))
      fuzz_fail("id %zu is %d, of a vocabulary of %u", i, (int)e.ids[i],
                batch_tokenizer_vocab_size(tokenizer));
  return e;
}

static void check_same(const encoded *a, const encoded *b) {
  if (a->count != b->count || (a->ids && memcmp(a->ids, b->ids, a->count * sizeof *a->ids) != 0))
    fuzz_fail("opened twice: other ids");
}

/* Id by id. */
static void check_parts(const BatchTokenizer *tokenizer, const encoded *e, const char *text, size_t bytes) {
  BatchDecoder *decoder = batch_decoder_create(tokenizer);
  size_t at = 0, got;
  const char *part;
  if (!decoder) fuzz_fail("no decoder");
  for (size_t i = 0; i < e->count; i++, at += got)
    if (!batch_decoder_feed(decoder, &e->ids[i], 1, i + 1 == e->count, &part, &got) || got > bytes - at ||
        (got > 0 && memcmp(text + at, part, got) != 0))
      fuzz_fail("decoded in parts it is another text at id %zu", i);
  if (at != bytes) fuzz_fail("decoded in parts it has %zu bytes instead of %zu", at, bytes);
  batch_decoder_free(decoder);
}

static void check_text(const BatchTokenizer *tokenizer, const encoded *e, fuzz_part text, bool exact) {
  if (!e->ids) return;
  size_t bytes = batch_tokenizer_decode(tokenizer, e->ids, e->count, NULL, 0);
  if (bytes == BATCH_TOKENIZER_FAILED) fuzz_fail("what was encoded cannot be decoded");
  char *back = room(bytes);
  if (batch_tokenizer_decode(tokenizer, e->ids, e->count, back, bytes) != bytes)
    fuzz_fail("another number of bytes");
  if (fuzz_control && bytes > 0) back[0]++;
  if (exact && (bytes != text.size || memcmp(back, text.data, bytes) != 0))
    fuzz_fail("decoded it is another text");
  check_parts(tokenizer, e, back, bytes);
  free(back);
}

static void check_facts(const BatchTokenizer *tokenizer) {
  batch_tokenizer_facts facts = BATCH_TOKENIZER_FACTS_INIT;
  if (!batch_tokenizer_describe(tokenizer, &facts)) fuzz_fail("not described");
  if (facts.vocab_size != batch_tokenizer_vocab_size(tokenizer) ||
      facts.end_of_text != batch_tokenizer_end_of_text(tokenizer))
    fuzz_fail("described otherwise than asked");
  if (facts.end_of_text != BATCH_NO_TOKEN && (uint32_t)facts.end_of_text >= facts.vocab_size)
    fuzz_fail("an end of text outside the vocabulary");
}

void fuzz_check_tokenizer(const char *path, const batch_tokenizer_options *options, fuzz_part text,
                          bool exact) {
  BatchTokenizer *one = batch_tokenizer_open(path, options), *other = NULL;
  if (!one) {
    fuzz_check_refusal(path);
    fuzz_undecided = !FUZZ_ALL_SPLITS && batch_last_error()->code == BATCH_ERROR_UNSUPPORTED;
    return;
  }
  fuzz_taken = true;
  if (!(other = batch_tokenizer_open(path, options))) fuzz_fail("opened only once");
  check_facts(one);
  encoded a = encode(one, text), b = encode(other, text);
  check_same(&a, &b);
  check_text(one, &a, text, exact);
  free(a.ids);
  free(b.ids);
  batch_tokenizer_free(one);
  batch_tokenizer_free(other);
}
