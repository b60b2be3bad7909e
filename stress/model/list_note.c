/* A list of rings of one handle each, with 1 inside. One pushes 2, which needs a new ring, and then looks
   for a note; another one leaves a note and then pops until the list is empty. It finds what was written
   before the push, or the note is found: so waiters wait. */
#include "model/list.h"

static const unsigned model_threads = 2;
static _Atomic unsigned note;
static unsigned written; /* not atomic: the list must publish it */
static bool found_note;

static void model_prepare(void) {
  list_prepare(1);
  written = 0;
  atomic_store_explicit(&note, 0, memory_order_relaxed);
}

static void model_thread(unsigned number) {
  if (number == 0) {
    written = 2;
    assert(ring_list_push(&tested, 2) == RING_OK);
    found_note = atomic_load_explicit(&note, memory_order_seq_cst) != 0;
  } else {
    atomic_store_explicit(&note, 1, memory_order_seq_cst);
    for (uint32_t element; list_pop(&element) == RING_OK;) assert(element == 1 || written == element);
  }
}

static void model_check(void) {
  assert(found_note || ring_list_is_empty(&tested));
}
