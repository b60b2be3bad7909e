/* A pool as an array of batches with a mutex around it, searched from the front; also what the broken one breaks. */
#ifndef BENCH_POOL_ARRAY_H
#define BENCH_POOL_ARRAY_H

#include "pool_blocks.h"

#include <pthread.h>
#include <stdbool.h>

typedef struct array_pool {
  pthread_mutex_t lock;
  uint32_t size;
  void *blocks;
  struct {
    void *element;
    bool used;
  } entries[];
} array_pool;

static void *array_pool_create(uint32_t size) {
  array_pool *p = calloc(1, sizeof *p + size * sizeof p->entries[0]);
  void *blocks = pool_blocks_create(size);
  if (p == NULL || blocks == NULL) {
    free(blocks);
    free(p);
    return NULL;
  }
  pthread_mutex_init(&p->lock, NULL);
  p->size = size;
  p->blocks = blocks;
  for (uint32_t i = 0; i < size; i++) p->entries[i].element = pool_block(blocks, i);
  return p;
}

static void array_pool_destroy(void *pool) {
  array_pool *p = pool;
  pthread_mutex_destroy(&p->lock);
  free(p->blocks);
  free(p);
}

static inline void *array_pool_take(array_pool *p) {
  void *element = NULL;
  pthread_mutex_lock(&p->lock);
  for (uint32_t i = 0; i < p->size; i++) {
    if (p->entries[i].used) continue;
    p->entries[i].used = true;
    element = p->entries[i].element;
    break;
  }
  pthread_mutex_unlock(&p->lock);
  return element;
}

static inline void array_pool_put(array_pool *p, void *element) {
  pthread_mutex_lock(&p->lock);
  for (uint32_t i = 0; i < p->size; i++) {
    if (p->entries[i].element != element) continue;
    p->entries[i].used = false;
    break;
  }
  pthread_mutex_unlock(&p->lock);
}

#endif
