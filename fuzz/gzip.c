/* Text in members of gzip: parts that are members already, and parts that are made members, one behind the other. */
#include <string.h>
#include <zlib.h>

#include "support/packed.h"

enum { GZIP = 16 + MAX_WBITS, LEAST_MEMBER = 18 };

/* how: the level, and whether the member has a name and a comment in its header. */
static void pack(uint8_t how, fuzz_part part, fuzz_bytes *to) {
  z_stream s = {.next_in = (Bytef *)(uintptr_t)part.data, .avail_in = (uInt)part.size};
  gz_header header = {.name = (Bytef *)"name", .comment = (Bytef *)"comment", .hcrc = how & 8 ? 1 : 0};
  uint8_t member[FUZZ_MOST_BYTES];
  s.next_out = member;
  s.avail_out = sizeof member;
  if (deflateInit2(&s, how % 4, Z_DEFLATED, GZIP, 8, Z_DEFAULT_STRATEGY) != Z_OK) fuzz_fail("deflateInit2");
  if (how & 4) deflateSetHeader(&s, &header);
  if (deflate(&s, Z_FINISH) == Z_STREAM_END) fuzz_append(to, member, sizeof member - s.avail_out);
  deflateEnd(&s);
}

/* One member. Returns: what inflate says at its end. */
static int unpack_member(z_stream *s) {
  if (inflateReset(s) != Z_OK) fuzz_fail("inflateReset");
  return inflate(s, Z_FINISH);
}

/* Zeros behind a member are padding. */
static void pass_zeros(z_stream *s) {
  while (s->avail_in > 0 && *s->next_in == 0) s->next_in++, s->avail_in--;
}

static fuzz_unpacked unpack(const fuzz_bytes *packed, fuzz_bytes *to) {
  z_stream s = {.next_in = (Bytef *)(uintptr_t)packed->data, .avail_in = (uInt)packed->used};
  s.next_out = to->data;
  s.avail_out = sizeof to->data;
  if (inflateInit2(&s, GZIP) != Z_OK) fuzz_fail("inflateInit2");
  int result = unpack_member(&s);
  for (; result == Z_STREAM_END; result = unpack_member(&s)) {
    pass_zeros(&s);
    if (s.avail_in == 0) break;
  }
  to->used = sizeof to->data - s.avail_out;
  inflateEnd(&s);
  if (s.avail_out == 0) return FUZZ_UNKNOWN;
  return result == Z_STREAM_END ? FUZZ_WHOLE : FUZZ_DAMAGED;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  return fuzz_check_packed(data, size, "gz", pack, unpack);
}
