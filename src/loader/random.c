#include <math.h>

#include "base/error.h"
#include "base/mix.h"
#include "headrace/transform.h"

batch_random batch_random_start(uint64_t key) {
  return (batch_random){mix64(key)};
}

static bool is_there(const batch_random *random, const char *function) {
  return random ||
         error_fail(BATCH_ERROR_INVALID_ARGUMENT, "%s: random is NULL, expected a stream", function);
}

static uint64_t next(batch_random *random) {
  return mix64_next(&random->state);
}

static float uniform(batch_random *random) {
  return (float)(next(random) >> 40) * 0x1p-24f;
}

uint64_t batch_random_next(batch_random *random) {
  return is_there(random, "batch_random_next") ? next(random) : 0;
}

/* Lemire, "Fast random integer generation in an interval", 2019: the high half of a product is
   uniform once the few low halves that would favour some numbers are drawn again. */
uint32_t batch_random_below(batch_random *random, uint32_t bound) {
  if (!is_there(random, "batch_random_below") || bound == 0) return 0;
  uint64_t product = (next(random) >> 32) * bound;
  if ((uint32_t)product < bound) {
    uint32_t least = (uint32_t)-bound % bound;
    while ((uint32_t)product < least) product = (next(random) >> 32) * bound;
  }
  return (uint32_t)(product >> 32);
}

float batch_random_uniform(batch_random *random) {
  return is_there(random, "batch_random_uniform") ? uniform(random) : 0;
}

/* Of the pair that the method gives only one is used: a stream has no memory but its place. */
float batch_random_normal(batch_random *random) {
  if (!is_there(random, "batch_random_normal")) return 0;
  float radius = sqrtf(-2.0f * logf(1.0f - uniform(random)));
  return radius * cosf(6.28318531f * uniform(random));
}
