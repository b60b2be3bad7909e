/* Where a text may be cut, so that the ids of both parts are those of the whole, whatever is around it. Why a place is
   right where the splitter would cut:
   - Added tokens: both bytes beside the place lie in a row in none of them (added_tokens_allow_cut). So no match reaches
     over the place; matches are found from left to right, so those before the place do not depend on what is
     behind it, and behind it the search goes on as at the beginning of a text. What a match takes beside itself
     (white space, or a look at one character) does not reach over the place either.
   - Normal form: the place lies in a stretch of characters that are kept and apart from what stands before them, all
     but the last one, which what follows may change. So the stretch is in the normalized text as it is, and what is
     before the place and what is behind it are normalized by themselves.
   - Split: each part between tokens is split as a text of its own, and the splitter's answer holds for the stretch
     whatever comes before it or follows. Where a token ends within what the splitter has looked at, the text behind
     it begins there: that is one of those that may come. */
#include "text/tokenizer_bpe.h"

enum {
  BEFORE = 64, /* bytes before `from` that are looked at too: what the splitter needs to know */
  WINDOW = 512 /* bytes of a stretch that are looked at once: a place is found near the end of most texts */
};

/* Where the character begins that ends at `end` > 0; malformed bytes are taken one by one. */
static size_t previous(const uint8_t *text, size_t end, utf8_step *step) {
  for (size_t back = 1; back <= 4 && back <= end; back++) {
    if ((text[end - back] & 0xC0) == 0x80) continue;
    *step = utf8_next(text + end - back, back);
    if (step->valid && step->bytes == back) return end - back;
    break;
  }
  *step = (utf8_step){.bytes = 1};
  return end - 1;
}

/* The last stretch of kept characters, or the last WINDOW bytes of it, that begins at `least` or behind it and ends before
   *end, with its last character left out; false: there is none. */
static bool last_stretch(const own_form_rules *rules, const char *text, size_t least, size_t *begin,
                         size_t *end) {
  const uint8_t *raw = (const uint8_t *)text;
  utf8_step step;
  size_t at = *end;
  while (at > least) {
    size_t before = previous(raw, at, &step);
    if (own_form_keeps(rules, &step)) break;
    at = before;
  }
  if (at <= least) return false;
  *begin = *end = previous(raw, at, &step);
  while (*begin > least && *end - *begin < WINDOW) {
    size_t before = previous(raw, *begin, &step);
    if (!own_form_keeps(rules, &step)) break;
    *begin = before;
  }
  return true;
}

size_t tokenizer_bpe_cut(const void *context, const char *text, size_t from, size_t bytes) {
  const bpe_parts *parts = context;
  size_t least = from > BEFORE ? from - BEFORE : 0;
  while (bytes > from + 1) {
    size_t begin = 0, end = bytes;
    if (parts->form && !last_stretch(parts->form, text, least, &begin, &end)) return 0;
    size_t at = splitter_cut(parts->split, text + begin, from > begin ? from - begin : 0, end - begin);
    if (at > 0 && added_tokens_allow_cut(parts->added, text + begin, end - begin, at)) return begin + at;
    if (at == 0 && begin == 0) return 0;
    bytes = at > 0 ? begin + at
            : end - begin > (size_t)2 * BEFORE
                ? begin + BEFORE /* what the splitter did not see the beginning of */
                : begin;
  }
  return 0;
}
