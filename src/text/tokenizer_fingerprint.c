/* Which tokenizer it is, for runs that go on later. */
#include "base/error.h"
#include "base/mix.h"
#include "text/tokenizer.h"

/* Words, contractions, numbers, code, blanks, marks and scripts: what tokenizers part in different ways. */
static const char probe[] = "The mill's wheel didn't turn: 3.14159 times in 2024, WE'LL see...\n\n"
                            "\tif (x[i] != 0xFFu) { return -1; }  // 10 % of it\r\n   three blanks   \n"
                            "na\xC3\xAFve caf\x65\xCC\x81 \xE6\xB0\xB4\xE8\xBB\x8A "
                            "\xD0\xBC\xD0\xB5\xD0\xBB\xD1\x8C\xD0\xBD\xD0\xB8\xD1\x86\xD0\xB0 "
                            "\xF0\x9F\x91\xA9\xE2\x80\x8D\xF0\x9F\x92\xBB <|endoftext|> </s>";

/* A text that is refused is told by that. */
static bool encode_probe(const BatchTokenizer *tokenizer, int32_t *ids, size_t capacity, size_t *count) {
  fault before;
  error_keep(&before);
  *count = batch_tokenizer_encode(tokenizer, probe, sizeof probe - 1, ids, capacity);
  if (*count != BATCH_TOKENIZER_FAILED) return true;
  if (batch_last_error()->code == BATCH_ERROR_OUT_OF_MEMORY) return false;
  error_put_back(&before);
  return true;
}

bool tokenizer_fingerprint(const BatchTokenizer *tokenizer, uint64_t *fingerprint) {
  enum { MOST = 2 * sizeof probe };
  int32_t ids[MOST];
  size_t count;
  *fingerprint = 0;
  if (tokenizer_is_bytes(tokenizer)) return true;
  if (!encode_probe(tokenizer, ids, MOST, &count)) return false;
  uint64_t words[] = {tokenizer_identity(tokenizer), batch_tokenizer_vocab_size(tokenizer),
                      (uint32_t)batch_tokenizer_end_of_text(tokenizer), count};
  size_t kept = count == BATCH_TOKENIZER_FAILED ? 0 : count < MOST ? count : MOST;
  *fingerprint = mix64_bytes(mix64_bytes(0, words, sizeof words), ids, kept * sizeof *ids);
  return true;
}
