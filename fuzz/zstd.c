/* Text in zstd frames: parts that are frames already, and parts that are made frames, one behind the other. */
#include <zstd.h>
#include <zstd_errors.h>

#include "support/packed.h"

/* how: the level, 1 to 19, and whether there is a checksum. */
static void pack(uint8_t how, fuzz_part part, fuzz_bytes *to) {
  uint8_t frame[FUZZ_MOST_BYTES];
  static ZSTD_CCtx *context;
  if (!context) context = ZSTD_createCCtx();
  ZSTD_CCtx_setParameter(context, ZSTD_c_compressionLevel, 1 + how % 4);
  ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, how & 4 ? 1 : 0);
  ZSTD_CCtx_setParameter(context, ZSTD_c_contentSizeFlag, how & 8 ? 1 : 0);
  size_t bytes = ZSTD_compress2(context, frame, sizeof frame, part.data, part.size);
  if (!ZSTD_isError(bytes)) fuzz_append(to, frame, bytes);
}

/* A window of more than 128 MB is what the library takes and this does not. */
static fuzz_unpacked unpack(const fuzz_bytes *packed, fuzz_bytes *to) {
  static ZSTD_DCtx *context;
  ZSTD_inBuffer in = {packed->data, packed->used, 0};
  size_t left = 1;
  if (!context) context = ZSTD_createDCtx();
  ZSTD_DCtx_reset(context, ZSTD_reset_session_only);
  ZSTD_outBuffer out = {to->data, sizeof to->data, 0};
  for (size_t taken = 1, made = 1; taken + made > 0 && (left > 0 || in.pos < in.size);) {
    taken = in.pos, made = out.pos;
    left = ZSTD_decompressStream(context, &out, &in);
    if (ZSTD_isError(left))
      return ZSTD_getErrorCode(left) == ZSTD_error_frameParameter_windowTooLarge ? FUZZ_UNKNOWN
                                                                                 : FUZZ_DAMAGED;
    if (out.pos == out.size) return FUZZ_UNKNOWN;
    taken = in.pos - taken, made = out.pos - made;
  }
  to->used = out.pos;
  return left == 0 ? FUZZ_WHOLE : FUZZ_DAMAGED;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  return fuzz_check_packed(data, size, "zst", pack, unpack);
}
