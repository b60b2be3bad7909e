/* BatchPool as a subject: to take is to allocate, to put is to release. The first element of a batch
   says which item it is. */
#include <headrace/pool.h>

#include "schedule/descriptors.h"
#include "schedule/inside.h"
#include "schedule/subject.h"
#include "support/stress.h"

static BatchPool *pool;
static Batch *batches[SUBJECT_ITEMS];

static void create(uint32_t capacity) {
  pool = batch_pool_create(capacity, 1, 1, 0);
  for (uint32_t i = 0; pool && i < capacity; i++) {
    batches[i] = batch_pool_try_allocate(pool);
    batches[i]->input.data[0] = (float)i;
  }
  for (uint32_t i = 0; pool && i < capacity; i++) batch_pool_release(pool, batches[i]);
  stress_check(pool, "no memory");
}

static void destroy(void) {
  batch_pool_free(pool);
}

static answer put(uint32_t item, uint64_t deadline) {
  (void)deadline;
  batch_pool_release(pool, batches[item]);
  return ANSWER_DONE;
}

static batch_status allocate_polling(Batch **batch) {
  batch_status status;
  while ((status = batch_pool_allocate_until(pool, batch, BATCH_NO_WAIT)) == BATCH_EMPTY) {
    batch_pool_arm(pool);
    descriptor_poll(batch_pool_fd(pool));
  }
  return status;
}

static answer take(uint32_t *item, uint64_t deadline) {
  Batch *batch;
  switch (deadline == SUBJECT_POLLING ? allocate_polling(&batch)
                                      : batch_pool_allocate_until(pool, &batch, deadline)) {
  case BATCH_OK:
    *item = (uint32_t)batch->input.data[0];
    return ANSWER_DONE;
  case BATCH_EMPTY:
    return ANSWER_EMPTY;
  case BATCH_TIMEDOUT:
    return ANSWER_TIMEDOUT;
  default:
    return ANSWER_CLOSED;
  }
}

static bool item_is_sound(uint32_t item) {
  return batches[item]->input.data[0] == (float)item && atomic_load(&batches[item]->ref_count) == 1;
}

static bool is_at_rest(void) {
  return inside_pool_is_at_rest(pool) && !descriptors_told_too_often();
}

const subject subject_pool = {.name = "pool",
                              .starts_full = true,
                              .effect_file = "stack.h",
                              .effect_kind = SCHEDULE_WEAK_CAS,
                              .create = create,
                              .destroy = destroy,
                              .put = put,
                              .take = take,
                              .item_is_sound = item_is_sound,
                              .is_at_rest = is_at_rest};
