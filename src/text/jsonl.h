/* One line of .jsonl: the document in it. */
#ifndef HEADRACE_TEXT_JSONL_H
#define HEADRACE_TEXT_JSONL_H

#include "headrace/dataset.h"
#include "text/jsonl_document.h"

typedef struct jsonl_line {
  const char *text;
  size_t bytes;
} jsonl_line;

/* What is looked for in a line, and what becomes of it. */
typedef struct jsonl_form {
  const char *field;
  const batch_span_options *spans; /* with the defaults put in */
  batch_malformed malformed;
  size_t longest; /* bytes of a document whose line is not longer either */
} jsonl_form;

/* What is wrong with a line, and at which byte of it. */
typedef struct jsonl_wrong {
  size_t at;
  char what[512];
} jsonl_wrong;

/* Reads what the form says into an empty document. The rest of the line must be JSON, but what it holds does not matter. False:
   *wrong says it; where that is an empty sentence, BATCH_ERROR_OUT_OF_MEMORY. */
bool jsonl_read(const jsonl_line *line, const jsonl_form *form, jsonl_document *document, jsonl_wrong *wrong);

/* What the beginning of a file looks like. */
typedef enum jsonl_look {
  JSONL_NO,    /* something else */
  JSONL_LINES, /* the first line is an object, or the beginning of one that is longer */
  JSONL_OTHER, /* an object over several lines, or several in one */
  JSONL_ARRAY  /* one array */
} jsonl_look;
jsonl_look jsonl_look_at(const char *text, size_t bytes);

#endif
