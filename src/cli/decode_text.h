/* How decoded documents are written: their text, one behind the other, or a line of JSON for each. */
#ifndef HEADRACE_CLI_DECODE_TEXT_H
#define HEADRACE_CLI_DECODE_TEXT_H

#include "output.h"

typedef struct decode_text {
  output *out;
  bool jsonl;
  const char *field;         /* of a line, the text's name */
  batch_malformed malformed; /* jsonl: not KEEP */
  char held[4];              /* the beginning of a character */
  size_t num_held;
  char *text, *clean; /* the held bytes and what came; without malformed bytes */
  size_t text_room, clean_room;
} decode_text;

/* One document: its beginning, its text in parts, its end. False: the library's last error says what is wrong with the
   text, if it has one; else the output failed, or memory is short. */
bool decode_text_begin(decode_text *t);
bool decode_text_put(decode_text *t, const char *text, size_t bytes);
bool decode_text_end(decode_text *t);

void decode_text_free(decode_text *t);

#endif
