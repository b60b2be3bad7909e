/* A file of text, and places in it. */
#ifndef HEADRACE_TEXT_TEXT_FILE_H
#define HEADRACE_TEXT_TEXT_FILE_H

#include <stdbool.h>
#include <stdint.h>

/* An open one. */
typedef struct text_file {
  const char *path;
  int fd;
  bool jsonl, compressed;
} text_file;

/* Where a document begins, or the text ends. */
typedef struct text_place {
  uint64_t offset;    /* in the text, decompressed */
  uint64_t line;      /* .jsonl: lines before it; text: 1 at its end */
  uint64_t bad_lines; /* .jsonl: of these, passed over */
} text_place;

#endif
