/* A file being written: buffered, under a temporary name until it is whole, or without any name. */
#ifndef HEADRACE_DATA_OUT_FILE_H
#define HEADRACE_DATA_OUT_FILE_H

#include "data/source.h"

typedef struct out_file {
  int fd;
  char *path;      /* the final one; of a nameless file, the directory it is in: for messages */
  char *temporary; /* the name it has meanwhile; NULL: none */
  uint8_t *buffer;
  size_t used;    /* of the buffer */
  uint64_t bytes; /* written, the buffer's included */
} out_file;

#define OUT_FILE_CLOSED ((out_file){.fd = -1})

/* Begins a file that is to be named `path`, under a hidden name in the same directory. */
bool out_open(out_file *out, const char *path);

/* Begins a file without a name in `directory` (NULL: $TMPDIR, then /tmp): it goes with its descriptor. */
bool out_open_nameless(out_file *out, const char *directory);

bool out_write(out_file *out, const void *data, size_t bytes);
bool out_write_u64(out_file *out, uint64_t value);

/* Appends ids as tokens; BATCH_OUT_OF_RANGE when one does not fit the type. */
bool out_write_tokens(out_file *out, batch_token_type type, const uint32_t *ids, size_t count);

/* Hands what is buffered to the system. */
bool out_flush(out_file *out);

/* Flushes, overwrites bytes near the start, and waits until all is on the disk. */
bool out_seal(out_file *out, const void *header, size_t header_bytes);

/* Gives a sealed file its final name. Without `overwrite` a file that has it is left alone: an error. */
bool out_publish(out_file *out, bool overwrite);

/* Closes, and removes what was not published. Fine when closed. */
void out_close(out_file *out);

/* Maps the u64 document ends that were written to a nameless file. */
bool out_map_ends(out_file *out, source_documents *documents);

#endif
