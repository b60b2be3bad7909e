#include "arguments.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

bool parse_number(const char *text, double low, double high, double *value) {
  char *end;
  *value = strtod(text, &end);
  return end != text && *end == '\0' && *value >= low && *value <= high;
}

bool parse_whole(const char *text, uint64_t low, uint64_t high, uint64_t *value) {
  char *end;
  errno = 0;
  *value = strtoull(text, &end, 10);
  return *text >= '0' && *text <= '9' && *end == '\0' && errno == 0 && *value >= low && *value <= high;
}

bool parse_small(const char *text, uint32_t low, uint32_t high, uint32_t *value) {
  uint64_t whole;
  bool good = parse_whole(text, low, high, &whole);
  *value = (uint32_t)whole;
  return good;
}

int bad_usage(const char *program, const char *name, const char *text, const char *expected) {
  fprintf(stderr, "%s: %s is \"%s\", expected %s\n", program, name, text, expected);
  return 2;
}
