#include "base/options.h"

#include "base/error.h"
#include "loader/fill_kernels.h"
#include "loader/loader_internal.h"
#include "loader/transform.h"

#include <stdlib.h>
#include <string.h>

/* Says what is wrong with an option. */
#define wrong(...) error_fail(BATCH_ERROR_INVALID_ARGUMENT, __VA_ARGS__)

bool loader_read_options(const char *function, const batch_loader_options *given,
                         batch_loader_options *mine) {
  static const options_type type = OPTIONS_TYPE(batch_loader_options, BATCH_LOADER_OPTIONS_INIT, pool);
  return options_read(&type, function, "options", given, mine);
}

static const tensor_type types[] = {[BATCH_IDS_INT32] = TENSOR_INT32,
                                    [BATCH_IDS_INT64] = TENSOR_INT64,
                                    [BATCH_IDS_UINT16] = TENSOR_UINT16,
                                    [BATCH_IDS_FLOAT32] = TENSOR_FLOAT32};

batch_shape loader_shape(const batch_loader_options *o) {
  return (batch_shape){.batch_size = o->batch_size,
                       .sequence_length = o->sequence_length,
                       .vocab_size = o->vocab_size,
                       .input_type = types[o->id_type],
                       .mask_type = o->mask_type,
                       .with_documents = o->with_documents};
}

static bool check_shape(const batch_loader_options *o) {
  if (o->batch_size == 0) return wrong("batch_size is 0, expected at least 1");
  if (o->sequence_length == 0 || o->sequence_length > INT32_MAX)
    return wrong("sequence_length is %u, expected 1 to 2^31 - 1", o->sequence_length);
  if ((unsigned)o->id_type > BATCH_IDS_FLOAT32)
    return wrong("id_type is %d, expected a batch_id_type", (int)o->id_type);
  if (o->mask_type != TENSOR_FLOAT32 && o->mask_type != TENSOR_UINT8)
    return wrong("mask_type is %d (%s), expected float32 or uint8", (int)o->mask_type,
                 tensor_type_name(o->mask_type));
  tensor_type type = types[o->id_type];
  return o->vocab_size == 0 || o->vocab_size - 1 <= fill_largest_id(type) ||
         wrong("vocab_size is %u, expected at most %u, which is what %s holds exactly", o->vocab_size,
               fill_largest_id(type) + 1u, tensor_type_name(type));
}

static uint32_t largest_id(const batch_shape *shape) {
  return shape->vocab_size ? shape->vocab_size - 1 : fill_largest_id(shape->input_type);
}

static bool check_kinds(const batch_loader_options *o) {
  if ((unsigned)o->shuffle > BATCH_SHUFFLE_NONE)
    return wrong("shuffle is %d, expected a batch_shuffle", (int)o->shuffle);
  if ((unsigned)o->packing > BATCH_PACK_BEST_FIT)
    return wrong("packing is %d, expected a batch_packing", (int)o->packing);
  return (unsigned)o->faults <= BATCH_FAULT_HAND_ON ||
         wrong("faults is %d, expected a batch_faults", (int)o->faults);
}

static uint32_t world_of(const batch_loader_options *o) {
  return o->world ? o->world : 1;
}

static bool check_numbers(const batch_loader_options *o, uint32_t largest) {
  if (o->workers > 4096) return wrong("workers is %u, expected at most 4096", o->workers);
  if ((uint32_t)o->pad_id > largest) return wrong("pad_id is %d, expected 0 to %u", o->pad_id, largest);
  return o->rank < world_of(o) || wrong("rank is %u, expected below world, which is %u%s", o->rank,
                                        world_of(o), o->world ? "" : " where it is not given");
}

static bool check_transforms(const batch_loader_options *o, const batch_shape *shape) {
  if (!o->transforms && o->num_transforms > 0)
    return wrong("transforms is NULL, expected %zu of them", o->num_transforms);
  for (size_t i = 0; i < o->num_transforms; i++)
    if (!transform_check(&o->transforms[i], i, shape, largest_id(shape))) return false;
  return true;
}

static bool check_skips(const batch_loader_options *o) {
  return o->skips || o->num_skips == 0 || wrong("skips is NULL, expected %zu of them", o->num_skips);
}

bool loader_check_options(const batch_loader_options *o) {
  if (!check_shape(o)) return false;
  const batch_shape shape = loader_shape(o);
  return check_kinds(o) && check_numbers(o, largest_id(&shape)) && check_transforms(o, &shape) &&
         check_skips(o);
}

static bool copy_transforms(recipe *r, const batch_loader_options *o) {
  if (o->num_transforms == 0) return true;
  r->transforms = calloc(o->num_transforms, sizeof *r->transforms);
  if (!r->transforms)
    return error_fail(BATCH_ERROR_OUT_OF_MEMORY, "no memory for %zu transforms", o->num_transforms);
  memcpy(r->transforms, o->transforms, o->num_transforms * sizeof *r->transforms);
  r->num_transforms = o->num_transforms;
  return true;
}

static bool make_order(recipe *r, const batch_loader_options *o) {
  order_place origin;
  skips skipped;
  uint64_t step_rows = (uint64_t)world_of(o) * o->batch_size;
  uint64_t epochs = o->epochs ? o->epochs : 1, most = plan_epochs(&r->plan);
  if (o->drop_last && step_rows > r->plan.rows)
    return wrong("drop_last with %llu row%s an epoch, expected at least the %llu of a step",
                 (unsigned long long)r->plan.rows, r->plan.rows == 1 ? "" : "s",
                 (unsigned long long)step_rows);
  if (epochs > most) epochs = most;
  if (!loader_origin(&r->plan, o, &origin, &skipped)) return false;
  order_init(&r->order, &r->plan, &skipped, step_rows, o->drop_last, origin, epochs, o->steps);
  return true;
}

bool loader_make_recipe(recipe *r, const batch_loader_source *sources, size_t n,
                        const batch_loader_options *o) {
  const batch_shape shape = loader_shape(o);
  *r = (recipe){.shape = shape,
                .limit = largest_id(&shape),
                .pad_id = o->pad_id,
                .rank_row = (uint64_t)o->rank * o->batch_size,
                .skip = o->faults == BATCH_FAULT_SKIP};
  if (!plan_init(&r->plan, sources, n, o)) return false;
  for (size_t i = 0; i < n; i++) r->files += r->plan.sources[i].data->count;
  return copy_transforms(r, o) && make_order(r, o);
}
