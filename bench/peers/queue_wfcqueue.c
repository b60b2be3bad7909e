/* liburcu's wfcqueue: wait-free enqueue, dequeue under the queue's own mutex. Its nodes belong to the caller: here
   each element gets one from malloc. */
#define _LGPL_SOURCE /* NOLINT(cert-dcl37-c): the name is liburcu's */
#include "../queue_peer.h"

#include <stdlib.h>
#include <urcu/wfcqueue.h>

typedef struct node {
  struct cds_wfcq_node link;
  void *element;
} node;

typedef struct wfc_queue {
  struct cds_wfcq_tail tail __attribute__((aligned(BENCH_LINE)));
  struct cds_wfcq_head head __attribute__((aligned(BENCH_LINE)));
} wfc_queue;

QUEUE_SELF_IS(wfc_queue)

static inline bool queue_try_push(queue_self *self, void *e) {
  node *n = malloc(sizeof *n);
  if (n == NULL) return false;
  cds_wfcq_node_init(&n->link);
  n->element = e;
  cds_wfcq_enqueue(&(*self)->head, &(*self)->tail, &n->link);
  return true;
}

static inline void *queue_try_pop(queue_self *self) {
  struct cds_wfcq_node *link = cds_wfcq_dequeue_blocking(&(*self)->head, &(*self)->tail);
  if (link == NULL) return NULL;
  node *n = caa_container_of(link, node, link);
  void *e = n->element;
  free(n);
  return e;
}

#include "../queue_loops.h"

static void *create(uint32_t capacity) {
  (void)capacity;
  wfc_queue *q = aligned_alloc(BENCH_LINE, sizeof *q);
  if (q != NULL) cds_wfcq_init(&q->head, &q->tail);
  return q;
}

static void destroy(void *queue) {
  wfc_queue *q = queue;
  cds_wfcq_destroy(&q->head, &q->tail);
  free(q);
}

const queue_peer queue_wfcqueue = {"wfcqueue", "malloc each", false,      false,           create,
                                   destroy,    queue_put,     queue_take, QUEUE_TRY_LOOPS, QUEUE_WAIT_LOOPS};
