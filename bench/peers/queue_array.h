/* A queue in an array, with a mutex and two condition variables; also what the broken ones break. */
#ifndef BENCH_QUEUE_ARRAY_H
#define BENCH_QUEUE_ARRAY_H

#include "../queue_peer.h"

#include <pthread.h>
#include <stdlib.h>

typedef struct array_queue {
  pthread_mutex_t lock;
  pthread_cond_t not_empty, not_full;
  uint32_t capacity, first, count;
  void *elements[];
} array_queue;

static void *array_queue_create(uint32_t capacity) {
  array_queue *q = calloc(1, sizeof *q + capacity * sizeof q->elements[0]);
  if (q == NULL) return NULL;
  q->capacity = capacity;
  pthread_mutex_init(&q->lock, NULL);
  pthread_cond_init(&q->not_empty, NULL);
  pthread_cond_init(&q->not_full, NULL);
  return q;
}

static void array_queue_destroy(void *queue) {
  array_queue *q = queue;
  pthread_cond_destroy(&q->not_full);
  pthread_cond_destroy(&q->not_empty);
  pthread_mutex_destroy(&q->lock);
  free(q);
}

static inline bool array_queue_push(array_queue *q, void *element, bool wait) {
  pthread_mutex_lock(&q->lock);
  while (wait && q->count == q->capacity) pthread_cond_wait(&q->not_full, &q->lock);
  bool room = q->count < q->capacity;
  if (room) {
    uint32_t at = q->first + q->count++;
    q->elements[at < q->capacity ? at : at - q->capacity] = element;
    pthread_cond_signal(&q->not_empty);
  }
  pthread_mutex_unlock(&q->lock);
  return room;
}

static inline void *array_queue_pop(array_queue *q, bool wait) {
  void *element = NULL;
  pthread_mutex_lock(&q->lock);
  while (wait && q->count == 0) pthread_cond_wait(&q->not_empty, &q->lock);
  if (q->count > 0) {
    element = q->elements[q->first];
    q->first = q->first + 1 < q->capacity ? q->first + 1 : 0;
    q->count--;
    pthread_cond_signal(&q->not_full);
  }
  pthread_mutex_unlock(&q->lock);
  return element;
}

#endif
