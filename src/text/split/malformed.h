/* Where malformed UTF-8 parts a text. */
#ifndef HEADRACE_TEXT_SPLIT_MALFORMED_H
#define HEADRACE_TEXT_SPLIT_MALFORMED_H

#include "base/utf8.h"

/* The end of what is well-formed in text[start, end) from its start on. */
static inline size_t well_formed_end(const char *text, size_t start, size_t end) {
  return start + utf8_well_formed((const uint8_t *)text + start, end - start);
}

/* The end of the run of malformed bytes that text[start, end) begins with. */
static inline size_t malformed_end(const char *text, size_t start, size_t end) {
  while (start < end) {
    utf8_step step = utf8_next((const uint8_t *)text + start, end - start);
    if (step.valid) break;
    start += step.bytes;
  }
  return start;
}

#endif
