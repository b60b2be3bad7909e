#include "data/byte_stream.h"

#include <stdlib.h>

#include "data/file.h"

#ifdef HEADRACE_WITH_ZSTD
#include <zstd.h>

struct zstd_in {
  ZSTD_DStream *state;
  ZSTD_inBuffer in;
  size_t hint; /* 0: between two frames */
  size_t capacity;
  char buffer[];
};

static struct zstd_in *zstd_make(void) {
  size_t capacity = ZSTD_DStreamInSize();
  struct zstd_in *zstd = malloc(sizeof *zstd + capacity);
  if (!zstd) return NULL;
  *zstd = (struct zstd_in){.state = ZSTD_createDStream(), .capacity = capacity};
  zstd->in.src = zstd->buffer;
  if (zstd->state) return zstd;
  free(zstd);
  return NULL;
}

static bool zstd_open(byte_stream *stream) {
  stream->zstd = zstd_make();
  return stream->zstd || error_fail(BATCH_OUT_OF_MEMORY, "%.700s: no memory to decompress it", stream->path);
}

static void zstd_close(struct zstd_in *zstd) {
  if (zstd) ZSTD_freeDStream(zstd->state);
  free(zstd);
}

/* Refills the input; *ended at the end of the file, which must not lie inside a frame. */
static bool zstd_refill(byte_stream *stream, bool *ended) {
  struct zstd_in *zstd = stream->zstd;
  zstd->in.pos = 0;
  if (!file_read_some(stream->fd, stream->path, stream->consumed, zstd->buffer, zstd->capacity,
                      &zstd->in.size))
    return false;
  stream->consumed += zstd->in.size;
  *ended = zstd->in.size == 0;
  if (!*ended || zstd->hint == 0) return true;
  return format_fail(stream->path, stream->consumed,
                     "found the end of the file inside a zstd frame, expected at least %zu bytes more",
                     zstd->hint);
}

static bool zstd_read(byte_stream *stream, void *out, size_t bytes, size_t *got) {
  struct zstd_in *zstd = stream->zstd;
  ZSTD_outBuffer to = {out, bytes, 0};
  for (bool ended = false; to.pos < bytes && !ended;) {
    size_t before = to.pos, taken = zstd->in.pos;
    zstd->hint =
        zstd->in.pos < zstd->in.size || zstd->hint ? ZSTD_decompressStream(zstd->state, &to, &zstd->in) : 0;
    if (ZSTD_isError(zstd->hint))
      return format_fail(stream->path, stream->consumed - zstd->in.size + zstd->in.pos,
                         "found data that zstd refuses (%s), expected a zstd frame",
                         ZSTD_getErrorName(zstd->hint));
    bool stuck = to.pos == before && zstd->in.pos == taken;
    if (stuck && zstd->in.pos == zstd->in.size && !zstd_refill(stream, &ended)) return false;
  }
  *got = to.pos;
  return true;
}
#else
static bool zstd_open(byte_stream *stream) {
  return error_fail(BATCH_UNSUPPORTED,
                    "%.700s: is compressed with zstd, and this libheadrace was built without libzstd",
                    stream->path);
}

static void zstd_close(struct zstd_in *zstd) {
  (void)zstd;
}

static bool zstd_read(byte_stream *stream, void *out, size_t bytes, size_t *got) {
  (void)out, (void)bytes, (void)got;
  return zstd_open(stream);
}
#endif

bool byte_stream_open(byte_stream *stream, const char *path, int fd, bool compressed) {
  *stream = (byte_stream){.path = path, .fd = fd};
  return !compressed || zstd_open(stream);
}

bool byte_stream_read(byte_stream *stream, void *out, size_t bytes, size_t *got) {
  if (stream->zstd) return zstd_read(stream, out, bytes, got);
  if (!file_read_some(stream->fd, stream->path, stream->consumed, out, bytes, got)) return false;
  stream->consumed += *got;
  return true;
}

void byte_stream_close(byte_stream *stream) {
  zstd_close(stream->zstd);
  *stream = (byte_stream){.fd = -1};
}
