/* Capacity 2, one element inside, two producers and two consumers of one call each. FULL and EMPTY
   cannot both be answered: no order of the calls explains both. Nothing is lost or doubled. */
#include "model/model.h"

#include "model/groups.h"
#include "sync/ring.h"

static const unsigned model_threads = 4;
static ring tested;
static _Atomic uint64_t slots[4];
static ring_status answers[4];
static uint32_t taken[4];

static void model_prepare(void) {
  ring_init(&tested, slots, 2, 0, 0);
  assert(ring_push(&tested, 7) == RING_OK);
}

static void model_thread(unsigned number) {
  taken[number] = 0;
  /* cppcheck-suppress arrayIndexOutOfBoundsCond; there are four threads */
  answers[number] = number < 2 ? ring_push(&tested, number + 1) : ring_pop(&tested, &taken[number]);
}

/* How often an element came out, what is left included. */
static unsigned times_out(uint32_t element, const uint32_t *left, unsigned n) {
  unsigned times = 0;
  for (unsigned i = 2; i < 4; i++) times += taken[i] == element;
  for (unsigned i = 0; i < n; i++) times += left[i] == element;
  return times;
}

static void model_check(void) {
  uint32_t left[3];
  unsigned n = 0;
  while (ring_pop(&tested, &left[n]) == RING_OK) n++;
  bool full = answers[0] == RING_FULL || answers[1] == RING_FULL;
  bool empty = answers[2] == RING_EMPTY || answers[3] == RING_EMPTY;
  assert(!(full && empty));
  assert(times_out(7, left, n) == 1);
  for (unsigned i = 0; i < 2; i++) assert(times_out(i + 1, left, n) == (answers[i] == RING_OK));
}
