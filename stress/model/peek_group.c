/* A group of 1 and 2 is taken and the same one filled again, with 3 and 4, while one peeks: an element that it
   finds came out of the ring in time to be read, and is not what the front's group holds later on. */
#define MODEL_GROUP 2
#include "model/model.h"

#include "model/groups.h"
#include "sync/ring.h"

static const unsigned model_threads = 2;
static ring tested;
static group_store store;
static _Atomic uint64_t slots[4];
static unsigned written[5]; /* not atomic: the ring must publish it */

static bool keep(uint32_t handle) {
  return handle != 0;
}
static void drop(uint32_t handle) {
  (void)handle;
}

static void push_two(uint32_t first) {
  uint32_t two[2] = {first, first + 1}, pushed;
  written[first] = written[first + 1] = 1;
  assert(ring_push_many(&tested, two, 2, &pushed) == RING_OK && pushed == 2);
}

static void model_prepare(void) {
  ring_init(&tested, slots, 2, 0, &store);
  for (unsigned i = 0; i < 5; i++) written[i] = 0;
  groups_reset(&store, 0);
  push_two(1);
}

static void model_thread(unsigned number) {
  uint32_t element, two[2], taken;
  if (number == 0) {
    assert(ring_pop_many(&tested, two, 2, &taken) == RING_OK && taken == 2);
    push_two(3);
  } else if (ring_peek(&tested, keep, drop, &element) == RING_OK) {
    assert(written[element] == 1);
  }
}

static void model_check(void) {
  assert(ring_size(&tested) == 2);
}
