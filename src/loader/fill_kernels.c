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

/* An id x is wrong if x > limit: then limit - x is negative, or x itself is when that wrapped around.
   The signs are gathered by OR, which vector units without unsigned comparison can do as well. */
#define KERNEL(from, wide, to, element)                                                                      \
  static bool fill_##from##_##to(const void *tokens, size_t pairs, uint32_t limit, void *input,              \
                                 void *target) {                                                             \
    const stored_##from *restrict source = tokens;                                                           \
    element *restrict in = input;                                                                            \
    element *restrict out = target;                                                                          \
    wide wrong = pairs > 0 ? (wide)source[0] | ((wide)limit - (wide)source[0]) : 0;                          \
    for (size_t i = 0; i < pairs; i++) {                                                                     \
      wide x = (wide)source[i + 1];                                                                          \
      wrong |= x | ((wide)limit - x);                                                                        \
      in[i] = (element)(int32_t)source[i];                                                                   \
      out[i] = (element)(int32_t)x;                                                                          \
    }                                                                                                        \
    return (wrong >> (sizeof(wide) * 8 - 1)) == 0;                                                           \
  }

#define KERNELS(from, wide)                                                                                  \
  KERNEL(from, wide, f32, float)                                                                             \
  KERNEL(from, wide, i32, int32_t)                                                                           \
  KERNEL(from, wide, i64, int64_t)                                                                           \
  KERNEL(from, wide, u16, uint16_t)

KERNELS(u8, uint32_t)
KERNELS(i8, uint32_t)
KERNELS(u16, uint32_t)
KERNELS(i16, uint32_t)
KERNELS(u32, uint32_t)
KERNELS(i32, uint32_t)
KERNELS(i64, uint64_t)

#define TO(from)                                                                                             \
  {                                                                                                          \
    [TENSOR_FLOAT32] = fill_##from##_f32, [TENSOR_INT32] = fill_##from##_i32,                                \
    [TENSOR_INT64] = fill_##from##_i64, [TENSOR_UINT16] = fill_##from##_u16                                  \
  }

fill_kernel *fill_kernel_for(batch_token_type from, tensor_type to) {
  static fill_kernel *const kernels[][TENSOR_UINT32 + 1] = {
      [BATCH_TOKEN_U8] = TO(u8),   [BATCH_TOKEN_I8] = TO(i8),   [BATCH_TOKEN_U16] = TO(u16),
      [BATCH_TOKEN_I16] = TO(i16), [BATCH_TOKEN_U32] = TO(u32), [BATCH_TOKEN_I32] = TO(i32),
      [BATCH_TOKEN_I64] = TO(i64)};
  return tensor_type_size(to) ? kernels[from][to] : NULL;
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
