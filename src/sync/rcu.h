/* Read-copy-update through liburcu's bulletproof flavour: callers' threads need not register. What
   ThreadSanitizer cannot see in its inline assembly is told to it here. */
#ifndef HEADRACE_SYNC_RCU_H
#define HEADRACE_SYNC_RCU_H

/* What a reader looks at between these two is not reclaimed meanwhile. Neither ever waits. */
void rcu_enter(void);
void rcu_leave(void);

/* The first member of an object that rcu_defer can reclaim; written by rcu.c only. */
typedef struct rcu_object {
  void *node[2]; /* liburcu's struct rcu_head */
  void (*reclaim)(struct rcu_object *object);
} rcu_object;

/* Calls reclaim(object) in a thread of liburcu's once every reader of now has left. Does not wait. */
void rcu_defer(rcu_object *object, void (*reclaim)(rcu_object *object));

/* Waits until everything deferred so far has been reclaimed; not between rcu_enter and rcu_leave. */
void rcu_wait_for_deferred(void);

#endif
