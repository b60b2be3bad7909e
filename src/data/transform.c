#include "headrace/transform.h"
#include "data/row.h"

/* --- elements of any type --- */

static int64_t get_id(const Tensor *tensor, uint32_t row, uint32_t column) {
  const void *at = row_at(tensor, row, column);
  switch (tensor->dtype) {
  case TENSOR_FLOAT32:
    return (int64_t) * (const float *)at;
  case TENSOR_FLOAT64:
    return (int64_t) * (const double *)at;
  case TENSOR_INT32:
    return *(const int32_t *)at;
  case TENSOR_INT64:
    return *(const int64_t *)at;
  case TENSOR_UINT8:
    return *(const uint8_t *)at;
  case TENSOR_UINT16:
    return *(const uint16_t *)at;
  default:
    return *(const uint32_t *)at;
  }
}

static void put_id(const Tensor *tensor, uint32_t row, uint32_t column, int64_t id) {
  row_put(tensor, row, column, 1, (int32_t)id);
}

static bool counts(const Batch *batch, uint32_t row, uint32_t column) {
  return get_id(&batch->mask, row, column) != 0;
}

static bool happens(batch_random *random, float probability) {
  return batch_random_uniform(random) < probability;
}

/* --- masked language modelling --- */

static bool kept(const batch_mask_options *o, int64_t id) {
  for (size_t i = 0; i < o->num_keep; i++)
    if (o->keep[i] == id) return true;
  return false;
}

static int64_t masked(const batch_mask_options *o, int64_t id, batch_random *random) {
  float what = batch_random_uniform(random);
  if (what < 0.8f) return o->mask_id;
  return what < 0.9f ? batch_random_below(random, o->vocab_size) : id;
}

static bool apply_mask(const void *context, Batch *batch, uint32_t row, batch_random *random) {
  const batch_mask_options *o = context;
  for (uint32_t i = 0; i < batch->sequence_length; i++) {
    if (!counts(batch, row, i)) continue;
    int64_t id = get_id(&batch->input, row, i);
    bool chosen = happens(random, o->probability) && !kept(o, id);
    put_id(&batch->target, row, i, id);
    put_id(&batch->mask, row, i, chosen);
    if (chosen) put_id(&batch->input, row, i, masked(o, id, random));
  }
  return true;
}

batch_transform batch_transform_mask(const batch_mask_options *options) {
  return (batch_transform){apply_mask, options};
}

/* --- dropout and replacement --- */

static bool apply_dropout(const void *context, Batch *batch, uint32_t row, batch_random *random) {
  const batch_dropout_options *o = context;
  for (uint32_t i = 0; i < batch->sequence_length; i++)
    if (counts(batch, row, i) && happens(random, o->probability)) put_id(&batch->input, row, i, o->drop_id);
  return true;
}

batch_transform batch_transform_dropout(const batch_dropout_options *options) {
  return (batch_transform){apply_dropout, options};
}

static bool apply_replace(const void *context, Batch *batch, uint32_t row, batch_random *random) {
  const batch_replace_options *o = context;
  for (uint32_t i = 0; i < batch->sequence_length; i++)
    if (counts(batch, row, i) && happens(random, o->probability))
      put_id(&batch->input, row, i, batch_random_below(random, o->vocab_size));
  return true;
}

batch_transform batch_transform_replace(const batch_replace_options *options) {
  return (batch_transform){apply_replace, options};
}

/* --- floats --- */

static bool apply_normalize(const void *context, Batch *batch, uint32_t row, batch_random *random) {
  (void)random;
  const batch_normalize_options *o = context;
  if (batch->input.dtype != TENSOR_FLOAT32 || !(o->deviation > 0)) return false;
  float *x = row_at(&batch->input, row, 0);
  for (uint32_t i = 0; i < batch->sequence_length; i++)
    if (counts(batch, row, i)) x[i] = (x[i] - o->mean) / o->deviation;
  return true;
}

batch_transform batch_transform_normalize(const batch_normalize_options *options) {
  return (batch_transform){apply_normalize, options};
}

static bool apply_noise(const void *context, Batch *batch, uint32_t row, batch_random *random) {
  const batch_noise_options *o = context;
  if (batch->input.dtype != TENSOR_FLOAT32) return false;
  float *x = row_at(&batch->input, row, 0);
  for (uint32_t i = 0; i < batch->sequence_length; i++)
    if (counts(batch, row, i)) x[i] += o->deviation * batch_random_normal(random);
  return true;
}

batch_transform batch_transform_noise(const batch_noise_options *options) {
  return (batch_transform){apply_noise, options};
}
