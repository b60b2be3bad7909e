#include "decode_text.h"

#include <stdlib.h>
#include <string.h>

static bool write_string(decode_text *t, const char *text, size_t bytes) {
  return output_write(t->out, text, bytes);
}

/* A byte below 0x20, a quote or a backslash. */
static bool write_escaped(decode_text *t, unsigned char byte) {
  static const char names[] = "\"\\\b\f\n\r\t", letters[] = "\"\\bfnrt";
  char escape[8];
  const char *at = byte ? strchr(names, byte) : NULL;
  int length = at ? snprintf(escape, sizeof escape, "\\%c", letters[at - names])
                  : snprintf(escape, sizeof escape, "\\u%04X", byte);
  return write_string(t, escape, (size_t)length);
}

static bool write_json(decode_text *t, const char *text, size_t bytes) {
  size_t start = 0;
  for (size_t i = 0; i < bytes; i++) {
    unsigned char byte = (unsigned char)text[i];
    if (byte >= 0x20 && byte != '"' && byte != '\\') continue;
    if (!write_string(t, text + start, i - start) || !write_escaped(t, byte)) return false;
    start = i + 1;
  }
  return write_string(t, text + start, bytes - start);
}

static bool make_room(char **room, size_t *have, size_t bytes) {
  if (bytes <= *have) return true;
  char *grown = realloc(*room, 2 * bytes);
  if (!grown) return false;
  *room = grown;
  *have = 2 * bytes;
  return true;
}

/* Bytes at the end that may be the beginning of a character: at most three. */
static size_t begun_character(const char *text, size_t bytes) {
  for (size_t back = 1; back <= 3 && back <= bytes; back++) {
    unsigned char byte = (unsigned char)text[bytes - back];
    if (byte >= 0xC0) return back < (byte >= 0xF0 ? 4u : byte >= 0xE0 ? 3u : 2u) ? back : 0;
    if (byte < 0x80) return 0;
  }
  return 0;
}

static bool write_clean(decode_text *t, const char *text, size_t bytes) {
  batch_text_options options = BATCH_TEXT_OPTIONS_INIT;
  options.malformed = t->malformed;
  if (t->malformed != BATCH_MALFORMED_KEEP) {
    size_t clean = batch_text_normalize(text, bytes, &options, t->clean, t->clean_room);
    if (clean != BATCH_TOKENIZER_FAILED && clean > t->clean_room) {
      if (!make_room(&t->clean, &t->clean_room, clean)) return false;
      clean = batch_text_normalize(text, bytes, &options, t->clean, t->clean_room);
    }
    if (clean == BATCH_TOKENIZER_FAILED) return false;
    text = t->clean;
    bytes = clean;
  }
  return t->jsonl ? write_json(t, text, bytes) : write_string(t, text, bytes);
}

bool decode_text_begin(decode_text *t) {
  t->num_held = 0;
  return !t->jsonl || (write_string(t, "{\"", 2) && write_json(t, t->field, strlen(t->field)) &&
                       write_string(t, "\": \"", 4));
}

bool decode_text_put(decode_text *t, const char *text, size_t bytes) {
  if (t->malformed == BATCH_MALFORMED_KEEP) return write_clean(t, text, bytes);
  if (bytes == 0) return true;
  size_t all = t->num_held + bytes;
  if (!make_room(&t->text, &t->text_room, all)) return false;
  memcpy(t->text, t->held, t->num_held);
  memcpy(t->text + t->num_held, text, bytes);
  t->num_held = begun_character(t->text, all);
  memcpy(t->held, t->text + all - t->num_held, t->num_held);
  return write_clean(t, t->text, all - t->num_held);
}

bool decode_text_end(decode_text *t) {
  size_t held = t->num_held;
  t->num_held = 0;
  return (held == 0 || write_clean(t, t->held, held)) && (!t->jsonl || write_string(t, "\"}\n", 3));
}

void decode_text_free(decode_text *t) {
  free(t->text);
  free(t->clean);
}
