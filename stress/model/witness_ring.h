/* A ring that witnesses look at (witness.h). */
#ifndef HEADRACE_STRESS_MODEL_WITNESS_RING_H
#define HEADRACE_STRESS_MODEL_WITNESS_RING_H

#include "model/witness.h"

#include "model/groups.h"
#include "sync/ring.h"

static ring tested;
static _Atomic uint64_t slots[4]; /* for a capacity of up to 3 */

/* For peek: every handle can be retained at any time. */
static inline bool keep(uint32_t handle) {
  return handle != 0;
}
static inline void drop(uint32_t handle) {
  (void)handle;
}

#endif
