#include "text/characters.h"

#ifdef HEADRACE_WITH_UTF8PROC
#include <utf8proc.h>
#endif

#include "base/utf8.h"

bool character_is_space(uint32_t c) {
  return (c >= '\t' && c <= '\r') || c == ' ' || c == 0x85 || c == 0xA0 || c == 0x1680 ||
         (c >= 0x2000 && c <= 0x200A) || c == 0x2028 || c == 0x2029 || c == 0x202F || c == 0x205F ||
         c == 0x3000;
}

/* The character that ends at text + at > 0. */
static utf8_step step_before(const char *text, size_t at) {
  const uint8_t *raw = (const uint8_t *)text;
  for (uint32_t back = 1; back <= 4 && back <= at; back++) {
    if ((raw[at - back] & 0xC0) == 0x80) continue;
    utf8_step step = utf8_next(raw + at - back, back);
    if (step.valid && step.bytes == back) return step;
    break;
  }
  return (utf8_step){false, false, 1, 0};
}

size_t characters_space_before(const char *text, size_t at) {
  size_t start = at;
  while (start > 0) {
    utf8_step step = step_before(text, start);
    if (!step.valid || !character_is_space(step.code)) break;
    start -= step.bytes;
  }
  return at - start;
}

size_t characters_space_behind(const char *text, size_t bytes) {
  size_t end = 0;
  while (end < bytes) {
    utf8_step step = utf8_next((const uint8_t *)text + end, bytes - end);
    if (!step.valid || !character_is_space(step.code)) break;
    end += step.bytes;
  }
  return end;
}

#ifdef HEADRACE_WITH_UTF8PROC
bool characters_know_words(void) {
  return true;
}

/* Alphabetic, marks, decimal digits, connectors and joiners. What is alphabetic without being a letter, a letter
   number or a mark is four runs of symbols. */
static bool is_word(const utf8_step *step) {
  int32_t c = (int32_t)step->code;
  if (!step->valid) return false;
  switch (utf8proc_category(c)) {
  case UTF8PROC_CATEGORY_LU:
  case UTF8PROC_CATEGORY_LL:
  case UTF8PROC_CATEGORY_LT:
  case UTF8PROC_CATEGORY_LM:
  case UTF8PROC_CATEGORY_LO:
  case UTF8PROC_CATEGORY_NL:
  case UTF8PROC_CATEGORY_MN:
  case UTF8PROC_CATEGORY_MC:
  case UTF8PROC_CATEGORY_ME:
  case UTF8PROC_CATEGORY_ND:
  case UTF8PROC_CATEGORY_PC:
    return true;
  default:
    return c == 0x200C || c == 0x200D || (c >= 0x24B6 && c <= 0x24E9) || (c >= 0x1F130 && c <= 0x1F149) ||
           (c >= 0x1F150 && c <= 0x1F169) || (c >= 0x1F170 && c <= 0x1F189);
  }
}
#else
bool characters_know_words(void) {
  return false;
}

static bool is_word(const utf8_step *step) {
  (void)step;
  return false;
}
#endif

bool characters_word_before(const char *text, size_t at) {
  if (at == 0) return false;
  utf8_step step = step_before(text, at);
  return is_word(&step);
}

bool characters_word_behind(const char *text, size_t bytes) {
  if (bytes == 0) return false;
  utf8_step step = utf8_next((const uint8_t *)text, bytes);
  return is_word(&step);
}
