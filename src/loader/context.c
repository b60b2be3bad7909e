#include "loader/context.h"

#include <string.h>

#include "core/batch_layout.h"

/* Where the run that begins at `position` of all rows ends: at the next sequence's start, or with its row. *next: the
   sequence after it. */
static size_t run_end(const context_role *c, const Batch *whole, size_t position, uint32_t *next) {
  size_t row_end = (position / whole->sequence_length + 1) * whole->sequence_length;
  if (!c->documents) return row_end;
  while (*next < whole->num_sequences && (size_t)whole->cu_seqlens.i32[*next] <= position) ++*next;
  size_t start = (size_t)whole->cu_seqlens.i32[*next];
  return start > position && start < row_end ? start : row_end;
}

static void cut_grid(const context_role *c, const Batch *whole, const Tensor *from, const Tensor *to) {
  size_t size = tensor_type_size(from->dtype);
  uint8_t *out = to->u8;
  uint32_t next = 0;
  for (size_t at = 0, end; at < from->total_size; at = end) {
    context_part parts[2];
    end = run_end(c, whole, at, &next);
    context_parts(c, (uint32_t)(end - at), parts);
    for (int i = 0; i < 2; i++) {
      memcpy(out, from->u8 + (at + parts[i].start) * size, parts[i].count * size);
      out += parts[i].count * size;
    }
  }
}

void context_cut(const context_role *c, const Batch *whole, Batch *cut) {
  for (unsigned i = 0; i < batch_grid_count(cut); i++)
    cut_grid(c, whole, batch_tensor((Batch *)(uintptr_t)whole, i), batch_tensor(cut, i));
  if (cut->cu_seqlens.raw) {
    memcpy(cut->cu_seqlens.i32, whole->cu_seqlens.i32, cut->cu_seqlens.total_size * sizeof(int32_t));
    cut->num_sequences = whole->num_sequences;
    cut->max_seqlen = whole->max_seqlen;
  }
  cut->batch_id = whole->batch_id;
  cut->epoch_id = whole->epoch_id;
}
