#include "base/options.h"
#include "base/error.h"
#include "loader/fill_kernels.h"
#include "loader/loader_internal.h"
#include "loader/transform.h"

#include <stdlib.h>
#include <string.h>

#define EXPECT(holds, ...)                                                                                   \
  if (!(holds)) return error_fail(BATCH_ERROR_INVALID_ARGUMENT, __VA_ARGS__)

bool loader_read_options(const char *function, const batch_loader_options *given,
                         batch_loader_options *mine) {
  static const options_type type = OPTIONS_TYPE(batch_loader_options, BATCH_LOADER_OPTIONS_INIT, resume);
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
  EXPECT(o->batch_size >= 1, "batch_size is 0, expected at least 1");
  EXPECT(o->sequence_length >= 1 && o->sequence_length <= INT32_MAX,
         "sequence_length is %u, expected 1 to 2^31 - 1", o->sequence_length);
  EXPECT((unsigned)o->id_type <= BATCH_IDS_FLOAT32, "id_type is %d, expected a batch_id_type",
         (int)o->id_type);
  EXPECT(o->mask_type == TENSOR_FLOAT32 || o->mask_type == TENSOR_UINT8,
         "mask_type is %s, expected float32 or uint8", tensor_type_name(o->mask_type));
  tensor_type type = types[o->id_type];
  EXPECT(o->vocab_size == 0 || o->vocab_size - 1 <= fill_largest_id(type),
         "vocab_size is %u, expected at most %u, which is what %s holds exactly", o->vocab_size,
         fill_largest_id(type) + 1u, tensor_type_name(type));
  return true;
}

static uint32_t largest_id(const batch_shape *shape) {
  return shape->vocab_size ? shape->vocab_size - 1 : fill_largest_id(shape->input_type);
}

bool loader_check_options(const batch_loader_options *o) {
  if (!check_shape(o)) return false;
  const batch_shape shape = loader_shape(o);
  EXPECT(o->workers <= 4096, "workers is %u, expected at most 4096", o->workers);
  EXPECT((unsigned)o->shuffle <= BATCH_SHUFFLE_NONE, "shuffle is %d, expected a batch_shuffle",
         (int)o->shuffle);
  EXPECT((unsigned)o->packing <= BATCH_PACK_BEST_FIT, "packing is %d, expected a batch_packing",
         (int)o->packing);
  EXPECT((unsigned)o->faults <= BATCH_FAULT_HAND_ON, "faults is %d, expected a batch_faults", (int)o->faults);
  EXPECT((uint32_t)o->pad_id <= largest_id(&shape), "pad_id is %d, expected 0 to %u", o->pad_id,
         largest_id(&shape));
  EXPECT(o->world > 0 || o->rank == 0, "rank is %u, expected 0 where world is 0 and the launcher says both",
         o->rank);
  EXPECT(o->world == 0 || o->rank < o->world, "rank is %u, expected below world, which is %u", o->rank,
         o->world);
  EXPECT(o->transforms || o->num_transforms == 0, "transforms is NULL, expected %zu of them",
         o->num_transforms);
  for (size_t i = 0; i < o->num_transforms; i++)
    if (!transform_check(&o->transforms[i], i, &shape, largest_id(&shape))) return false;
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
  uint64_t step_rows = (uint64_t)world * o->batch_size;
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
  const batch_shape shape = loader_shape(o);
  *r = (recipe){.shape = shape,
                .limit = largest_id(&shape),
                .pad_id = o->pad_id,
                .skip = o->faults == BATCH_FAULT_SKIP};
  if (world == 0 && !batch_launcher_rank(&rank, &world)) return false;
  r->rank_row = (uint64_t)rank * o->batch_size;
  if (!plan_init(&r->plan, sources, n, o)) return false;
  for (size_t i = 0; i < n; i++) r->files += r->plan.sources[i].data->count;
  return copy_transforms(r, o) && make_schedule(r, o, world);
}
