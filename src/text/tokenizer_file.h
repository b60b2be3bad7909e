/* The file of a tokenizer: read whole, and what it looks like. */
#ifndef HEADRACE_TEXT_TOKENIZER_FILE_H
#define HEADRACE_TEXT_TOKENIZER_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct tokenizer_file {
  const char *path;
  char *bytes; /* [count], from malloc */
  size_t count;
  uint64_t identity; /* a hash of the bytes */
} tokenizer_file;

/* BATCH_ERROR_IO, BATCH_ERROR_OUT_OF_MEMORY; BATCH_ERROR_FORMAT: it is larger than any tokenizer. */
bool tokenizer_file_read(const char *path, tokenizer_file *file);
void tokenizer_file_free(tokenizer_file *file);

typedef enum tokenizer_look {
  LOOKS_BINARY, /* a SentencePiece model, if anything */
  LOOKS_RANKS,  /* the first line is one of a rank file */
  LOOKS_JSON,   /* a tokenizer.json */
  LOOKS_TEXT,   /* another text */
  LOOKS_FOREIGN /* what no tokenizer is */
} tokenizer_look;

/* Tells by the first bytes. *name: what it is, for people: "a rank file of tiktoken"; NULL of LOOKS_BINARY. */
tokenizer_look tokenizer_file_look(const tokenizer_file *file, const char **name);

#endif
