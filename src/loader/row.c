/* Compiled with -O3, see fill_kernels.c. */
#include "loader/row.h"

#include <endian.h>
#include <string.h>

void row_pad_tokens(Batch *batch, uint32_t row, uint32_t column, uint32_t count, int32_t pad_id) {
  if (count == 0) return;
  row_put(&batch->input, row, column, count, pad_id);
  row_put(&batch->target, row, column, count, pad_id);
  row_put(&batch->mask, row, column, count, 0);
}

void row_pad(Batch *batch, uint32_t row, uint32_t column, int32_t pad_id) {
  uint32_t count = batch->sequence_length - column;
  if (count == 0) return;
  row_pad_tokens(batch, row, column, count, pad_id);
  if (!batch->documents.raw) return;
  row_put(&batch->documents, row, column, count, -1);
  row_put(&batch->positions, row, column, count, 0);
}

void row_count(const Tensor *tensor, uint32_t row, uint32_t column, uint32_t count, int32_t first) {
  int32_t *restrict at = row_at(tensor, row, column);
  for (uint32_t i = 0; i < count; i++) at[i] = first + (int32_t)i;
}

/* The loops over a mask, for each type that it may have. */
#define MASK_LOOPS(element)                                                                                  \
  static void put_bytes_##element(element *restrict at, uint32_t count, const uint8_t *restrict entries) {   \
    for (uint32_t i = 0; i < count; i++) at[i] = entries[i] != 0;                                            \
  }                                                                                                          \
                                                                                                             \
  static uint32_t count_ones_##element(const element *at, uint32_t count) {                                  \
    uint32_t ones = 0;                                                                                       \
    for (uint32_t i = 0; i < count; i++) ones += at[i] != 0;                                                 \
    return ones;                                                                                             \
  }

/* NOLINTBEGIN(clang-analyzer-core.UndefinedBinaryOperatorResult): what is put has been spread */
MASK_LOOPS(float)
MASK_LOOPS(uint8_t)
/* NOLINTEND(clang-analyzer-core.UndefinedBinaryOperatorResult) */

void row_put_bytes(const Tensor *mask, uint32_t row, uint32_t column, uint32_t count,
                   const uint8_t *entries) {
  void *at = row_at(mask, row, column);
  if (mask->dtype == TENSOR_UINT8)
    put_bytes_uint8_t(at, count, entries);
  else
    put_bytes_float(at, count, entries);
}

/* Eight bytes for each, of which byte k is not 0 where bit k is set. */
static void spread(const uint8_t *restrict from, size_t count, uint8_t *restrict to) {
  for (size_t i = 0; i < count; i++) {
    uint64_t bytes = htole64(from[i] * UINT64_C(0x0101010101010101) & UINT64_C(0x8040201008040201));
    memcpy(to + 8 * i, &bytes, sizeof bytes);
  }
}

void row_put_bits(const Tensor *mask, uint32_t row, uint32_t column, uint32_t count, const uint8_t *entries,
                  unsigned first) {
  enum { PART = 64 };
  uint8_t bytes[8 * PART];
  for (uint32_t done = 0, here; done < count; done += here, entries += PART, first = 0) {
    here = count - done < 8 * PART - first ? count - done : 8 * PART - first;
    spread(entries, (first + here + 7) / 8, bytes);
    row_put_bytes(mask, row, column + done, here, bytes + first);
  }
}

uint32_t row_count_ones(const Tensor *mask, uint32_t row, uint32_t column, uint32_t count) {
  const void *at = row_at(mask, row, column);
  return mask->dtype == TENSOR_UINT8 ? count_ones_uint8_t(at, count) : count_ones_float(at, count);
}

/* Every target is written: so the compiler vectorizes it. */
#define IGNORE(id, element)                                                                                  \
  static void ignore_##id##_##element(id *restrict target, const element *restrict mask, uint32_t count) {   \
    for (uint32_t i = 0; i < count; i++) target[i] = mask[i] != 0 ? target[i] : BATCH_IGNORE_ID;             \
  }

IGNORE(int32_t, uint8_t)
IGNORE(int32_t, float)
IGNORE(int64_t, uint8_t)
IGNORE(int64_t, float)
IGNORE(float, uint8_t)
IGNORE(float, float)

void row_ignore(Batch *batch, uint32_t row) {
  uint32_t count = batch->sequence_length;
  void *target = row_at(&batch->target, row, 0);
  const void *mask = row_at(&batch->mask, row, 0);
  bool bytes = batch->mask.dtype == TENSOR_UINT8;
  switch (batch->target.dtype) {
  case TENSOR_INT32:
    bytes ? ignore_int32_t_uint8_t(target, mask, count) : ignore_int32_t_float(target, mask, count);
    break;
  case TENSOR_INT64:
    bytes ? ignore_int64_t_uint8_t(target, mask, count) : ignore_int64_t_float(target, mask, count);
    break;
  default:
    bytes ? ignore_float_uint8_t(target, mask, count) : ignore_float_float(target, mask, count);
  }
}
