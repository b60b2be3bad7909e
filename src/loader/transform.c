#include "loader/transform.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/options.h"
#include "loader/row.h"

static void put_id(const Tensor *tensor, uint32_t row, uint32_t column, int32_t id) {
  tensor_store(tensor, row_offset(tensor, row, column), 1, id);
}

static bool counts(const Batch *batch, uint32_t row, uint32_t column) {
  return tensor_load(&batch->mask, row_offset(&batch->mask, row, column)) != 0;
}

static bool happens(batch_random *random, float probability) {
  return batch_random_uniform(random) < probability;
}

/* The built-in transforms: what their options are, and what they are called. */
typedef struct transform_type {
  options_type options;
  const char *name;
} transform_type;

static bool read_options(const transform_type *type, const void *context, void *mine) {
  return options_read(&type->options, type->name, "options", context, mine);
}

static bool kept(const batch_mask_options *o, double id) {
  for (size_t i = 0; i < o->num_keep; i++)
    if (o->keep[i] == id) return true;
  return false;
}

/* 8 of 10 become the mask, 1 any id, 1 stays. */
static void put_masked(const batch_mask_options *o, Batch *batch, uint32_t row, uint32_t column,
                       batch_random *random) {
  float what = batch_random_uniform(random);
  if (what < 0.8f)
    put_id(&batch->input, row, column, o->mask_id);
  else if (what < 0.9f)
    put_id(&batch->input, row, column, (int32_t)batch_random_below(random, o->vocab_size));
}

static const transform_type mask_type = {OPTIONS_TYPE(batch_mask_options, BATCH_MASK_OPTIONS_INIT, num_keep),
                                         "batch_transform_mask"};

static bool apply_mask(const void *context, Batch *batch, uint32_t row, batch_random *random) {
  batch_mask_options o;
  if (!read_options(&mask_type, context, &o)) return false;
  for (uint32_t i = 0; i < batch->sequence_length; i++) {
    if (!counts(batch, row, i)) continue;
    double id = tensor_load(&batch->input, row_offset(&batch->input, row, i));
    bool chosen = happens(random, o.probability) && !kept(&o, id);
    memcpy(row_at(&batch->target, row, i), row_at(&batch->input, row, i),
           tensor_type_size(batch->input.dtype));
    put_id(&batch->mask, row, i, chosen);
    if (chosen) put_masked(&o, batch, row, i, random);
  }
  return true;
}

batch_transform batch_transform_mask(const batch_mask_options *options) {
  return (batch_transform){apply_mask, options};
}

static const transform_type dropout_type = {
    OPTIONS_TYPE(batch_dropout_options, BATCH_DROPOUT_OPTIONS_INIT, drop_id), "batch_transform_dropout"};

static bool apply_dropout(const void *context, Batch *batch, uint32_t row, batch_random *random) {
  batch_dropout_options o;
  if (!read_options(&dropout_type, context, &o)) return false;
  for (uint32_t i = 0; i < batch->sequence_length; i++)
    if (counts(batch, row, i) && happens(random, o.probability)) put_id(&batch->input, row, i, o.drop_id);
  return true;
}

batch_transform batch_transform_dropout(const batch_dropout_options *options) {
  return (batch_transform){apply_dropout, options};
}

static const transform_type replace_type = {
    OPTIONS_TYPE(batch_replace_options, BATCH_REPLACE_OPTIONS_INIT, vocab_size), "batch_transform_replace"};

static bool apply_replace(const void *context, Batch *batch, uint32_t row, batch_random *random) {
  batch_replace_options o;
  if (!read_options(&replace_type, context, &o)) return false;
  for (uint32_t i = 0; i < batch->sequence_length; i++)
    if (counts(batch, row, i) && happens(random, o.probability))
      put_id(&batch->input, row, i, batch_random_below(random, o.vocab_size));
  return true;
}

batch_transform batch_transform_replace(const batch_replace_options *options) {
  return (batch_transform){apply_replace, options};
}

static const transform_type normalize_type = {
    OPTIONS_TYPE(batch_normalize_options, BATCH_NORMALIZE_OPTIONS_INIT, deviation),
    "batch_transform_normalize"};

static bool apply_normalize(const void *context, Batch *batch, uint32_t row, batch_random *random) {
  (void)random;
  batch_normalize_options o;
  if (!read_options(&normalize_type, context, &o)) return false;
  if (batch->input.dtype != TENSOR_FLOAT32 || !(o.deviation > 0)) return false;
  float *x = row_at(&batch->input, row, 0);
  for (uint32_t i = 0; i < batch->sequence_length; i++)
    if (counts(batch, row, i)) x[i] = (x[i] - o.mean) / o.deviation;
  return true;
}

batch_transform batch_transform_normalize(const batch_normalize_options *options) {
  return (batch_transform){apply_normalize, options};
}

static const transform_type noise_type = {
    OPTIONS_TYPE_RESERVED(batch_noise_options, BATCH_NOISE_OPTIONS_INIT), "batch_transform_noise"};

static bool apply_noise(const void *context, Batch *batch, uint32_t row, batch_random *random) {
  batch_noise_options o;
  if (!read_options(&noise_type, context, &o)) return false;
  if (batch->input.dtype != TENSOR_FLOAT32) return false;
  float *x = row_at(&batch->input, row, 0);
  for (uint32_t i = 0; i < batch->sequence_length; i++)
    if (counts(batch, row, i)) x[i] += o.deviation * batch_random_normal(random);
  return true;
}

batch_transform batch_transform_noise(const batch_noise_options *options) {
  return (batch_transform){apply_noise, options};
}

typedef struct check {
  char name[48]; /* of the transform, for messages */
  const batch_shape *shape;
  uint32_t largest_id;
} check;

static bool check_probability(const check *c, float probability) {
  return !isnan(probability) || error_fail(BATCH_ERROR_INVALID_ARGUMENT,
                                           "%s: probability is %g, expected 0 to 1", c->name, probability);
}

static bool check_id(const check *c, const char *what, int32_t id) {
  return (uint32_t)id <= c->largest_id ||
         error_fail(BATCH_ERROR_INVALID_ARGUMENT, "%s: %s is %d, expected 0 to %u", c->name, what, id,
                    c->largest_id);
}

static bool check_vocabulary(const check *c, uint32_t vocab_size) {
  return (vocab_size > 0 && vocab_size - 1 <= c->largest_id) ||
         error_fail(BATCH_ERROR_INVALID_ARGUMENT, "%s: vocab_size is %u, expected 1 to %u", c->name,
                    vocab_size, c->largest_id + 1);
}

static bool check_floats(const check *c, float mean, float deviation, bool divides) {
  if (c->shape->input_type != TENSOR_FLOAT32)
    return error_fail(BATCH_ERROR_INVALID_ARGUMENT, "%s: id_type is %s, expected float32", c->name,
                      tensor_type_name(c->shape->input_type));
  if (!isfinite(mean))
    return error_fail(BATCH_ERROR_INVALID_ARGUMENT, "%s: mean is %g, expected a finite number", c->name,
                      mean);
  if (isfinite(deviation) && (divides ? deviation > 0 : deviation >= 0)) return true;
  return error_fail(BATCH_ERROR_INVALID_ARGUMENT, "%s: deviation is %g, expected a finite number %s 0",
                    c->name, deviation, divides ? "above" : "from");
}

static bool check_mask(const check *c, const void *context) {
  batch_mask_options o;
  if (!options_read(&mask_type.options, c->name, "options", context, &o)) return false;
  if (!o.keep && o.num_keep > 0)
    return error_fail(BATCH_ERROR_INVALID_ARGUMENT, "%s: keep is NULL, expected %zu ids", c->name,
                      o.num_keep);
  for (size_t i = 0; i < o.num_keep; i++)
    if (!check_id(c, "an id of keep", o.keep[i])) return false;
  return check_probability(c, o.probability) && check_id(c, "mask_id", o.mask_id) &&
         check_vocabulary(c, o.vocab_size);
}

static bool check_dropout(const check *c, const void *context) {
  batch_dropout_options o;
  if (!options_read(&dropout_type.options, c->name, "options", context, &o)) return false;
  return check_probability(c, o.probability) && check_id(c, "drop_id", o.drop_id);
}

static bool check_replace(const check *c, const void *context) {
  batch_replace_options o;
  if (!options_read(&replace_type.options, c->name, "options", context, &o)) return false;
  return check_probability(c, o.probability) && check_vocabulary(c, o.vocab_size);
}

static bool check_normalize(const check *c, const void *context) {
  batch_normalize_options o;
  if (!options_read(&normalize_type.options, c->name, "options", context, &o)) return false;
  return check_floats(c, o.mean, o.deviation, true);
}

static bool check_noise(const check *c, const void *context) {
  batch_noise_options o;
  if (!options_read(&noise_type.options, c->name, "options", context, &o)) return false;
  return check_floats(c, 0, o.deviation, false);
}

static const struct {
  bool (*apply)(const void *context, Batch *batch, uint32_t row, batch_random *random);
  const transform_type *type;
  bool (*check)(const check *c, const void *context);
} built_in[] = {{apply_mask, &mask_type, check_mask},
                {apply_dropout, &dropout_type, check_dropout},
                {apply_replace, &replace_type, check_replace},
                {apply_normalize, &normalize_type, check_normalize},
                {apply_noise, &noise_type, check_noise}};

bool transform_check(const batch_transform *transform, size_t index, const batch_shape *shape,
                     uint32_t largest_id) {
  check c = {.shape = shape, .largest_id = largest_id};
  if (!transform->apply)
    return error_fail(BATCH_ERROR_INVALID_ARGUMENT, "transforms[%zu].apply is NULL, expected a function",
                      index);
  for (size_t i = 0; i < sizeof built_in / sizeof *built_in; i++) {
    if (transform->apply != built_in[i].apply) continue;
    snprintf(c.name, sizeof c.name, "transforms[%zu], %s", index, built_in[i].type->name);
    return built_in[i].check(&c, transform->context);
  }
  return true;
}
