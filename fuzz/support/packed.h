/* Compressed files: put together from parts, and compared with what the compressing library itself makes of them. */
#ifndef HEADRACE_FUZZ_PACKED_H
#define HEADRACE_FUZZ_PACKED_H

#include "support/fuzz.h"

/* One part of the file: its first byte says how it is to be compressed, 0: not at all. */
typedef void fuzz_pack(uint8_t how, fuzz_part part, fuzz_bytes *to);

typedef enum fuzz_unpacked {
  FUZZ_WHOLE,   /* in *to */
  FUZZ_DAMAGED, /* must be refused */
  FUZZ_UNKNOWN  /* too large to be compared */
} fuzz_unpacked;

typedef fuzz_unpacked fuzz_unpack(const fuzz_bytes *packed, fuzz_bytes *to);

/* input: whether it is .jsonl, steps; options; then parts of the file. The file is opened, and must have in it what a
   plain one of the unpacked bytes has. */
int fuzz_check_packed(const uint8_t *data, size_t size, const char *suffix, fuzz_pack *pack,
                      fuzz_unpack *unpack);

#endif
