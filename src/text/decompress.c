/* zstd and gzip, each behind the three functions of a decompressor. */
#include <stdlib.h>

#include "text/byte_stream.h"

#ifdef HEADRACE_WITH_ZSTD
#include <zstd.h>

/* Windows of any size: what `zstd --long=31` writes takes 2 GiB. */
static void *zstd_open(void) {
  ZSTD_DCtx *state = ZSTD_createDCtx();
  if (state)
    ZSTD_DCtx_setParameter(state, ZSTD_d_windowLogMax, ZSTD_dParam_getBounds(ZSTD_d_windowLogMax).upperBound);
  return state;
}

static const char *zstd_step(void *state, const uint8_t *in, size_t *in_bytes, uint8_t *out,
                             size_t *out_bytes, bool *inside) {
  ZSTD_inBuffer from = {in, *in_bytes, 0};
  ZSTD_outBuffer to = {out, *out_bytes, 0};
  size_t result = ZSTD_decompressStream(state, &to, &from);
  *in_bytes = from.pos;
  *out_bytes = to.pos;
  *inside = result != 0;
  return ZSTD_isError(result) ? ZSTD_getErrorName(result) : NULL;
}

static void zstd_close(void *state) {
  ZSTD_freeDCtx(state);
}

const decompressor decompressor_zstd = {"zstd", "libzstd", zstd_open, zstd_step, zstd_close};
#else
const decompressor decompressor_zstd = {"zstd", "libzstd", NULL, NULL, NULL};
#endif

#ifdef HEADRACE_WITH_ZLIB
#include <zlib.h>

enum { GZIP_ONLY = 16 }; /* of inflateInit2's window bits */

static void *gzip_open(void) {
  z_stream *state = calloc(1, sizeof *state);
  if (state && inflateInit2(state, MAX_WBITS + GZIP_ONLY) == Z_OK) return state;
  free(state);
  return NULL;
}

static uInt at_most_int(size_t bytes) {
  return bytes < INT32_MAX ? (uInt)bytes : INT32_MAX;
}

/* One member after the other. */
static const char *gzip_step(void *context, const uint8_t *in, size_t *in_bytes, uint8_t *out,
                             size_t *out_bytes, bool *inside) {
  z_stream *state = context;
  uInt given = at_most_int(*in_bytes), room = at_most_int(*out_bytes);
  state->next_in = (Bytef *)(uintptr_t)in;
  state->avail_in = given;
  state->next_out = out;
  state->avail_out = room;
  int result = inflate(state, Z_NO_FLUSH);
  *in_bytes = given - state->avail_in;
  *out_bytes = room - state->avail_out;
  *inside = result != Z_STREAM_END;
  if (result == Z_STREAM_END && inflateReset(state) == Z_OK) return NULL;
  if (result == Z_OK || result == Z_BUF_ERROR) return NULL;
  return state->msg ? state->msg : zError(result);
}

static void gzip_close(void *state) {
  inflateEnd(state);
  free(state);
}

const decompressor decompressor_gzip = {"gzip", "zlib", gzip_open, gzip_step, gzip_close};
#else
const decompressor decompressor_gzip = {"gzip", "zlib", NULL, NULL, NULL};
#endif
