/* A file being written: buffered, in a directory where nobody looks for it yet, or without any name. */
#ifndef HEADRACE_DATASET_OUT_FILE_H
#define HEADRACE_DATASET_OUT_FILE_H

#include "dataset/token_files.h"

typedef struct out_file {
  int fd;
  char *path; /* for messages: the one it is to have; of a nameless file, the directory it is in */
  uint8_t *buffer;
  size_t used;    /* of the buffer */
  uint64_t bytes; /* written, the buffer's included */
} out_file;

#define OUT_FILE_CLOSED ((out_file){.fd = -1})

/* Begins the file `name` in an open directory. path: for messages. */
bool out_open(out_file *out, int directory, const char *name, const char *path);

/* Begins a file without a name in `directory` (NULL: $TMPDIR, then /tmp): it goes with its descriptor. */
bool out_open_nameless(out_file *out, const char *directory);

bool out_write(out_file *out, const void *data, size_t bytes);
bool out_write_u64(out_file *out, uint64_t value);

/* Appends ids as tokens; BATCH_ERROR_OUT_OF_RANGE when one does not fit the type. */
bool out_write_tokens(out_file *out, batch_token_type type, const int32_t *ids, size_t count);

/* Appends a byte a token: 0 where loss [count] is 0, else 1; loss: NULL: all 1. */
bool out_write_loss(out_file *out, const uint8_t *loss, uint64_t count);

/* Hands what is buffered to the system. */
bool out_flush(out_file *out);

/* Overwrites bytes that were flushed. */
bool out_write_at(out_file *out, const void *data, size_t bytes, uint64_t offset);

/* Flushes, waits until all is on the disk, and closes. */
bool out_seal(out_file *out);

/* Closes, whatever becomes of it. Fine when closed. */
void out_close(out_file *out);

/* Maps the u64 document ends that were written to the file. */
bool out_map_ends(out_file *out, token_documents *documents);

#endif
