/* Compiled with -O3: gcc's -O2 does not vectorize loops of unknown length. */
#include "loader/fill_kernels.h"

/* A stored token at any address. */
#define UNALIGNED __attribute__((aligned(1), may_alias))
typedef uint8_t stored_u8 UNALIGNED;
typedef int8_t stored_i8 UNALIGNED;
typedef uint16_t stored_u16 UNALIGNED;
typedef int16_t stored_i16 UNALIGNED;
typedef uint32_t stored_u32 UNALIGNED;
typedef int32_t stored_i32 UNALIGNED;
typedef int64_t stored_i64 UNALIGNED;

/* Each loop twice where it is worth while: as every processor can run it, and with the vectors of twice the width that
   nearly all of them have. */
#if defined(__x86_64__)
#define HAVE_WIDE __builtin_cpu_supports("avx2")
#define WIDE(...) __VA_ARGS__
#else
#define HAVE_WIDE false
#define WIDE(...)
#endif

/* The largest id is kept, in an unsigned type of at least its width, in which those below 0 are larger than any
   limit: for unsigned tokens one instruction beside the loads and stores. */
#define LOOP(name, attributes, from, same, element)                                                          \
  attributes static bool name(const void *tokens, size_t pairs, uint32_t limit, void *input, void *target) { \
    const stored_##from *restrict source = tokens;                                                           \
    element *restrict in = input;                                                                            \
    element *restrict out = target;                                                                          \
    same most = pairs > 0 ? (same)source[0] : 0;                                                             \
    for (size_t i = 0; i < pairs; i++) {                                                                     \
      same x = (same)source[i + 1];                                                                          \
      most = x > most ? x : most;                                                                            \
      in[i] = (element)(int32_t)source[i];                                                                   \
      out[i] = (element)(int32_t)x;                                                                          \
    }                                                                                                        \
    return most <= limit;                                                                                    \
  }

#define KERNEL(from, same, to, element)                                                                      \
  LOOP(fill_##from##_##to, , from, same, element)                                                            \
  WIDE(LOOP(fill_##from##_##to##_wide, __attribute__((target("avx2"))), from, same, element))

#define KERNELS(from, same)                                                                                  \
  KERNEL(from, same, f32, float)                                                                             \
  KERNEL(from, same, i32, int32_t)                                                                           \
  KERNEL(from, same, i64, int64_t)                                                                           \
  KERNEL(from, same, u16, uint16_t)

KERNELS(u8, uint8_t)
KERNELS(i8, uint32_t)
KERNELS(u16, uint16_t)
KERNELS(i16, uint32_t)
KERNELS(u32, uint32_t)
KERNELS(i32, uint32_t)
KERNELS(i64, uint64_t)

#define TO(from, suffix)                                                                                     \
  {                                                                                                          \
    [TENSOR_FLOAT32] = fill_##from##_f32##suffix, [TENSOR_INT32] = fill_##from##_i32##suffix,                \
    [TENSOR_INT64] = fill_##from##_i64##suffix, [TENSOR_UINT16] = fill_##from##_u16##suffix                  \
  }

#define TABLE(suffix)                                                                                        \
  {                                                                                                          \
    [BATCH_TOKEN_U8] = TO(u8, suffix), [BATCH_TOKEN_I8] = TO(i8, suffix),                                    \
    [BATCH_TOKEN_U16] = TO(u16, suffix), [BATCH_TOKEN_I16] = TO(i16, suffix),                                \
    [BATCH_TOKEN_U32] = TO(u32, suffix), [BATCH_TOKEN_I32] = TO(i32, suffix),                                \
    [BATCH_TOKEN_I64] = TO(i64, suffix)                                                                      \
  }

bool fill_kernels_wide(void) {
  return HAVE_WIDE;
}

fill_kernel *fill_kernel_for(batch_token_type from, tensor_type to, bool wide) {
  static fill_kernel *const kernels[2][BATCH_TOKEN_I64 + 1][TENSOR_UINT32 + 1] = {TABLE(),
                                                                                  WIDE(TABLE(_wide))};
  return tensor_type_size(to) ? kernels[wide][from][to] : NULL;
}

uint32_t fill_largest_id(tensor_type type) {
  switch (type) {
  case TENSOR_FLOAT32:
    return (uint32_t)1 << 24;
  case TENSOR_UINT16:
    return UINT16_MAX;
  default:
    return INT32_MAX;
  }
}
