/* The bytes of a file from its start, decompressed where it is zstd. */
#ifndef HEADRACE_DATA_BYTE_STREAM_H
#define HEADRACE_DATA_BYTE_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct byte_stream {
  const char *path;
  int fd;
  uint64_t consumed;    /* bytes of the file */
  struct zstd_in *zstd; /* NULL: not compressed */
} byte_stream;

/* Borrows path and fd. BATCH_UNSUPPORTED for zstd in a build without it. */
bool byte_stream_open(byte_stream *stream, const char *path, int fd, bool compressed);

/* Reads until `bytes` bytes are there or the file ends: *got is less only at the end. */
bool byte_stream_read(byte_stream *stream, void *out, size_t bytes, size_t *got);

void byte_stream_close(byte_stream *stream);

#endif
