#include "sync/rcu.h"

#include <urcu/urcu-bp.h>

#include "sync/sanitizers.h"

_Static_assert(sizeof(struct rcu_head) <= sizeof(((rcu_object *)0)->node), "room for liburcu's head");
_Static_assert(offsetof(rcu_object, node) == 0, "liburcu's head is the object's address");

/* The edges that a grace period makes: READ, what a reader does before it leaves happens before the
   reclaiming; HANDED, what is done to an object before rcu_defer happens before its reclaiming. */
#ifdef UNDER_TSAN
#include <sanitizer/tsan_interface.h>
static char readers;
static void read_ends(void) {
  __tsan_release(&readers);
}
static void readers_ended(void) {
  __tsan_acquire(&readers);
}
static void hand_over(void *object) {
  __tsan_release(object);
}
static void handed_over(void *object) {
  __tsan_acquire(object);
}
#else
static void read_ends(void) {}
static void readers_ended(void) {}
static void hand_over(void *object) {
  (void)object;
}
static void handed_over(void *object) {
  (void)object;
}
#endif

void rcu_enter(void) {
  urcu_bp_read_lock();
}

void rcu_leave(void) {
  read_ends();
  urcu_bp_read_unlock();
}

static void reclaim_after_grace_period(struct rcu_head *head) {
  rcu_object *object = (rcu_object *)(void *)head;
  handed_over(object);
  readers_ended();
  object->reclaim(object);
}

void rcu_defer(rcu_object *object, void (*reclaim)(rcu_object *object)) {
  object->reclaim = reclaim;
  hand_over(object);
  urcu_bp_call_rcu((struct rcu_head *)(void *)object, reclaim_after_grace_period);
}

void rcu_wait_for_deferred(void) {
  urcu_bp_barrier();
}
