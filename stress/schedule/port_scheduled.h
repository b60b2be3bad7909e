/* Takes the place of sync/port.h in a build with schedule points: every operation of <stdatomic.h>
   that takes a memory order calls the schedule first, so no hook can be forgotten. The operations
   themselves are the compiler's. */
#ifndef HEADRACE_STRESS_PORT_SCHEDULED_H
#define HEADRACE_STRESS_PORT_SCHEDULED_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "schedule/schedule.h"

#define PORT_LINE        128
#define PORT_SPIN_MIN_NS 2u
#define PORT_SPIN_MAX_NS 4u

static inline void port_give_way(void) {
  if (schedule_mine) schedule_mine->give_way();
}
static inline void port_pause(void) {
  port_give_way();
}
typedef struct port_crowd {
  uint32_t none;
} port_crowd;
static inline void port_linger(port_crowd *crowd, unsigned nanoseconds) {
  (void)crowd;
  (void)nanoseconds;
  port_give_way();
}
#define PORT_APART static inline
static inline void port_prefetch_for_write(const void *address) {
  (void)address;
}

uint64_t port_clock(void);
void port_yield(void);
bool port_may_spin(void);
bool port_wait(_Atomic uint32_t *word, uint32_t expected, uint64_t deadline);
void port_wake(_Atomic uint32_t *word, uint32_t count);
int port_descriptor(_Atomic uint32_t *word, const char *function);
void port_tell(_Atomic uint32_t *word);
int port_drain(_Atomic uint32_t *word);
void port_descriptor_close(_Atomic uint32_t *word);

/* The compiler's own operations on *object, which differ in whether they take _Atomic objects. */
#ifdef __clang__
#define SCHEDULE_OWN_LOAD(object, value, order)  (*(value) = __c11_atomic_load(object, order))
#define SCHEDULE_OWN_STORE(object, value, order) __c11_atomic_store(object, value, order)
#define SCHEDULE_OWN_EXCHANGE(object, value, old, order)                                                     \
  (*(old) = __c11_atomic_exchange(object, *(value), order))
#define SCHEDULE_OWN_FETCH(operation, object, value, order)                                                  \
  __c11_atomic_fetch_##operation(object, value, order)
#define SCHEDULE_OWN_CAS(object, expected, desired, success, failure)                                        \
  __c11_atomic_compare_exchange_strong(object, expected, *(desired), success, failure)
#else
#define SCHEDULE_OWN_LOAD(object, value, order)             __atomic_load(object, value, order)
#define SCHEDULE_OWN_STORE(object, value, order)            __atomic_store_n(object, value, order)
#define SCHEDULE_OWN_EXCHANGE(object, value, old, order)    __atomic_exchange(object, value, old, order)
#define SCHEDULE_OWN_FETCH(operation, object, value, order) __atomic_fetch_##operation(object, value, order)
#define SCHEDULE_OWN_CAS(object, expected, desired, success, failure)                                        \
  __atomic_compare_exchange(object, expected, desired, 0, success, failure)
#endif

#define SCHEDULE_STEP(kind, object)                                                                          \
  ((schedule_step){kind, __FILE__, __LINE__, (const volatile void *)(object)})
/* The type of what an _Atomic object holds. */
#define SCHEDULE_VALUE(object) __typeof__((void)0, *(object))

#undef atomic_load_explicit
#define atomic_load_explicit(object, order)                                                                  \
  __extension__({                                                                                            \
    __auto_type schedule_loaded = (object);                                                                  \
    SCHEDULE_VALUE(schedule_loaded) schedule_load;                                                           \
    schedule_point(SCHEDULE_STEP(SCHEDULE_LOAD, schedule_loaded));                                           \
    SCHEDULE_OWN_LOAD(schedule_loaded, &schedule_load, order);                                               \
    schedule_load;                                                                                           \
  })

#undef atomic_store_explicit
#define atomic_store_explicit(object, value, order)                                                          \
  __extension__({                                                                                            \
    __auto_type schedule_stored = (object);                                                                  \
    SCHEDULE_VALUE(schedule_stored) schedule_store = (value);                                                \
    schedule_point(SCHEDULE_STEP(SCHEDULE_STORE, schedule_stored));                                          \
    SCHEDULE_OWN_STORE(schedule_stored, schedule_store, order);                                              \
  })

#undef atomic_exchange_explicit
#define atomic_exchange_explicit(object, value, order)                                                       \
  __extension__({                                                                                            \
    __auto_type schedule_exchanged = (object);                                                               \
    SCHEDULE_VALUE(schedule_exchanged) schedule_new = (value), schedule_old;                                 \
    schedule_point(SCHEDULE_STEP(SCHEDULE_EXCHANGE, schedule_exchanged));                                    \
    SCHEDULE_OWN_EXCHANGE(schedule_exchanged, &schedule_new, &schedule_old, order);                          \
    schedule_old;                                                                                            \
  })

#define SCHEDULE_FETCH_OF(operation, object, value, order)                                                   \
  __extension__({                                                                                            \
    __auto_type schedule_fetched = (object);                                                                 \
    SCHEDULE_VALUE(schedule_fetched) schedule_operand = (value);                                             \
    schedule_point(SCHEDULE_STEP(SCHEDULE_FETCH, schedule_fetched));                                         \
    SCHEDULE_OWN_FETCH(operation, schedule_fetched, schedule_operand, order);                                \
  })
#undef atomic_fetch_add_explicit
#define atomic_fetch_add_explicit(object, value, order) SCHEDULE_FETCH_OF(add, object, value, order)
#undef atomic_fetch_sub_explicit
#define atomic_fetch_sub_explicit(object, value, order) SCHEDULE_FETCH_OF(sub, object, value, order)
#undef atomic_fetch_or_explicit
#define atomic_fetch_or_explicit(object, value, order) SCHEDULE_FETCH_OF(or, object, value, order)
#undef atomic_fetch_and_explicit
#define atomic_fetch_and_explicit(object, value, order) SCHEDULE_FETCH_OF(and, object, value, order)

/* A weak one is a strong one, but where the schedule wants it to fail. */
#define SCHEDULE_CAS_OF(kind, object, expected, desired, success, failure)                                   \
  __extension__({                                                                                            \
    __auto_type schedule_object = (object);                                                                  \
    SCHEDULE_VALUE(schedule_object) *schedule_expected = (expected), schedule_desired = (desired);           \
    schedule_point(SCHEDULE_STEP(kind, schedule_object));                                                    \
    bool schedule_did = false;                                                                               \
    if (schedule_fails_spuriously(kind))                                                                     \
      SCHEDULE_OWN_LOAD(schedule_object, schedule_expected, failure);                                        \
    else                                                                                                     \
      schedule_did =                                                                                         \
          SCHEDULE_OWN_CAS(schedule_object, schedule_expected, &schedule_desired, success, failure);         \
    schedule_swapped(SCHEDULE_STEP(kind, schedule_object), schedule_did);                                    \
    schedule_did;                                                                                            \
  })
#undef atomic_compare_exchange_strong_explicit
#define atomic_compare_exchange_strong_explicit(object, expected, desired, success, failure)                 \
  SCHEDULE_CAS_OF(SCHEDULE_CAS, object, expected, desired, success, failure)
#undef atomic_compare_exchange_weak_explicit
#define atomic_compare_exchange_weak_explicit(object, expected, desired, success, failure)                   \
  SCHEDULE_CAS_OF(SCHEDULE_WEAK_CAS, object, expected, desired, success, failure)

#endif
