/* The parts of port.h that are the same on every back end. */
#include <sched.h>
#include <unistd.h>

#include "sync/port.h"

void port_yield(void) {
  sched_yield();
}

bool port_may_spin(void) {
  /* 0: not asked yet. Every thread would write the same answer, so relaxed will do. */
  static _Atomic int processors;
  int online = atomic_load_explicit(&processors, memory_order_relaxed);
  if (online == 0) {
    online = (int)sysconf(_SC_NPROCESSORS_ONLN);
    atomic_store_explicit(&processors, online < 1 ? 1 : online, memory_order_relaxed);
  }
  return online > 1;
}
