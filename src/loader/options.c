#include "base/error.h"
#include "loader/fill_kernels.h"
#include "loader/loader_internal.h"
#include "loader/transform.h"

#include <stdlib.h>
#include <string.h>

#define EXPECT(holds, ...)                                                                                   \
  if (!(holds)) return error_fail(BATCH_ERROR_INVALID_ARGUMENT, __VA_ARGS__)

static bool check_shape(const batch_shape *shape) {
  EXPECT(shape->batch_size >= 1, "shape.batch_size is 0, expected at least 1");
  EXPECT(shape->sequence_length >= 1 && shape->sequence_length <= INT32_MAX,
         "shape.sequence_length is %u, expected 1 to 2^31 - 1", shape->sequence_length);
  EXPECT(fill_kernel_for(BATCH_TOKEN_U8, shape->input_type),
         "shape.input_type is %s, expected float32, int32, int64 or uint16",
         tensor_type_name(shape->input_type));
  EXPECT(shape->mask_type == TENSOR_FLOAT32 || shape->mask_type == TENSOR_UINT8,
         "shape.mask_type is %s, expected float32 or uint8", tensor_type_name(shape->mask_type));
  EXPECT(shape->vocab_size == 0 || shape->vocab_size - 1 <= fill_largest_id(shape->input_type),
         "shape.vocab_size is %u, expected at most %u, which is what %s holds exactly", shape->vocab_size,
         fill_largest_id(shape->input_type) + 1u, tensor_type_name(shape->input_type));
  return true;
}

static uint32_t largest_id(const batch_shape *shape) {
  return shape->vocab_size ? shape->vocab_size - 1 : fill_largest_id(shape->input_type);
}

bool loader_check_options(const batch_loader_options *o) {
  EXPECT(o, "options is NULL");
  if (!check_shape(&o->shape)) return false;
  EXPECT(o->workers <= 4096, "workers is %u, expected at most 4096", o->workers);
  EXPECT((unsigned)o->shuffle <= BATCH_SHUFFLE_NONE, "shuffle is %d, expected a batch_shuffle",
         (int)o->shuffle);
  EXPECT((unsigned)o->packing <= BATCH_PACK_BEST_FIT, "packing is %d, expected a batch_packing",
         (int)o->packing);
  EXPECT((unsigned)o->faults <= BATCH_FAULT_HAND_ON, "faults is %d, expected a batch_faults", (int)o->faults);
  EXPECT(o->pad_id <= largest_id(&o->shape), "pad_id is %u, expected at most %u", o->pad_id,
         largest_id(&o->shape));
  EXPECT(o->world > 0 || o->rank == 0, "rank is %u, expected 0 where world is 0 and the launcher says both",
         o->rank);
  EXPECT(o->world == 0 || o->rank < o->world, "rank is %u, expected below world, which is %u", o->rank,
         o->world);
  EXPECT(o->transforms || o->num_transforms == 0, "transforms is NULL, expected %zu of them",
         o->num_transforms);
  for (size_t i = 0; i < o->num_transforms; i++)
    if (!transform_check(&o->transforms[i], i, &o->shape, largest_id(&o->shape))) return false;
  return true;
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

static bool make_schedule(recipe *r, const batch_loader_options *o, uint32_t world) {
  schedule_place origin;
  uint64_t step_rows = (uint64_t)world * o->shape.batch_size;
  uint64_t epochs = o->epochs ? o->epochs : 1, most = plan_epochs(&r->plan);
  EXPECT(!o->drop_last || step_rows <= r->plan.rows,
         "drop_last with %llu row%s an epoch, expected at least the %llu of a step",
         (unsigned long long)r->plan.rows, r->plan.rows == 1 ? "" : "s", (unsigned long long)step_rows);
  if (epochs > most) epochs = most;
  if (!loader_origin(&r->plan, o, &origin)) return false;
  r->schedule = schedule_make(r->plan.rows, step_rows, o->drop_last, origin, epochs, o->steps);
  return true;
}

bool loader_make_recipe(recipe *r, const batch_loader_source *sources, size_t n,
                        const batch_loader_options *o) {
  uint32_t rank = o->rank, world = o->world;
  *r = (recipe){.shape = o->shape,
                .limit = largest_id(&o->shape),
                .pad_id = o->pad_id,
                .skip = o->faults == BATCH_FAULT_SKIP};
  if (world == 0 && !batch_launcher_rank(&rank, &world)) return false;
  r->rank_row = (uint64_t)rank * o->shape.batch_size;
  if (!plan_init(&r->plan, sources, n, o)) return false;
  for (size_t i = 0; i < n; i++) r->files += r->plan.sources[i].data->count;
  return copy_transforms(r, o) && make_schedule(r, o, world);
}
