/* Tokens on a line of the screen: their text, or ids. */
#include <inttypes.h>
#include <stdlib.h>

#include "show.h"

/* Bytes of the text of ids; 0 where there is none, or no memory. */
static size_t text_bytes(show_run *run, const int32_t *ids, size_t count) {
  size_t bytes = batch_tokenizer_decode(run->tokenizer, ids, count, NULL, 0);
  if (bytes != BATCH_TOKENIZER_FAILED) return bytes;
  run->no_memory |= batch_last_error()->code == BATCH_ERROR_OUT_OF_MEMORY;
  return 0;
}

int32_t show_find_letter(show_run *run) {
  uint32_t ids = batch_tokenizer_vocab_size(run->tokenizer);
  for (uint32_t id = 0; id < ids; id++)
    if (text_bytes(run, &(int32_t){(int32_t)id}, 1) > 0) return (int32_t)id;
  return -1;
}

/* Ids that are no text: outside the vocabulary, or tokens like the end of text of bytes. Between two others, since some
   models drop white space where a text begins. */
static bool has_no_text(show_run *run, int32_t id) {
  int32_t letter = run->letter, without[2] = {letter, letter}, with[3] = {letter, id, letter};
  if (letter < 0) return text_bytes(run, &id, 1) == 0;
  size_t bytes = text_bytes(run, with, 3);
  return bytes == 0 || bytes == text_bytes(run, without, 2);
}

/* The text of ids, which have one; ids[-1] may be written when they are not the first of a text. */
static void put_text(show_run *run, int32_t *ids, size_t count, bool first, bool masked) {
  size_t before = 0;
  if (!first && run->letter >= 0) {
    before = text_bytes(run, &run->letter, 1);
    *--ids = run->letter;
    count++;
  }
  size_t bytes = text_bytes(run, ids, count);
  char *text = malloc(bytes + 1);
  bool good = text && batch_tokenizer_decode(run->tokenizer, ids, count, text, bytes) == bytes;
  if (good && bytes >= before) screen_put(&run->screen, text + before, bytes - before, masked);
  run->no_memory |= !good && bytes > 0;
  free(text);
}

/* Parts that are masked, and those that are not, are decoded each by itself: so the border is where it is. */
static void put_texts(show_run *run, size_t count) {
  int32_t *ids = run->tokens;
  char symbol[16];
  for (size_t i = 0, end; i < count && !run->screen.cut; i = end) {
    bool masked = run->masked[i];
    end = i + 1;
    if (has_no_text(run, ids[i])) {
      snprintf(symbol, sizeof symbol, "<%" PRId32 ">", ids[i]);
      screen_flush(&run->screen);
      screen_put_symbol(&run->screen, symbol, masked);
      continue;
    }
    while (end < count && run->masked[end] == masked && !has_no_text(run, ids[end])) end++;
    put_text(run, ids + i, end - i, i == 0, masked);
  }
  screen_flush(&run->screen);
}

void show_put_tokens(show_run *run, size_t count) {
  char word[16];
  if (run->tokenizer) {
    screen_put_border(&run->screen);
    put_texts(run, count);
    screen_put_border(&run->screen);
    return;
  }
  for (size_t i = 0; i < count && !run->screen.cut; i++) {
    snprintf(word, sizeof word, "%" PRId32, run->tokens[i]);
    screen_put_word(&run->screen, word, run->masked[i]);
  }
}
