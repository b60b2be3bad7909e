#include "row_sum.h"

static uint64_t mix(uint64_t x) {
  return batch_random_start(x).state;
}

/* Of three rows of a batch in order, keyed. Four chains of multiplications run at once; each word holds an element of a
   and one of b, to which that of c is added. */
static uint64_t chain(uint64_t key, const int32_t *a, const int32_t *b, const uint8_t *c, size_t length) {
  uint64_t lanes[4] = {key, key + 1, key + 2, key + 3};
  for (size_t i = 0; i < length; i++) {
    uint64_t word = (uint32_t)a[i] | (uint64_t)(uint32_t)b[i] << 32;
    uint64_t *lane = &lanes[i % 4];
    *lane = (*lane ^ word) * UINT64_C(0x9e3779b97f4a7c15);
    *lane = (*lane ^ *lane >> 32) + c[i];
  }
  return mix(mix(mix(mix(lanes[0]) + lanes[1]) + lanes[2]) + lanes[3]);
}

/* Of the lengths of a row's sequences. Those of all rows lie one behind the other; rows are as long as each other. */
static uint64_t sequences_sum(uint64_t key, const Batch *batch, uint32_t row) {
  const int32_t *starts = batch->cu_seqlens.i32;
  int32_t length = starts[batch->num_sequences] / (int32_t)batch->batch_size, start = (int32_t)row * length;
  uint64_t sum = key;
  uint32_t i = 0;
  for (uint32_t end = batch->num_sequences; i < end;) {
    uint32_t middle = i + (end - i) / 2;
    if (starts[middle] < start)
      i = middle + 1;
    else
      end = middle;
  }
  for (; i < batch->num_sequences && starts[i] < start + length; i++)
    sum = mix(sum + (uint32_t)(starts[i + 1] - starts[i]));
  return sum;
}

uint64_t row_sum(const Batch *batch, uint32_t row, uint64_t epoch, uint64_t place) {
  size_t length = batch->sequence_length, base = row * length;
  uint64_t key = mix(mix(epoch + 1) + place);
  const uint8_t *mask = batch->mask.u8 + base;
  uint64_t sum = chain(key, batch->input.i32 + base, batch->target.i32 + base, mask, length);
  if (batch->documents.ndim > 0)
    sum = mix(sum + chain(key, batch->documents.i32 + base, batch->positions.i32 + base, mask, length));
  if (batch->cu_seqlens.ndim > 0) sum = mix(sum + sequences_sum(key, batch, row));
  return sum;
}
