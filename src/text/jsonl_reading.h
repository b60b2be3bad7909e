/* A line that is being read: shared by those who read its parts. */
#ifndef HEADRACE_TEXT_JSONL_READING_H
#define HEADRACE_TEXT_JSONL_READING_H

#include "text/json_find.h"
#include "text/jsonl.h"

typedef struct jsonl_reading {
  const jsonl_line *line;
  const jsonl_form *form;
  jsonl_document *document;
  jsonl_wrong *wrong;
} jsonl_reading;

/* Says what is wrong at a place of the line. Returns false. */
__attribute__((format(printf, 3, 4))) bool jsonl_fail(const jsonl_reading *reading, const char *where,
                                                      const char *sentence, ...);

/* The kind of what was found, for people; where it stands, `otherwise` if nothing does. */
const char *jsonl_found_kind(const json_found *found);
const char *jsonl_found_place(const json_found *found, const char *otherwise);

/* Appends what a string means. */
bool jsonl_append(const jsonl_reading *reading, const json_slice *string, text_buffer *to);

/* Reads the spans of the array that begins here, as the form says. What stands there is valid JSON. */
bool jsonl_read_spans(const jsonl_reading *reading, const char *array);

#endif
