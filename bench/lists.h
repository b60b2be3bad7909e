/* How suites read the lists of their own options: numbers, words and the commas between, from *at on, which they move
   past what was read. */
#ifndef BENCH_LISTS_H
#define BENCH_LISTS_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

/* A number of digits only. */
static inline bool take_number(const char **at, uint32_t least, uint32_t most, uint32_t *number) {
  uint64_t value = 0;
  const char *first = *at;
  for (; **at >= '0' && **at <= '9' && value <= most; ++*at) value = 10 * value + (uint64_t)(**at - '0');
  *number = (uint32_t)value;
  return *at > first && value >= least && value <= most;
}

static inline bool take_text(const char **at, const char *text) {
  size_t length = strlen(text);
  if (strncmp(*at, text, length) != 0) return false;
  *at += length;
  return true;
}

/* After an entry of a list: its end, or a comma with an entry behind it. */
static inline bool take_comma(const char **at) {
  if (**at == '\0') return true;
  return take_text(at, ",") && **at != '\0';
}

/* Reads a whole list of numbers, `most` at most; false: it is none. */
static inline bool take_numbers(const char *list, uint32_t least, uint32_t greatest, uint32_t *numbers,
                                uint32_t most, uint32_t *count) {
  const char *at = list;
  *count = 0;
  do {
    if (*count == most || !take_number(&at, least, greatest, &numbers[(*count)++]) || !take_comma(&at))
      return false;
  } while (*at != '\0');
  return true;
}

#endif
