/* What fuzz targets share: input taken apart, files in memory, and how a fault is shown.

   Usage:
       int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
         fuzz_input in = fuzz_begin(data, size);
         bool reads = fuzz_take_below(&in, 2);               options first, a byte each
         fuzz_part index = fuzz_take_part(&in);              then parts with FUZZ_MARK between them
         const char *path = fuzz_write("x.ds.index", index);
         ...
         if (!right) fuzz_fail("x.ds.index: %s", what);
         return fuzz_end();
       }

   Input that is too short is taken for zeros and empty parts. One process, one thread. */
#ifndef HEADRACE_FUZZ_H
#define HEADRACE_FUZZ_H

#include <headrace/headrace.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Set by `replay_NAME --control` or a variable FUZZ_CONTROL of the environment: targets then expect something that is wrong. */
extern bool fuzz_control;

/* What the input is has been taken, not refused: targets set it, fuzz_begin clears it. Replayed, a corpus file whose name
   begins with ok_ must come to this, and one whose name begins with no_ must not. */
extern bool fuzz_taken;
/* It was refused, and a package that this build does without may be why: a name asks for nothing. */
extern bool fuzz_undecided;

/* A fault: the sentence and the last error go to stderr, then abort. */
__attribute__((format(printf, 1, 2))) _Noreturn void fuzz_fail(const char *format, ...);

typedef struct fuzz_input {
  const uint8_t *data;
  size_t size;
} fuzz_input;

typedef fuzz_input fuzz_part;

/* What stands between two parts. */
#define FUZZ_MARK "~\x01~\x02"

fuzz_input fuzz_begin(const uint8_t *data, size_t size);
/* No more descriptors are open than at fuzz_begin. Returns: 0. */
int fuzz_end(void);
/* Set by fuzz_end: a target that returns without is noticed when it is replayed. */
extern bool fuzz_ended;

uint8_t fuzz_take_u8(fuzz_input *in);
uint64_t fuzz_take_u64(fuzz_input *in);
/* One of the numbers below n, at most 256. */
unsigned fuzz_take_below(fuzz_input *in, unsigned n);
/* The bytes up to the next mark, or to the end. */
fuzz_part fuzz_take_part(fuzz_input *in);

enum { FUZZ_MOST_BYTES = 1 << 16 };

/* Bytes that are put together. */
typedef struct fuzz_bytes {
  uint8_t data[FUZZ_MOST_BYTES];
  size_t used;
} fuzz_bytes;

/* Appends; what does not fit is left out. Returns: whether it did. */
bool fuzz_append(fuzz_bytes *to, const void *data, size_t bytes);
/* Appends a part with each byte `hole` in it replaced: long texts that every input needs are one byte of it. */
void fuzz_append_filled(fuzz_bytes *to, fuzz_part part, char hole, const fuzz_bytes *filling);

/* A folder in memory where there is such a file system: of $TMPDIR, else of /dev/shm. It goes at the end. */
const char *fuzz_folder(void);
/* The path of a name in it; good until the eighth call from here. */
const char *fuzz_path(const char *name);
/* Writes the bytes as that file. Returns: its path. */
const char *fuzz_write(const char *name, fuzz_part bytes);
void fuzz_remove(const char *name);
void fuzz_remove_folder(void);

/* The library has refused something of this folder's: with one of the codes that input can have, in one printable line
   that names `must_name` (NULL: nothing), or an option of a function. */
void fuzz_check_refusal(const char *must_name);
#endif
