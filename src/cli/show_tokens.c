/* Tokens one behind the other: their text, or ids. */
#include <inttypes.h>

#include "show.h"

/* Bytes of the text of ids; 0 where there is none. */
static size_t text_bytes(const show_run *run, const int32_t *ids, size_t count) {
  size_t bytes = batch_tokenizer_decode(run->tokenizer, ids, count, NULL, 0);
  return bytes == BATCH_TOKENIZER_FAILED ? 0 : bytes;
}

/* An id that has a text wherever it stands, or -1. */
static int32_t find_letter(const show_run *run) {
  uint32_t ids = batch_tokenizer_vocab_size(run->tokenizer);
  for (uint32_t id = 0; id < ids; id++)
    if (text_bytes(run, &(int32_t){(int32_t)id}, 1) > 0) return (int32_t)id;
  return -1;
}

/* Ids that are no text: outside the vocabulary, or tokens like the end of text of bytes. Between two others, since some
   models drop white space where a text begins or ends. */
static bool has_no_text(show_run *run, int32_t id) {
  if (!run->has_letter) run->letter = find_letter(run);
  run->has_letter = true;
  int32_t without[2] = {run->letter, run->letter}, with[3] = {run->letter, id, run->letter};
  size_t bytes = run->letter < 0 ? text_bytes(run, &id, 1) : text_bytes(run, with, 3);
  return bytes == 0 || (run->letter >= 0 && bytes == text_bytes(run, without, 2));
}

void show_begin_tokens(show_run *run) {
  if (run->tokenizer) screen_put_border(&run->screen);
}

void show_put_token(show_run *run, int32_t id, bool masked) {
  char word[16];
  const char *text;
  size_t bytes;
  bool symbol = run->tokenizer && has_no_text(run, id);
  snprintf(word, sizeof word, symbol ? "<%" PRId32 ">" : "%" PRId32, id);
  if (!run->tokenizer)
    screen_put_word(&run->screen, word, masked);
  else if (symbol)
    screen_put_symbol(&run->screen, word, masked);
  else if (batch_decoder_feed(run->decoder, &id, 1, false, &text, &bytes))
    screen_put(&run->screen, text, bytes, masked);
}

void show_end_tokens(show_run *run, bool masked) {
  const char *text;
  size_t bytes;
  if (!run->tokenizer) return;
  if (batch_decoder_feed(run->decoder, NULL, 0, true, &text, &bytes))
    screen_put(&run->screen, text, bytes, masked);
  screen_flush(&run->screen);
  screen_put_border(&run->screen);
}
