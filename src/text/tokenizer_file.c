#include "text/tokenizer_file.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/foreign.h"
#include "base/mix.h"
#include "base/utf8.h"

static const uint64_t largest = (uint64_t)1 << 30;

bool tokenizer_file_read(const char *path, tokenizer_file *file) {
  uint64_t size;
  int fd;
  *file = (tokenizer_file){.path = path};
  if (!file_open(path, &fd, &size)) return false;
  bool fits = size <= largest;
  file->bytes = fits ? malloc((size_t)size + 1) : NULL;
  file->count = fits ? (size_t)size : 0;
  bool good = file->bytes && file_read_at(fd, path, 0, file->bytes, file->count);
  close(fd);
  if (!fits)
    return format_fail(path, 0, "found a file of %" PRIu64 " bytes, expected a tokenizer of at most %" PRIu64,
                       size, largest);
  if (!file->bytes)
    return error_fail(BATCH_ERROR_OUT_OF_MEMORY, "%.700s: no memory for a tokenizer of %" PRIu64 " bytes",
                      path, size);
  if (good) file->identity = mix64_bytes(0, file->bytes, file->count);
  if (!good) tokenizer_file_free(file);
  return good;
}

void tokenizer_file_free(tokenizer_file *file) {
  free(file->bytes);
  file->bytes = NULL;
}

/* A line of a rank file: base64, a blank, a number. */
static bool is_rank_file(const char *text, size_t bytes) {
  const char *end = memchr(text, '\n', bytes);
  size_t at = 0, digits = 0, line = end ? (size_t)(end - text) : bytes;
  while (at < line && text[at] &&
         strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=", text[at]))
    at++;
  if (at == 0 || at % 4 != 0 || at == line || text[at++] != ' ') return false;
  while (at < line && text[at] >= '0' && text[at] <= '9') at++, digits++;
  return digits > 0 && (at == line || text[at] == '\r');
}

static bool has(const tokenizer_file *file, const char *word) {
  return memmem(file->bytes, file->count, word, strlen(word)) != NULL;
}

static bool begins_with_brace(const tokenizer_file *file) {
  size_t first = 0;
  while (first < file->count && file->bytes[first] && strchr(" \t\r\n", file->bytes[first])) first++;
  return first < file->count && file->bytes[first] == '{';
}

/* No model of SentencePiece begins as a rank file or JSON does: what is wrong with those, further on, is found by who
   reads them. */
tokenizer_look tokenizer_file_look(const tokenizer_file *file, const char **name) {
  enum { LOOK = 4096 }; /* bytes that must look like text */
  const uint8_t *raw = (const uint8_t *)file->bytes;
  size_t count = file->count;
  *name = "a rank file of tiktoken";
  if (is_rank_file(file->bytes, count)) return LOOKS_RANKS;
  if (begins_with_brace(file)) {
    bool tokenizer = has(file, "\"model\"") && has(file, "\"vocab\"");
    *name = tokenizer ? "a tokenizer.json" : "a JSON file";
    return tokenizer ? LOOKS_JSON : LOOKS_TEXT;
  }
  *name = count == 0 ? "an empty file" : foreign_name(raw, count);
  if (*name) return LOOKS_FOREIGN;
  if (!utf8_is_text(raw, count < LOOK ? count : LOOK, count > LOOK)) return LOOKS_BINARY;
  *name = "a text";
  return LOOKS_TEXT;
}
