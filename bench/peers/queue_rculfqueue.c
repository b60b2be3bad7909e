/* liburcu's lock-free queue (Michael and Scott's, nodes reclaimed by RCU). Its nodes belong to the caller:
   each element gets one from malloc, which call_rcu frees after a grace period, as its
   documentation asks. */
#define _LGPL_SOURCE /* NOLINT(cert-dcl37-c): the name is liburcu's */
#include "../queue_peer.h"

#include <stdlib.h>
#include <urcu/urcu-memb.h>

#include <urcu/rculfqueue.h>

typedef struct node {
  struct cds_lfq_node_rcu link;
  struct rcu_head reclaim;
  void *element;
} node;

typedef struct cds_lfq_queue_rcu *queue_self;

/* A thread registers once, however many queues it works with. */
static __thread unsigned registered;

static inline void queue_enter(queue_self *self, void *queue) {
  *self = queue;
  if (registered++ == 0) urcu_memb_register_thread();
}
static inline void queue_leave(queue_self *self) {
  (void)self;
  if (--registered == 0) urcu_memb_unregister_thread();
}

static inline bool queue_try_push(queue_self *self, void *e) {
  node *n = malloc(sizeof *n);
  if (n == NULL) return false;
  cds_lfq_node_init_rcu(&n->link);
  n->element = e;
  urcu_memb_read_lock();
  cds_lfq_enqueue_rcu(*self, &n->link);
  urcu_memb_read_unlock();
  return true;
}

static void reclaim(struct rcu_head *head) {
  free(caa_container_of(head, node, reclaim));
}

static inline void *queue_try_pop(queue_self *self) {
  urcu_memb_read_lock();
  struct cds_lfq_node_rcu *link = cds_lfq_dequeue_rcu(*self);
  urcu_memb_read_unlock();
  if (link == NULL) return NULL;
  node *n = caa_container_of(link, node, link);
  void *e = n->element;
  urcu_memb_call_rcu(&n->reclaim, reclaim);
  return e;
}

#include "../queue_loops.h"

static void *create(uint32_t capacity) {
  (void)capacity;
  struct cds_lfq_queue_rcu *q = malloc(sizeof *q);
  if (q != NULL) cds_lfq_init_rcu(q, urcu_memb_call_rcu);
  return q;
}

static void destroy(void *queue) {
  urcu_memb_barrier();
  cds_lfq_destroy_rcu(queue);
  free(queue);
}

const queue_peer queue_rculfqueue = {"rculfqueue",
                                     "malloc and call_rcu each",
                                     true,
                                     false,
                                     create,
                                     destroy,
                                     queue_put,
                                     queue_take,
                                     QUEUE_TRY_LOOPS,
                                     QUEUE_WAIT_LOOPS};
