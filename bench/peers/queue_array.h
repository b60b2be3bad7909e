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

static inline void array_queue_append(array_queue *q, void *element) {
  uint32_t at = q->first + q->count++;
  q->elements[at < q->capacity ? at : at - q->capacity] = element;
}

static inline void *array_queue_first(array_queue *q) {
  void *element = q->elements[q->first];
  q->first = q->first + 1 < q->capacity ? q->first + 1 : 0;
  q->count--;
  return element;
}

static inline bool array_queue_push(array_queue *q, void *element, bool wait) {
  pthread_mutex_lock(&q->lock);
  while (wait && q->count == q->capacity) pthread_cond_wait(&q->not_full, &q->lock);
  bool room = q->count < q->capacity;
  if (room) {
    array_queue_append(q, element);
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
    element = array_queue_first(q);
    pthread_cond_signal(&q->not_full);
  }
  pthread_mutex_unlock(&q->lock);
  return element;
}

/* As many of n as there is room for; all n if it waits. */
static inline size_t array_queue_push_many(array_queue *q, void *const *elements, size_t n, bool wait) {
  size_t in = 0;
  pthread_mutex_lock(&q->lock);
  do {
    while (wait && q->count == q->capacity) pthread_cond_wait(&q->not_full, &q->lock);
    for (; in < n && q->count < q->capacity; in++) array_queue_append(q, elements[in]);
    pthread_cond_broadcast(&q->not_empty);
  } while (wait && in < n);
  pthread_mutex_unlock(&q->lock);
  return in;
}

/* As many of n as are inside; one at least if it waits. */
static inline size_t array_queue_pop_many(array_queue *q, void **elements, size_t n, bool wait) {
  size_t out = 0;
  pthread_mutex_lock(&q->lock);
  while (wait && q->count == 0) pthread_cond_wait(&q->not_empty, &q->lock);
  for (; out < n && q->count > 0; out++) elements[out] = array_queue_first(q);
  pthread_cond_broadcast(&q->not_full);
  pthread_mutex_unlock(&q->lock);
  return out;
}

#endif
