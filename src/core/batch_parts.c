/* Parts of batches, and batches of parts: views of rows, and their merging. */
#include <headrace/batch.h>

#include <inttypes.h>

#include "base/error.h"
#include "core/batch_header.h"
#include "core/batch_internal.h"
#include "core/batch_layout.h"
#include "core/tensor_internal.h"

/* The batch that keeps the elements: of a view its parent, unless a caller has put a tensor into the view,
   which goes with it. */
static batch_header *keeper_of(const Batch *batch) {
  batch_header *header = batch_header_of(batch);
  bool is_mere_view = header->parent;
  for (unsigned i = 0; is_mere_view && i < BATCH_TENSORS; i++)
    is_mere_view = !(batch_has_tensor(batch, i) && batch_tensor(&header->batch, i)->owns_data);
  return is_mere_view ? header->parent : header;
}

/* Makes a view of `count` rows of source from `first` on in the name of `function`, with a reference to
   who keeps the elements. */
static Batch *view_create(const char *function, const Batch *source, uint32_t first, uint32_t count) {
  batch_header *view = batch_header_allocate(function);
  if (!view) return NULL;
  view->parent = keeper_of(source);
  batch_header_retain(view->parent, function);
  view->batch.batch_size = count;
  view->batch.sequence_length = source->sequence_length;
  view->batch.vocab_size = source->vocab_size;
  view->batch.is_pooled = source->is_pooled;
  batch_copy_metadata(&view->batch, source);
  const uint32_t shape[2] = {count, source->sequence_length};
  for (unsigned i = 0; i < batch_grid_count(source); i++) {
    const Tensor *from = batch_tensor((Batch *)(uintptr_t)source, i);
    size_t element = tensor_type_size(from->dtype);
    void *start = from->u8 + (size_t)first * source->sequence_length * element;
    tensor_describe(batch_tensor(&view->batch, i), start, shape, 2, from->dtype);
    view->batch.total_memory += (size_t)count * source->sequence_length * element;
  }
  batch_header_remember(view);
  batch_header_publish(view);
  return &view->batch;
}

bool batch_split(const Batch *batch, uint32_t n, Batch **out) {
  if (!batch_check("batch_split", batch)) return false;
  if (!out)
    return error_fail(BATCH_ERROR_INVALID_ARGUMENT, "batch_split: out is NULL, expected room for %u batches",
                      n);
  if (n == 0 || n > batch->batch_size)
    return error_fail(BATCH_ERROR_INVALID_ARGUMENT, "batch_split: n is %u, expected 1 to the batch's %u rows",
                      n, batch->batch_size);
  return batch_split_views("batch_split", batch, n, out);
}

/* A view needs a header to hold: a batch made by hand has none, one of another copy of the library another
   kind. */
static void check_header(const char *function, const Batch *batch) {
  if (!batch_header_is_ours(batch)) batch_header_abort_foreign(function, "batch", batch);
}

/* Views go to a private list first: out stays untouched when memory runs out. */
bool batch_split_views(const char *function, const Batch *batch, uint32_t n, Batch **out) {
  check_header(function, batch);
  batch_header *views = NULL;
  if (!batch_header_room(function, n)) return false;
  uint32_t rows = batch->batch_size / n, larger = batch->batch_size % n, first = 0, made = 0;
  for (Batch *view; made < n && (view = view_create(function, batch, first, rows + (made < larger)));
       made++) {
    first += view->batch_size;
    batch_header_put(&views, batch_header_of(view));
  }
  bool complete = made == n;
  while (views) {
    batch_header *view = batch_header_take(&views);
    if (complete)
      out[--made] = &view->batch;
    else
      batch_header_release(view, function);
  }
  return complete;
}

/* Whether b's rows follow a's in one parent. */
static bool is_adjacent(Batch *a, Batch *b) {
  if (batch_header_of(a)->parent != batch_header_of(b)->parent) return false;
  for (unsigned i = 0; i < batch_grid_count(a); i++) {
    const Tensor *x = batch_tensor(a, i), *y = batch_tensor(b, i);
    if (x->u8 + x->total_size * tensor_type_size(x->dtype) != y->u8) return false;
  }
  return true;
}

static bool is_one_piece(Batch **batches, uint32_t n) {
  if (!batch_header_of(batches[0])->parent || batches[0]->cu_seqlens.raw) return false;
  for (uint32_t i = 1; i < n; i++)
    if (!is_adjacent(batches[i - 1], batches[i])) return false;
  return true;
}

static bool same_types(Batch *first, Batch *other, uint32_t i) {
  for (unsigned k = 0; k < BATCH_TENSORS; k++)
    if (batch_has_tensor(first, k) != batch_has_tensor(other, k))
      return error_fail(BATCH_ERROR_INVALID_ARGUMENT, "batch_merge: batches[%u] has %s %s, unlike batches[0]",
                        i, batch_has_tensor(other, k) ? "the" : "no", batch_tensor_name(k));
  for (unsigned k = 0; k < batch_grid_count(first); k++)
    if (batch_tensor(other, k)->dtype != batch_tensor(first, k)->dtype)
      return error_fail(BATCH_ERROR_INVALID_ARGUMENT,
                        "batch_merge: %s of batches[%u] is %s, expected batches[0]'s %s",
                        batch_tensor_name(k), i, tensor_type_name(batch_tensor(other, k)->dtype),
                        tensor_type_name(batch_tensor(first, k)->dtype));
  return true;
}

/* Whether all can be joined; the sum of their rows. */
static bool merge_check(Batch **batches, uint32_t n, uint32_t *rows) {
  if (!batches || n == 0)
    return error_fail(BATCH_ERROR_INVALID_ARGUMENT,
                      "batch_merge: n is %u and batches %s, expected at least 1", n,
                      batches ? "there" : "NULL");
  *rows = 0;
  for (uint32_t i = 0; i < n; i++) {
    if (!batches[i]) return error_fail(BATCH_ERROR_INVALID_ARGUMENT, "batch_merge: batches[%u] is NULL", i);
    if (!batch_check("batch_merge", batches[i])) return false;
    check_header("batch_merge", batches[i]);
    if (batches[i]->sequence_length != batches[0]->sequence_length ||
        batches[i]->vocab_size != batches[0]->vocab_size)
      return error_fail(BATCH_ERROR_INVALID_ARGUMENT,
                        "batch_merge: batches[%u] has sequence_length %u and vocab_size %u, expected "
                        "batches[0]'s %u and %u",
                        i, batches[i]->sequence_length, batches[i]->vocab_size, batches[0]->sequence_length,
                        batches[0]->vocab_size);
    if (!same_types(batches[0], batches[i], i)) return false;
    if (__builtin_add_overflow(*rows, batches[i]->batch_size, rows))
      return error_fail(BATCH_ERROR_OVERFLOW, "batch_merge: %u batches have more than 2^32 - 1 rows", n);
  }
  return true;
}

/* Whether the sequences of all can be joined; room: for how many there is room in all. */
static bool sequences_check(Batch **batches, uint32_t n, uint32_t *room) {
  uint64_t places = 0;
  int64_t total = 0;
  for (uint32_t i = 0; i < n; i++) {
    places += batch_max_sequences(batches[i]);
    if (!batches[i]->cu_seqlens.raw) continue;
    int32_t end = batches[i]->cu_seqlens.i32[batches[i]->num_sequences];
    if (end < 0)
      return error_fail(BATCH_ERROR_OUT_OF_RANGE,
                        "batch_merge: cu_seqlens of batches[%u] end at %d, expected at least 0", i, end);
    total += end;
  }
  *room = (uint32_t)places;
  return (places < INT32_MAX && total <= INT32_MAX) ||
         error_fail(BATCH_ERROR_OVERFLOW,
                    "batch_merge: %u batches have cu_seqlens for %" PRIu64 " sequences of %" PRId64
                    " positions, expected at most 2^31 - 2 and 2^31 - 1",
                    n, places, total);
}

/* Joins the cu_seqlens of all: each one's begin where those before it end. */
static void join_sequences(Batch *to, Batch **batches, uint32_t n) {
  int32_t *starts = to->cu_seqlens.i32, end = 0;
  for (uint32_t i = 0; i < n; i++) {
    const Batch *from = batches[i];
    for (uint32_t k = 0; k < from->num_sequences; k++) /* whatever is there: no overflow */
      starts[to->num_sequences++] = (int32_t)((uint32_t)end + (uint32_t)from->cu_seqlens.i32[k]);
    end += from->cu_seqlens.i32[from->num_sequences];
    if (from->max_seqlen > to->max_seqlen) to->max_seqlen = from->max_seqlen;
  }
  for (size_t k = to->num_sequences; k < to->cu_seqlens.total_size; k++) starts[k] = end;
}

static Batch *merge_copy(Batch **batches, uint32_t n, uint32_t rows) {
  batch_layout layout;
  uint32_t room;
  if (!sequences_check(batches, n, &room) ||
      !batch_layout_like("batch_merge", batches[0], rows, room, &layout))
    return NULL;
  batch_header *header = batch_header_create("batch_merge", &layout, false);
  if (!header) return NULL;
  for (uint32_t i = 0, at = 0; i < n; at += batches[i++]->batch_size)
    batch_copy_rows(&header->batch, at, batches[i]);
  if (room > 0) join_sequences(&header->batch, batches, n);
  batch_copy_metadata(&header->batch, batches[0]);
  batch_header_publish(header);
  return &header->batch;
}

Batch *batch_merge(Batch **batches, uint32_t n) {
  uint32_t rows;
  if (!merge_check(batches, n, &rows)) return NULL;
  if (!is_one_piece(batches, n)) return merge_copy(batches, n, rows);
  return view_create("batch_merge", batches[0], 0, rows);
}
