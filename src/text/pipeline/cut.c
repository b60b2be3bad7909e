/* Why it is right to ask about raw text that is normalized later: a place between normalized parts
   (text_normalizer_parts) is one where the text before it and the text behind it, normalized one by one, are the whole.
   So between two such places around a third one lies text of which it is known what becomes of it, whatever is around:
   this window is normalized in two parts, before and behind the place in the middle, and the tokenizer is asked whether the
   window may be cut where the two meet. Its answer holds whatever comes in front of the window or follows (tokenizer.h), so
   for the whole normalized text. */
#include "text/pipeline/cut.h"

#include "text/tokenizer.h"

enum { REACH = 64 }; /* bytes of a window on either side of its middle */

text_cutter text_cutter_make(const BatchTokenizer *tokenizer, const batch_text_options *options) {
  return (text_cutter){
      .tokenizer = tokenizer, .options = options, .normalizer = {.options = options, .longest = SIZE_MAX}};
}

void text_cutter_free(text_cutter *cutter) {
  text_normalizer_free(&cutter->normalizer);
  text_buffer_free(&cutter->repaired);
  text_buffer_free(&cutter->window);
}

/* Where the window around `at` begins and ends; false: no place around it parts the text. */
static bool find_window(const text_cutter *c, const char *text, size_t at, size_t bytes, size_t *begin,
                        size_t *end) {
  *begin = at > REACH ? at - REACH : 0;
  while (*begin > 0 && *begin < at && !text_normalizer_parts(c->options, text, *begin, bytes)) ++*begin;
  *end = bytes - at > REACH ? at + REACH : bytes - 1;
  while (*end > at && !text_normalizer_parts(c->options, text, *end, bytes)) --*end;
  return *begin < at && at < *end;
}

/* Appends to the window what becomes of a part. */
static bool add_part(text_cutter *c, const char *text, size_t bytes) {
  if (c->options->malformed == BATCH_MALFORMED_REPLACE) {
    c->repaired.used = 0;
    if (!text_buffer_append_repaired(&c->repaired, (const uint8_t *)text, bytes)) return false;
    text = c->repaired.data;
    bytes = c->repaired.used;
  }
  return text_normalizer_feed(&c->normalizer, text, bytes, &c->window) &&
         text_normalizer_end(&c->normalizer, &c->window);
}

/* Whether the tokenizer allows a cut at the place: the last one that it allows is sought in ever shorter text. */
static bool allows(const BatchTokenizer *tokenizer, const text_buffer *text, size_t at) {
  size_t end = text->used, found = 0;
  if (at == 0 || at >= end) return false;
  while (end > at && (found = tokenizer_cut(tokenizer, text->data, at - 1, end)) > at) end = found;
  return found == at;
}

/* *kept: whether the place, at which the tokenizer would cut the raw text, is one of the normalized text too. */
static bool look_at(text_cutter *c, const char *text, size_t at, size_t bytes, bool *kept) {
  size_t begin, end;
  *kept = text_normalizer_parts(c->options, text, at, bytes) && find_window(c, text, at, bytes, &begin, &end);
  if (!*kept) return true;
  c->window.used = 0;
  if (!add_part(c, text + begin, at - begin)) return false;
  size_t middle = c->window.used;
  if (!add_part(c, text + at, end - at)) return false;
  *kept = allows(c->tokenizer, &c->window, middle);
  return true;
}

bool text_cutter_find(text_cutter *c, const char *text, size_t from, size_t bytes, size_t *at) {
  bool as_it_is = c->options->malformed == BATCH_MALFORMED_KEEP && !text_is_changed(c->options),
       kept = as_it_is;
  *at = bytes;
  do {
    *at = tokenizer_cut(c->tokenizer, text, from, *at);
    if (*at > 0 && !as_it_is && !look_at(c, text, *at, bytes, &kept)) return false;
  } while (*at > 0 && !kept);
  return true;
}
