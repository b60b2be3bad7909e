#include "support/model.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { TYPES = 7 };

static void create(model *m, model_tensor *t) {
  t->ndim = fuzz_take_below(&m->in, 6);
  t->dtype = (tensor_type)fuzz_take_below(&m->in, TYPES + 1);
  t->elements = 1;
  for (uint32_t i = 0; i < t->ndim; i++) t->elements *= t->shape[i] = fuzz_take_below(&m->in, 4);
  if (t->elements > MOST_ELEMENTS) return;
  model_call(m, "tensor_create_typed");
  t->tensor = tensor_create_typed(t->shape, t->ndim, t->dtype);
  model_answer(m, t->tensor, t->ndim > 0 && t->elements > 0 && (int)t->dtype < TYPES,
               BATCH_ERROR_INVALID_ARGUMENT);
  if (!t->tensor) return;
  t->first = 0;
  t->values = calloc(1, sizeof *t->values);
  t->values->users = 1;
  t->values->owner = t->tensor;
}

/* What is stored where a value is written. */
static double stored(tensor_type type, float value) {
  static const double least[] = {[TENSOR_INT32] = INT32_MIN, [TENSOR_INT64] = (double)INT64_MIN};
  static const double most[] = {[TENSOR_INT32] = INT32_MAX,
                                [TENSOR_INT64] = (double)INT64_MAX,
                                [TENSOR_UINT8] = UINT8_MAX,
                                [TENSOR_UINT16] = UINT16_MAX,
                                [TENSOR_UINT32] = UINT32_MAX};
  if (type == TENSOR_FLOAT32 || type == TENSOR_FLOAT64) return (double)value;
  if (isnan(value)) return 0;
  double low = type == TENSOR_INT32 || type == TENSOR_INT64 ? least[type] : 0, whole = trunc((double)value);
  return whole < low ? low : whole > most[type] ? most[type] : whole;
}

static float take_value(model *m) {
  static const float some[] = {0,      -1,    255.9f, 256,   65536, 3e9f,     -3e9f,     1e19f,
                               -1e19f, 1e30f, 0.5f,   -0.5f, NAN,   INFINITY, -INFINITY, 16777220};
  return some[fuzz_take_below(&m->in, sizeof some / sizeof *some)];
}

/* Returns whether they are inside; *at: which element that is. */
static bool take_indices(model *m, const model_tensor *t, uint32_t indices[TENSOR_MAX_NDIM], size_t *at) {
  bool inside = true;
  *at = 0;
  for (uint32_t i = 0; i < t->ndim; i++) {
    indices[i] = fuzz_take_below(&m->in, 5);
    inside = inside && indices[i] < t->shape[i];
    *at = *at * t->shape[i] + indices[i];
  }
  return inside;
}

static void set(model *m, model_tensor *t) {
  uint32_t indices[TENSOR_MAX_NDIM];
  size_t at;
  bool inside = take_indices(m, t, indices, &at);
  float value = take_value(m);
  model_call(m, "tensor_set");
  tensor_set(t->tensor, indices, value);
  if (!inside) {
    model_refused(m, BATCH_ERROR_OUT_OF_RANGE);
    return;
  }
  model_good(m);
  t->values->at[t->first + at] = stored(t->dtype, value);
}

static void get(model *m, model_tensor *t) {
  uint32_t indices[TENSOR_MAX_NDIM];
  size_t at;
  bool inside = take_indices(m, t, indices, &at);
  model_call(m, "tensor_get");
  float found = tensor_get(t->tensor, indices), expected = inside ? (float)t->values->at[t->first + at] : 0;
  if (found != expected && !(isnan(found) && isnan(expected)))
    fuzz_fail("tensor_get: %g, expected %g", (double)found, (double)expected);
  if (inside)
    model_good(m);
  else
    model_refused(m, BATCH_ERROR_OUT_OF_RANGE);
}

static void fill(model *m, model_tensor *t) {
  float value = take_value(m);
  model_call(m, "tensor_fill");
  tensor_fill(t->tensor, value);
  model_good(m);
  for (size_t i = 0; i < t->elements; i++) t->values->at[t->first + i] = stored(t->dtype, value);
}

static void check_all(const model_tensor *t) {
  const Tensor *of = t->tensor;
  if (of->ndim != t->ndim || of->total_size != t->elements || of->dtype != t->dtype ||
      memcmp(of->shape, t->shape, t->ndim * sizeof *t->shape) != 0)
    fuzz_fail("a tensor has another shape");
}

static void reshape(model *m, model_tensor *t) {
  uint32_t shape[TENSOR_MAX_NDIM], ndim = fuzz_take_below(&m->in, 5);
  size_t elements = 1;
  for (uint32_t i = 0; i < ndim; i++) shape[i] = fuzz_take_below(&m->in, 8);
  if (ndim > 0 && fuzz_take_below(&m->in, 2)) { /* a shape that may do */
    for (uint32_t i = 0; i < ndim; i++) shape[i] = 1;
    shape[fuzz_take_below(&m->in, ndim)] = (uint32_t)t->elements;
  }
  for (uint32_t i = 0; i < ndim; i++) elements *= shape[i];
  model_call(m, "tensor_reshape");
  bool good = tensor_reshape(t->tensor, shape, ndim);
  model_answer(m, good, ndim > 0 && elements == t->elements, BATCH_ERROR_INVALID_ARGUMENT);
  if (good) {
    memcpy(t->shape, shape, ndim * sizeof *shape);
    t->ndim = ndim;
  }
  check_all(t);
}

static model_tensor *free_place(model *m) {
  for (int i = 0; i < TENSORS; i++)
    if (!m->tensors[i].tensor) return &m->tensors[i];
  return NULL;
}

static void view(model *m, model_tensor *t) {
  uint32_t first = fuzz_take_below(&m->in, 6), count = fuzz_take_below(&m->in, 6);
  model_tensor *to = free_place(m);
  if (!to) return;
  model_call(m, "tensor_view_rows");
  Tensor *made = tensor_view_rows(t->tensor, first, count);
  model_answer(m, made, count > 0 && first + count <= t->shape[0], BATCH_ERROR_OUT_OF_RANGE);
  if (!made) return;
  *to = *t;
  to->tensor = made;
  to->shape[0] = count;
  to->elements = t->elements / t->shape[0] * count;
  to->first = t->first + t->elements / t->shape[0] * first;
  to->values->users++;
  check_all(to);
}

static void copy(model *m, model_tensor *t) {
  model_tensor *to = free_place(m);
  if (!to) return;
  model_call(m, "tensor_copy");
  Tensor *made = tensor_copy(t->tensor);
  model_answer(m, made, true, BATCH_OK);
  *to = *t;
  to->tensor = made;
  to->first = 0;
  to->values = calloc(1, sizeof *to->values);
  *to->values = (model_values){.users = 1, .owner = made};
  memcpy(to->values->at, t->values->at + t->first, t->elements * sizeof *t->values->at);
  check_all(to);
}

/* Elements outlive the views of them: the owner waits for them. */
static void free_one(model *m, model_tensor *t) {
  (void)m;
  if (t->tensor != t->values->owner) tensor_free(t->tensor);
  if (--t->values->users == 0) {
    tensor_free(t->values->owner);
    free(t->values);
  }
  *t = (model_tensor){0};
}

void model_tensor_call(model *m) {
  static void (*const calls[])(model *, model_tensor *) = {set,     set,  get,  get,     fill,
                                                           reshape, view, copy, free_one};
  model_tensor *t = &m->tensors[fuzz_take_below(&m->in, TENSORS)];
  unsigned call = fuzz_take_below(&m->in, sizeof calls / sizeof *calls);
  if (!t->tensor)
    create(m, t);
  else
    calls[call](m, t);
}

void model_tensors_end(model *m) {
  for (int i = 0; i < TENSORS; i++)
    if (m->tensors[i].tensor) free_one(m, &m->tensors[i]);
}
