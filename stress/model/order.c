/* Capacity 2: a producer pushes 1 and 2, each after writing what it stands for; two consumers pop
   twice. Each sees rising elements, and what was written before the push. */
#include "model/model.h"

#include "model/groups.h"
#include "sync/ring.h"

static const unsigned model_threads = 3;
static ring tested;
static _Atomic uint64_t slots[4];
static uint32_t written[3]; /* not atomic: the ring must publish it */
static unsigned popped[3];

static void model_prepare(void) {
  ring_init(&tested, slots, 2, 0, 0);
  for (unsigned i = 0; i < 3; i++) written[i] = popped[i] = 0;
}

static void produce(void) {
  for (uint32_t element = 1; element <= 2; element++) {
    written[element] = element * 10;
    assert(ring_push(&tested, element) == RING_OK);
  }
}

static void consume(unsigned number) {
  uint32_t element, last = 0;
  for (unsigned i = 0; i < 2; i++) {
    if (ring_pop(&tested, &element) != RING_OK) continue;
    assert(element > last && written[element] == element * 10);
    last = element;
    popped[number]++;
  }
}

static void model_thread(unsigned number) {
  if (number == 0)
    produce();
  else
    consume(number);
}

static void model_check(void) {
  assert(popped[1] + popped[2] + ring_size(&tested) == 2);
}
