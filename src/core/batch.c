#include <headrace/batch.h>

#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "core/batch_header.h"
#include "core/batch_internal.h"
#include "core/batch_layout.h"
#include "core/tensor_internal.h"

/* A tensor that still shows the elements it was made with must not read them as a wider type. */
static bool width_check(const char *function, const batch_header *header, unsigned i) {
  const Tensor *tensor = batch_tensor((Batch *)(uintptr_t)&header->batch, i);
  if (tensor->raw != header->elements[i] || tensor_type_size(tensor->dtype) <= header->width[i]) return true;
  return error_fail(BATCH_ERROR_INVALID_ARGUMENT,
                    "%s: %s is %s, expected a type of at most the %u bytes it was made with", function,
                    batch_tensor_name(i), tensor_type_name(tensor->dtype), header->width[i]);
}

bool batch_check(const char *function, const Batch *batch) {
  if (!batch) return error_fail(BATCH_ERROR_INVALID_ARGUMENT, "%s: batch is NULL", function);
  bool is_ours = batch_header_is_ours(batch);
  if (is_ours && batch_header_is_free(batch))
    error_abort("%s: batch %p is already free", function, (const void *)batch);
  size_t elements = (size_t)batch->batch_size * batch->sequence_length;
  for (unsigned i = 0; i < batch_tensor_count(batch); i++) {
    const Tensor *tensor = batch_tensor((Batch *)(uintptr_t)batch, i);
    const char *name = batch_tensor_name(i);
    if (!tensor_check(function, name, tensor)) return false;
    if (elements == 0 || tensor->total_size != elements)
      return error_fail(BATCH_ERROR_INVALID_ARGUMENT, "%s: %s has %zu elements, expected %u rows of %u",
                        function, name, tensor->total_size, batch->batch_size, batch->sequence_length);
    if (is_ours && !width_check(function, batch_header_of(batch), i)) return false;
  }
  return true;
}

/* A batch whose tensors own their elements, input and target not written yet; its count still 0. */
static batch_header *header_create(const char *function, const batch_layout *layout, bool zeroed) {
  batch_header *header = batch_header_allocate(function);
  if (!header || batch_layout_own(layout, &header->batch, zeroed)) return header;
  batch_header_free(header);
  return error_null(BATCH_ERROR_OUT_OF_MEMORY, "%s: no memory for %zu bytes of elements", function,
                    layout->bytes);
}

Batch *batch_create_named(const char *function, const batch_shape *shape) {
  batch_layout layout;
  if (!batch_layout_make(function, shape, &layout)) return NULL;
  batch_header *header = header_create(function, &layout, true);
  if (!header) return NULL;
  tensor_fill(&header->batch.mask, 1.0f);
  batch_header_publish(header);
  return &header->batch;
}

Batch *batch_create(uint32_t batch_size, uint32_t sequence_length, uint32_t vocab_size) {
  return batch_create_named(
      "batch_create",
      &(batch_shape){.batch_size = batch_size, .sequence_length = sequence_length, .vocab_size = vocab_size});
}

Batch *batch_create_with(const batch_shape *shape) {
  if (!shape) return error_null(BATCH_ERROR_INVALID_ARGUMENT, "batch_create_with: shape is NULL");
  return batch_create_named("batch_create_with", shape);
}

static void copy_metadata(Batch *to, const Batch *from) {
  to->batch_id = from->batch_id;
  to->epoch_id = from->epoch_id;
  to->is_processed = from->is_processed;
  to->processing_time = from->processing_time;
  to->status = from->status;
}

/* Appends the rows of `from` to `to` behind `rows` that are there already. */
static void copy_rows(Batch *to, uint32_t rows, const Batch *from) {
  for (unsigned i = 0; i < batch_tensor_count(to); i++) {
    Tensor *target = batch_tensor(to, i);
    const Tensor *source = batch_tensor((Batch *)(uintptr_t)from, i);
    size_t element = tensor_type_size(target->dtype);
    memcpy(target->u8 + (size_t)rows * to->sequence_length * element, source->raw,
           source->total_size * element);
  }
}

Batch *batch_copy(const Batch *batch) {
  if (!batch_check("batch_copy", batch)) return NULL;
  batch_layout layout;
  if (!batch_layout_like("batch_copy", batch, batch->batch_size, &layout)) return NULL;
  batch_header *header = header_create("batch_copy", &layout, false);
  if (!header) return NULL;
  copy_rows(&header->batch, 0, batch);
  copy_metadata(&header->batch, batch);
  batch_header_publish(header);
  return &header->batch;
}

/* The batch that keeps the elements: of a view its parent, unless a caller has put a tensor into the view,
   which goes with it. */
static batch_header *keeper_of(const Batch *batch) {
  batch_header *header = batch_header_of(batch);
  bool is_mere_view = header->parent;
  for (unsigned i = 0; is_mere_view && i < batch_tensor_count(batch); i++)
    is_mere_view = !batch_tensor(&header->batch, i)->owns_data;
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
  copy_metadata(&view->batch, source);
  const uint32_t shape[2] = {count, source->sequence_length};
  for (unsigned i = 0; i < batch_tensor_count(source); i++) {
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
  for (unsigned i = 0; i < batch_tensor_count(a); i++) {
    const Tensor *x = batch_tensor(a, i), *y = batch_tensor(b, i);
    if (x->u8 + x->total_size * tensor_type_size(x->dtype) != y->u8) return false;
  }
  return true;
}

static bool is_one_piece(Batch **batches, uint32_t n) {
  if (!batch_header_of(batches[0])->parent) return false;
  for (uint32_t i = 1; i < n; i++)
    if (!is_adjacent(batches[i - 1], batches[i])) return false;
  return true;
}

static bool same_types(Batch *first, Batch *other, uint32_t i) {
  if (batch_tensor_count(first) != batch_tensor_count(other))
    return error_fail(BATCH_ERROR_INVALID_ARGUMENT,
                      "batch_merge: batches[%u] has %s documents, unlike batches[0]", i,
                      other->documents.raw ? "the" : "no");
  for (unsigned k = 0; k < batch_tensor_count(first); k++)
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

static Batch *merge_copy(Batch **batches, uint32_t n, uint32_t rows) {
  batch_layout layout;
  if (!batch_layout_like("batch_merge", batches[0], rows, &layout)) return NULL;
  batch_header *header = header_create("batch_merge", &layout, false);
  if (!header) return NULL;
  for (uint32_t i = 0, at = 0; i < n; at += batches[i++]->batch_size)
    copy_rows(&header->batch, at, batches[i]);
  copy_metadata(&header->batch, batches[0]);
  batch_header_publish(header);
  return &header->batch;
}

Batch *batch_merge(Batch **batches, uint32_t n) {
  uint32_t rows;
  if (!merge_check(batches, n, &rows)) return NULL;
  if (!is_one_piece(batches, n)) return merge_copy(batches, n, rows);
  return view_create("batch_merge", batches[0], 0, rows);
}

void batch_retain(Batch *batch) {
  if (!batch)
    error_note(BATCH_ERROR_INVALID_ARGUMENT, "batch_retain", "batch is NULL");
  else
    batch_header_retain(batch_header_check("batch_retain", batch), "batch_retain");
}

void batch_release(Batch *batch) {
  if (batch) batch_header_release(batch_header_check("batch_release", batch), "batch_release");
}

void batch_free(Batch *batch) {
  if (batch) batch_header_release(batch_header_check("batch_free", batch), "batch_free");
}

size_t batch_count_live(void) {
  return slab_count(&batch_headers);
}

void batch_print(const Batch *batch) {
  if (!batch_check("batch_print", batch)) return;
  printf("batch %llu epoch %u: %u x %u, vocabulary %u, %zu bytes, %d references, %s%s%s\n",
         (unsigned long long)batch->batch_id, batch->epoch_id, batch->batch_size, batch->sequence_length,
         batch->vocab_size, batch->total_memory,
         atomic_load_explicit(&batch->ref_count, memory_order_relaxed), batch_status_name(batch->status),
         batch->is_pooled ? ", pooled" : "", batch->is_processed ? ", processed" : "");
  for (unsigned i = 0; i < batch_tensor_count(batch); i++) {
    printf("  ");
    tensor_print_named(batch_tensor_name(i), batch_tensor((Batch *)(uintptr_t)batch, i));
  }
}
