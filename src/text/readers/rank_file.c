#include "text/readers/rank_file.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "text/text_buffer.h"

typedef struct rank_reader {
  const tokenizer_file *file;
  bpe_model *model;
  size_t at, line;   /* where the line at hand begins; its number, from 1 */
  text_buffer token; /* its bytes */
} rank_reader;

__attribute__((format(printf, 2, 3))) static bool wrong(const rank_reader *r, const char *found, ...) {
  char what[256];
  va_list arguments;
  va_start(arguments, found);
  vsnprintf(what, sizeof what, found, arguments);
  va_end(arguments);
  return format_fail(r->file->path, r->at,
                     "line %zu: found %s, expected a token in base64, a blank and its rank", r->line, what);
}

static int digit_of(char c) {
  return c >= 'A' && c <= 'Z'   ? c - 'A'
         : c >= 'a' && c <= 'z' ? c - 'a' + 26
         : c >= '0' && c <= '9' ? c - '0' + 52
         : c == '+'             ? 62
         : c == '/'             ? 63
                                : -1;
}

/* Base64 of RFC 4648, as it must be: padded, the bits that nothing needs zero. */
static bool decode(const char *text, size_t count, char *out, size_t *bytes) {
  size_t padding = 0;
  *bytes = 0;
  while (padding < 2 && padding < count && text[count - 1 - padding] == '=') padding++;
  if (count == 0 || count % 4 != 0) return false;
  for (size_t i = 0; i < count; i += 4) {
    size_t digits = i + 4 == count ? 4 - padding : 4;
    uint32_t value = 0;
    for (size_t k = 0; k < 4; k++) {
      int digit = k < digits ? digit_of(text[i + k]) : 0;
      if (digit < 0) return false;
      value = value << 6 | (uint32_t)digit;
    }
    if (value & ((1u << (8 * (4 - digits))) - 1)) return false;
    for (size_t k = 0; k + 1 < digits; k++) out[(*bytes)++] = (char)(value >> (16 - 8 * k));
  }
  return true;
}

static bool read_rank(const char *text, size_t count, int32_t *rank) {
  uint64_t value = 0;
  if (count == 0 || count > 10) return false;
  for (size_t i = 0; i < count; i++) {
    if (text[i] < '0' || text[i] > '9') return false;
    value = 10 * value + (uint64_t)(text[i] - '0');
  }
  *rank = (int32_t)value;
  return value <= INT32_MAX;
}

static bool out_of_memory(const rank_reader *r) {
  return error_fail(BATCH_ERROR_OUT_OF_MEMORY, "%.700s: no memory for a vocabulary of %zu bytes",
                    r->file->path, r->file->count);
}

static bool read_line(rank_reader *r, const char *line, size_t count) {
  const char *blank = memchr(line, ' ', count);
  size_t encoded = blank ? (size_t)(blank - line) : count, bytes;
  int32_t rank;
  if (!blank) return wrong(r, "\"%.*s\"", (int)(count < 80 ? count : 80), line);
  r->token.used = 0;
  if (!text_buffer_reserve(&r->token, encoded)) return out_of_memory(r);
  if (!decode(line, encoded, r->token.data, &bytes))
    return wrong(r, "\"%.*s\" as base64", (int)(encoded < 80 ? encoded : 80), line);
  size_t digits = count - encoded - 1;
  if (!read_rank(blank + 1, digits, &rank))
    return wrong(r, "\"%.*s\" as a rank", (int)(digits < 40 ? digits : 40), blank + 1);
  switch (bpe_model_add_token(r->model, r->token.data, bytes, rank)) {
  case BPE_OK:
    return true;
  case BPE_NO_MEMORY:
    return out_of_memory(r);
  case BPE_ID_TAKEN:
    return wrong(r, "rank %d, which an earlier line has", (int)rank);
  default:
    return wrong(r, "the token of an earlier line, now of rank %d", (int)rank);
  }
}

/* Only at the end of the file may lines be empty. */
static bool only_ends(const char *text, size_t bytes) {
  for (size_t i = 0; i < bytes; i++)
    if (text[i] != '\n' && text[i] != '\r') return false;
  return true;
}

static bool read_lines(rank_reader *r) {
  const char *text = r->file->bytes;
  size_t count = r->file->count;
  for (size_t next; r->at < count; r->at = next, r->line++) {
    const char *line = text + r->at, *feed = memchr(line, '\n', count - r->at);
    size_t bytes = feed ? (size_t)(feed - line) : count - r->at;
    next = r->at + bytes + (feed != NULL);
    if (bytes > 0 && line[bytes - 1] == '\r') bytes--;
    if (bytes == 0) return only_ends(line, count - r->at) || wrong(r, "an empty line before others");
    if (!read_line(r, line, bytes)) return false;
  }
  return true;
}

static bool finish(rank_reader *r) {
  uint8_t missing;
  switch (bpe_model_finish(r->model, true, &missing)) {
  case BPE_OK:
    return true;
  case BPE_NO_MEMORY:
    return out_of_memory(r);
  default:
    return format_fail(r->file->path, r->file->count,
                       "found no token that is the byte 0x%02X, expected one for each of the 256", missing);
  }
}

bool rank_file_read(const tokenizer_file *file, bpe_model *model) {
  rank_reader r = {.file = file, .model = model, .line = 1};
  bool good = read_lines(&r) && finish(&r);
  text_buffer_free(&r.token);
  return good;
}
