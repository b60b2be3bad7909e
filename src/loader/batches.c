/* Where a loader's batches come from: pools of its own, or one of the caller's. A worker has a pool to itself: then it gets
   back batches that it has filled itself, which lie in its processor's caches and in no other's, and it meets
   nobody there but who releases them. */
#include <stdlib.h>

#include "base/error.h"
#include "core/pool_internal.h"
#include "loader/loader_internal.h"

static bool wrong_pool(const char *function, const char *what, unsigned pools, unsigned options) {
  return error_fail(BATCH_ERROR_INVALID_ARGUMENT,
                    "%s: the pool's batches have %s %u, expected the options' %u", function, what, pools,
                    options);
}

static bool wrong_type(const char *function, const char *what, tensor_type pools, tensor_type options) {
  return error_fail(BATCH_ERROR_INVALID_ARGUMENT,
                    "%s: the pool's batches have %s %s, expected the options' %s", function, what,
                    tensor_type_name(pools), tensor_type_name(options));
}

static bool check_pools_shape(const char *function, const batch_shape *pools, const batch_shape *mine) {
  if (pools->batch_size != mine->batch_size)
    return wrong_pool(function, "batch_size", pools->batch_size, mine->batch_size);
  if (pools->sequence_length != mine->sequence_length)
    return wrong_pool(function, "sequence_length", pools->sequence_length, mine->sequence_length);
  if (pools->vocab_size != mine->vocab_size)
    return wrong_pool(function, "vocab_size", pools->vocab_size, mine->vocab_size);
  if (pools->input_type != mine->input_type)
    return wrong_type(function, "input_type", pools->input_type, mine->input_type);
  if (pools->mask_type != mine->mask_type)
    return wrong_type(function, "mask_type", pools->mask_type, mine->mask_type);
  if (pools->with_documents != mine->with_documents)
    return wrong_pool(function, "with_documents", pools->with_documents, mine->with_documents);
  return pools->max_sequences == mine->max_sequences ||
         wrong_pool(function, "max_sequences", pools->max_sequences, mine->max_sequences);
}

static bool borrow(const char *function, BatchLoader *loader, const batch_loader_options *o, uint32_t *most) {
  if (o->pool_size > 0)
    return error_fail(BATCH_ERROR_INVALID_ARGUMENT,
                      "%s: pool_size is %u, expected 0 with a pool, which has its size", function,
                      o->pool_size);
  if (o->pool_options)
    return error_fail(BATCH_ERROR_INVALID_ARGUMENT,
                      "%s: pool and pool_options are both given, expected one of them at most", function);
  unsigned loan = pool_borrow(function, o->pool, most);
  if (!loan) return false;
  if (!check_pools_shape(function, pool_shape(o->pool), &loader->recipe.shape)) {
    pool_give_back(o->pool, loan);
    return false;
  }
  loader->pools[0] = o->pool;
  loader->loan = loan;
  return true;
}

static bool is_zero(const batch_shape *s) {
  return s->batch_size == 0 && s->sequence_length == 0 && s->vocab_size == 0 && s->input_type == 0 &&
         s->mask_type == 0 && !s->with_documents && s->max_sequences == 0;
}

/* How the loader's own pool is to be made: its size and shape are said elsewhere. */
static bool read_pool_options(const char *function, const batch_pool_options *given,
                              batch_pool_options *own) {
  if (!given) return true;
  if (!pool_read_options(function, "pool_options", given, own)) return false;
  if (own->pool_size > 0)
    return error_fail(BATCH_ERROR_INVALID_ARGUMENT,
                      "%s: pool_options->pool_size is %u, expected 0: the loader's pool_size says it",
                      function, own->pool_size);
  return is_zero(&own->shape) ||
         error_fail(BATCH_ERROR_INVALID_ARGUMENT,
                    "%s: pool_options->shape is not all 0, as expected: the loader's options say it",
                    function);
}

static bool make_own(const char *function, BatchLoader *loader, const batch_loader_options *o,
                     uint32_t size) {
  batch_pool_options own = BATCH_POOL_OPTIONS_INIT;
  if (!read_pool_options(function, o->pool_options, &own)) return false;
  own.pool_size = size;
  own.shape = loader->recipe.shape;
  return pool_create_several(function, &own, loader->pools, loader->num_pools);
}

bool loader_open_pools(const char *function, BatchLoader *loader, const batch_loader_options *o,
                       uint32_t *most) {
  *most = o->pool_size ? o->pool_size : 2 * loader->num_workers + 2;
  loader->num_pools = o->pool ? 1 : *most < loader->num_workers ? *most : loader->num_workers;
  loader->pools = calloc(loader->num_pools, sizeof *loader->pools);
  if (!loader->pools)
    return error_fail(BATCH_ERROR_OUT_OF_MEMORY, "%s: no memory for %u pools", function, loader->num_pools);
  return o->pool ? borrow(function, loader, o, most) : make_own(function, loader, o, *most);
}

void loader_leave_pools(BatchLoader *loader) {
  for (uint32_t i = 0; loader->pools && i < loader->num_pools; i++)
    if (loader->loan)
      pool_give_back(loader->pools[i], loader->loan);
    else
      batch_pool_free(loader->pools[i]);
  free(loader->pools);
}

void loader_wake_workers(BatchLoader *loader) {
  for (uint32_t i = 0; loader->pools && i < loader->num_pools; i++)
    if (loader->pools[i]) pool_wake(loader->pools[i], loader->loan);
}

bool loader_has_pool(const BatchLoader *loader, const BatchPool *pool) {
  for (uint32_t i = 0; i < loader->num_pools; i++)
    if (loader->pools[i] == pool) return true;
  return false;
}
