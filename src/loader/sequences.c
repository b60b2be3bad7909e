#include "loader/sequences.h"

#include <string.h>

#include "core/tensor_internal.h"

void sequences_begin(sequences *s, const Batch *batch) {
  const Tensor *t = &batch->cu_seqlens;
  *s = (sequences){.starts = t->i32, .capacity = t->raw ? (uint32_t)(t->total_size - 1) : 0};
}

void sequences_join_row(sequences *s, uint32_t length) {
  s->count = s->row.count;
  s->longest = s->row.longest;
  s->end = s->row.end;
  sequences_add(s, length);
}

bool sequences_end_row(sequences *s, uint32_t rows) {
  s->wanted += s->count - s->row.count;
  return (uint64_t)s->count + rows <= s->capacity;
}

bool sequences_end(const sequences *s, Batch *batch) {
  if (!sequences_are_asked_for(s)) return true;
  uint32_t n = s->count < s->capacity ? s->count : s->capacity;
  uint32_t last = n > 0 ? (uint32_t)(s->end - s->starts[n - 1]) : 0;
  tensor_store(&batch->cu_seqlens, n, (size_t)s->capacity + 1 - n, s->end);
  batch->num_sequences = n;
  batch->max_seqlen = last > s->longest ? last : s->longest;
  return s->wanted <= s->capacity;
}

/* The first sequence of the batch that begins at `position` or behind it. */
static uint32_t first_from(const Batch *batch, int32_t position) {
  uint32_t low = 0, high = batch->num_sequences;
  while (low < high) {
    uint32_t middle = low + (high - low) / 2;
    if (batch->cu_seqlens.i32[middle] < position)
      low = middle + 1;
    else
      high = middle;
  }
  return low;
}

void sequences_join(Batch *batch, uint32_t start, uint32_t length) {
  if (!batch->cu_seqlens.raw) return;
  int32_t *starts = batch->cu_seqlens.i32;
  uint32_t first = first_from(batch, (int32_t)start) + 1,
           after = first_from(batch, (int32_t)(start + length));
  size_t size = batch->cu_seqlens.total_size, gone = after - first;
  int32_t end = starts[size - 1];
  memmove(starts + first, starts + after, (size - after) * sizeof *starts);
  for (size_t i = size - gone; i < size; i++) starts[i] = end;
  batch->num_sequences -= (uint32_t)gone;
  batch->max_seqlen = 0;
  for (uint32_t i = 0; i < batch->num_sequences; i++) {
    uint32_t of = (uint32_t)(starts[i + 1] - starts[i]);
    if (of > batch->max_seqlen) batch->max_seqlen = of;
  }
}
