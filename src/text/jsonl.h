/* One line of .jsonl: the string under a name. */
#ifndef HEADRACE_TEXT_JSONL_H
#define HEADRACE_TEXT_JSONL_H

#include "text/json.h"

typedef struct jsonl_line {
  const char *text;
  size_t bytes;
} jsonl_line;

/* What is wrong with a line, and at which byte of it. */
typedef struct jsonl_wrong {
  size_t at;
  char what[512];
} jsonl_wrong;

/* Finds the string under `field` and appends what it means. "a.b" is member b of the object a, unless there is a
   member of the whole name. Of members of one name the last counts. The rest of the line must be JSON, but what
   it holds does not matter. False: *wrong says it; where that is an empty sentence, BATCH_ERROR_OUT_OF_MEMORY. */
bool jsonl_read(const jsonl_line *line, const char *field, batch_malformed malformed, text_buffer *text,
                jsonl_wrong *wrong);

/* What the beginning of a file looks like. */
typedef enum jsonl_look {
  JSONL_NO,    /* something else */
  JSONL_LINES, /* the first line is an object, or the beginning of one that is longer */
  JSONL_OTHER, /* an object over several lines, or several in one */
  JSONL_ARRAY  /* one array */
} jsonl_look;
jsonl_look jsonl_look_at(const char *text, size_t bytes);

#endif
