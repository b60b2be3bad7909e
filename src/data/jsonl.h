/* One line of .jsonl, through jansson. */
#ifndef HEADRACE_DATA_JSONL_H
#define HEADRACE_DATA_JSONL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct jsonl_line {
  const char *path;
  uint64_t number; /* from 1 */
  uint64_t offset; /* in the text */
  const char *text;
  size_t bytes;
} jsonl_line;

/* Parses a line and gives the string under `field`, which lives until jsonl_free(*json). */
bool jsonl_parse(const jsonl_line *line, const char *field, void **json, const char **text, size_t *bytes);

void jsonl_free(void *json); /* NULL is fine */

/* BATCH_UNSUPPORTED in a build without jansson. */
bool jsonl_supported(const char *path);

#endif
