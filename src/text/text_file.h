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

/* Files that are read one after the other. Both functions may be called in another thread than the one that gave this. */
typedef struct text_files {
  uint64_t count;                                               /* at least 1 */
  bool (*open)(void *context, uint64_t index, text_file *file); /* false: an error is set */
  void (*close)(void *context, text_file *file);                /* of which the path stays */
  void *context;
} text_files;

/* Where a document begins, or the text ends. */
typedef struct text_place {
  uint64_t offset;    /* in the text, decompressed */
  uint64_t line;      /* .jsonl: lines before it; text: 1 at its end */
  uint64_t bad_lines; /* .jsonl: of these, passed over */
} text_place;

#endif
