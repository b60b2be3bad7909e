/* The bytes of a file from its start, decompressed where it is zstd or gzip. */
#ifndef HEADRACE_TEXT_BYTE_STREAM_H
#define HEADRACE_TEXT_BYTE_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum byte_stream_kind { BYTES_PLAIN, BYTES_ZSTD, BYTES_GZIP } byte_stream_kind;

/* One way of compression: what it makes of the input that lies in a stream's buffer. */
typedef struct decompressor {
  const char *name, *library;
  void *(*open)(void); /* NULL for lack of memory */
  /* Decompresses from `in` [*in_bytes] to `out` [*out_bytes], at least a byte of either unless more input is
     needed; both become what was used. *inside: the input may not end here. NULL, or what is wrong. */
  const char *(*step)(void *state, const uint8_t *in, size_t *in_bytes, uint8_t *out, size_t *out_bytes,
                      bool *inside);
  void (*close)(void *state);
} decompressor;

typedef struct byte_stream {
  const char *path;
  int fd;
  uint64_t bytes;          /* of the file when it was opened: it may not end before */
  uint64_t consumed;       /* of the file */
  bool ended;              /* there is nothing more */
  const decompressor *how; /* NULL: not compressed */
  void *state;
  bool inside; /* a frame, or member */
  uint8_t *in; /* read and not yet decompressed: [in_start, in_end) */
  size_t in_start, in_end;
} byte_stream;

/* What the first bytes of a file say. */
byte_stream_kind byte_stream_kind_of(const uint8_t *head, size_t bytes);

/* Borrows path and fd. BATCH_ERROR_UNSUPPORTED for what this build cannot decompress. */
bool byte_stream_open(byte_stream *stream, const char *path, int fd, bool compressed);

/* Reads up to `bytes` bytes; *got may be less, also 0, while the stream has not ended: each call takes a
   bounded time, whatever the file holds. */
bool byte_stream_read(byte_stream *stream, void *out, size_t bytes, size_t *got);

/* Passes, before anything is read, over up to `bytes` bytes if that takes no reading; *passed: how many. */
void byte_stream_skip(byte_stream *stream, uint64_t bytes, uint64_t *passed);

void byte_stream_close(byte_stream *stream);

/* NULL in a build without the library. */
extern const decompressor decompressor_zstd, decompressor_gzip;

#endif
