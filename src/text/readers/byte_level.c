#include "text/readers/byte_level.h"

#include "base/utf8.h"

enum { CODES = sizeof(byte_level) / sizeof(int16_t) };

/* Bytes that are printable in Latin-1 stand for themselves, the others are numbered from 256 on. */
void byte_level_make(byte_level *alphabet) {
  uint32_t next = 256;
  for (uint32_t code = 0; code < CODES; code++) alphabet->byte_of[code] = -1;
  for (uint32_t byte = 0; byte < 256; byte++) {
    bool printable = (byte >= '!' && byte <= '~') || (byte >= 0xA1 && byte <= 0xAC) || byte >= 0xAE;
    alphabet->byte_of[printable ? byte : next++] = (int16_t)byte;
  }
}

bool byte_level_decode(const byte_level *alphabet, const char *text, size_t count, char *out, size_t *bytes) {
  *bytes = 0;
  for (size_t at = 0; at < count;) {
    utf8_step step = utf8_next((const uint8_t *)text + at, count - at);
    if (!step.valid || step.code >= CODES || alphabet->byte_of[step.code] < 0) return false;
    out[(*bytes)++] = (char)alphabet->byte_of[step.code];
    at += step.bytes;
  }
  return true;
}
