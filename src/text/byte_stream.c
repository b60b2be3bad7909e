#include "text/byte_stream.h"

#include <stdlib.h>

#include "base/file.h"

enum { INPUT = 1 << 17 }; /* bytes of the file that are read at once */

byte_stream_kind byte_stream_kind_of(const uint8_t *head, size_t bytes) {
  if (bytes >= 3 && head[0] == 0x1F && head[1] == 0x8B && head[2] == 8) return BYTES_GZIP;
  if (bytes < 4) return BYTES_PLAIN;
  uint32_t magic = load_u32(head);
  bool skippable = (magic & ~UINT32_C(15)) == 0x184D2A50;
  return magic == 0xFD2FB528 || skippable ? BYTES_ZSTD : BYTES_PLAIN;
}

static bool open_compressed(byte_stream *stream) {
  uint8_t head[4] = {0};
  size_t bytes;
  if (!file_read_some(stream->fd, stream->path, 0, head, sizeof head, &bytes)) return false;
  stream->how = byte_stream_kind_of(head, bytes) == BYTES_GZIP ? &decompressor_gzip : &decompressor_zstd;
  if (!stream->how->open)
    return error_fail(BATCH_ERROR_UNSUPPORTED,
                      "%.700s: is compressed with %s, and this libheadrace was built without %s",
                      stream->path, stream->how->name, stream->how->library);
  stream->in = malloc(INPUT);
  stream->state = stream->in ? stream->how->open() : NULL;
  return stream->state ||
         error_fail(BATCH_ERROR_OUT_OF_MEMORY, "%.700s: no memory to decompress it", stream->path);
}

bool byte_stream_open(byte_stream *stream, const char *path, int fd, bool compressed) {
  struct stat status;
  *stream = (byte_stream){.path = path, .fd = fd};
  if (fstat(fd, &status) != 0) return file_fail(path, "fstat");
  stream->bytes = (uint64_t)status.st_size;
  return !compressed || open_compressed(stream);
}

/* The file's end is here. Half a text is not taken for one. */
static bool end(byte_stream *stream) {
  stream->ended = true;
  return stream->consumed >= stream->bytes ||
         error_fail(BATCH_ERROR_IO,
                    "%.700s: at byte %" PRIu64 ": found the end of the file, expected it at byte %" PRIu64
                    ", where it was when the file was opened",
                    stream->path, stream->consumed, stream->bytes);
}

static bool read_plain(byte_stream *stream, void *out, size_t bytes, size_t *got) {
  if (!file_read_some(stream->fd, stream->path, stream->consumed, out, bytes, got)) return false;
  stream->consumed += *got;
  return *got == bytes || end(stream);
}

static uint64_t place(const byte_stream *stream) {
  return stream->consumed - stream->in_end + stream->in_start;
}

static bool refill(byte_stream *stream) {
  if (!file_read_some(stream->fd, stream->path, stream->consumed, stream->in, INPUT, &stream->in_end))
    return false;
  stream->in_start = 0;
  stream->consumed += stream->in_end;
  if (stream->in_end > 0) return true;
  return end(stream) &&
         (!stream->inside ||
          format_fail(stream->path, stream->consumed,
                      "found the end of the file inside a %s %s, expected more of it", stream->how->name,
                      stream->how == &decompressor_gzip ? "member" : "frame"));
}

/* Zeros behind the last member of a gzip file are padding. */
static bool skip_padding(byte_stream *stream) {
  if (stream->inside || stream->how != &decompressor_gzip || place(stream) == 0) return false;
  size_t before = stream->in_start;
  while (stream->in_start < stream->in_end && stream->in[stream->in_start] == 0) stream->in_start++;
  return stream->in_start > before;
}

static bool decompress(byte_stream *stream, void *out, size_t *bytes) {
  size_t taken = stream->in_end - stream->in_start;
  const char *wrong =
      stream->how->step(stream->state, stream->in + stream->in_start, &taken, out, bytes, &stream->inside);
  stream->in_start += taken;
  return !wrong ||
         format_fail(stream->path, place(stream), "found data that %s refuses (%s), expected %s data",
                     stream->how->library, wrong, stream->how->name);
}

bool byte_stream_read(byte_stream *stream, void *out, size_t bytes, size_t *got) {
  *got = 0;
  if (stream->ended || bytes == 0) return true;
  if (!stream->how) return read_plain(stream, out, bytes, got);
  bool empty = stream->in_start == stream->in_end;
  if (empty && !stream->inside && !refill(stream)) return false;
  if (stream->ended || skip_padding(stream)) return true;
  size_t taken = stream->in_start, used = bytes;
  if (!decompress(stream, out, &used)) return false;
  *got = used;
  /* What the library still holds came out above; when there is nothing, it needs input. */
  if (used == 0 && taken == stream->in_start && stream->in_start == stream->in_end) return refill(stream);
  return true;
}

void byte_stream_skip(byte_stream *stream, uint64_t bytes, uint64_t *passed) {
  *passed = 0;
  if (stream->how) return;
  *passed = bytes < stream->bytes ? bytes : stream->bytes;
  stream->consumed += *passed;
}

void byte_stream_close(byte_stream *stream) {
  if (stream->state) stream->how->close(stream->state);
  free(stream->in);
  *stream = (byte_stream){.fd = -1};
}
