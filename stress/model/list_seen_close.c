/* A list of rings of one handle each, with 1 inside: a close, seen by a push that would need a new ring, if
   it was not first itself. */
#include "model/witness.h"

#include "model/list.h"

static void witness_prepare(void) {
  list_prepare(1);
}

static void witness_change(void) {
  ring_list_close(&tested);
}

static bool witness_sees_change(void) {
  return ring_list_push(&tested, 2) == RING_CLOSED;
}
static bool witness_sees_none(void) {
  return !ring_list_is_closed(&tested);
}
