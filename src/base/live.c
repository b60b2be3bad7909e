#include "base/live.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/* An object may stand in any of WINDOW places from the one that its address gives. */
enum { PLACES_SHIFT = 13, PLACES = 1 << PLACES_SHIFT, WINDOW = 64 };

/* The complement of an address, so that a leak checker takes it for none; 0: free. Everyone CASes them.
   relaxed throughout: whoever frees an object has got it from whoever made it by some other way. */
static _Atomic uintptr_t places[PLACES];
/* An object found no place, so what is not there need not have been freed. Set once, for good. */
static atomic_bool overflowed;

/* Changes one place of the object's window from `from` to `to`. */
static bool replace(const void *object, uintptr_t from, uintptr_t to) {
  size_t first = (size_t)((uint64_t)(uintptr_t)object * UINT64_C(0x9e3779b97f4a7c15) >> (64 - PLACES_SHIFT));
  for (size_t i = 0; i < WINDOW; i++) {
    uintptr_t expected = from;
    if (atomic_compare_exchange_strong_explicit(&places[(first + i) % PLACES], &expected, to,
                                                memory_order_relaxed, memory_order_relaxed))
      return true;
  }
  return false;
}

void live_enter(const void *object) {
  if (!replace(object, 0, ~(uintptr_t)object)) atomic_store_explicit(&overflowed, true, memory_order_relaxed);
}

void live_leave(const char *function, const void *object) {
  if (!replace(object, ~(uintptr_t)object, 0) && !atomic_load_explicit(&overflowed, memory_order_relaxed))
    error_abort("%s: %p has been freed already, or this copy of the library never made it", function, object);
}
