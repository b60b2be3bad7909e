/* What the options say of a batch: its shape, and what is written into it. */
#include "base/error.h"
#include "loader/fill_kernels.h"
#include "loader/loader_internal.h"

static const tensor_type types[] = {[BATCH_IDS_INT32] = TENSOR_INT32,
                                    [BATCH_IDS_INT64] = TENSOR_INT64,
                                    [BATCH_IDS_UINT16] = TENSOR_UINT16,
                                    [BATCH_IDS_FLOAT32] = TENSOR_FLOAT32};

context_role loader_context(const batch_loader_options *o) {
  return (context_role){.rank = o->context_rank,
                        .world = o->context_world ? o->context_world : 1,
                        .documents = o->context_documents};
}

static uint64_t positions_of(const batch_loader_options *o) {
  return (uint64_t)o->batch_size * o->sequence_length;
}

/* Where documents are cut, there are at most so many: each has columns for all ranks. */
static uint32_t max_sequences_of(const batch_loader_options *o) {
  if (o->with_cu_seqlens) return o->max_sequences ? o->max_sequences : (uint32_t)positions_of(o);
  bool cuts_documents = o->context_documents && loader_context(o).world > 1;
  return cuts_documents ? (uint32_t)(positions_of(o) / plan_multiple(o)) : 0;
}

batch_shape loader_whole_shape(const batch_loader_options *o) {
  return (batch_shape){.batch_size = o->batch_size,
                       .sequence_length = o->sequence_length,
                       .vocab_size = o->vocab_size,
                       .input_type = types[o->id_type],
                       .mask_type = o->mask_type,
                       .with_documents = o->with_documents,
                       .max_sequences = max_sequences_of(o)};
}

batch_shape loader_shape(const batch_loader_options *o) {
  batch_shape shape = loader_whole_shape(o);
  shape.sequence_length /= loader_context(o).world;
  if (!o->with_cu_seqlens) shape.max_sequences = 0;
  return shape;
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

static bool check_context(const batch_loader_options *o) {
  const context_role c = loader_context(o);
  if (c.rank >= c.world)
    return wrong("context_rank is %u, expected below context_world, which is %u%s", c.rank, c.world,
                 o->context_world ? "" : " where it is not given");
  if (c.documents && o->packing == BATCH_PACK_WINDOWS)
    return wrong("context_documents with BATCH_PACK_WINDOWS, expected a packing of documents");
  bool cuts = c.world > 1 || c.documents;
  return !cuts || o->sequence_length % (2 * (uint64_t)c.world) == 0 ||
         wrong("sequence_length is %u, expected a multiple of %llu, twice context_world", o->sequence_length,
               2 * (unsigned long long)c.world);
}

/* cu_seqlens are int32; and without them those that tell where documents are cut. */
static bool check_sequences(const batch_loader_options *o) {
  bool cuts_documents = o->context_documents && loader_context(o).world > 1;
  if ((o->with_cu_seqlens || cuts_documents) && positions_of(o) > INT32_MAX)
    return wrong("batch_size is %u and sequence_length %u with %s, expected at most 2^31 - 1 positions",
                 o->batch_size, o->sequence_length,
                 o->with_cu_seqlens ? "with_cu_seqlens" : "context_documents");
  if (!o->with_cu_seqlens || o->max_sequences == 0) return true;
  return (o->max_sequences >= o->batch_size && o->max_sequences < INT32_MAX) ||
         wrong("max_sequences is %u, expected batch_size, which is %u, to 2^31 - 2", o->max_sequences,
               o->batch_size);
}

bool loader_check_batch_options(const batch_loader_options *o) {
  if (!check_shape(o)) return false;
  if (o->ignore_masked && o->id_type == BATCH_IDS_UINT16)
    return wrong("ignore_masked with id_type uint16, expected a type that holds %d", BATCH_IGNORE_ID);
  return check_context(o) && check_sequences(o);
}
