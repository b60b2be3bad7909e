/* port.h over pthread mutexes and condition variables, where there is no futex. Words hash to a
   small table of rooms; whoever changes a word and wakes does so under the room's mutex, so a
   sleeper that compared the word under it cannot miss the wake-up. A room may serve several words:
   everyone in it is woken and looks again. */
#include <errno.h>
#include <pthread.h>

#include "sync/port.h"
#include "sync/port_common.h"

#define ROOMS 64

typedef struct room {
  pthread_mutex_t mutex;
  pthread_cond_t changed;
} room;

static room rooms[ROOMS];
static pthread_once_t rooms_once = PTHREAD_ONCE_INIT;

static void make_rooms(void) {
  pthread_condattr_t monotonic;
  pthread_condattr_init(&monotonic);
  pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
  for (int i = 0; i < ROOMS; i++) {
    pthread_mutex_init(&rooms[i].mutex, NULL);
    pthread_cond_init(&rooms[i].changed, &monotonic);
  }
  pthread_condattr_destroy(&monotonic);
}

/* In a child the parent's threads neither hold a mutex nor wait any more: the rooms are made anew. */
static void prepare_rooms(void) {
  make_rooms();
  pthread_atfork(NULL, NULL, make_rooms);
}

static room *room_of(const _Atomic uint32_t *word) {
  pthread_once(&rooms_once, prepare_rooms);
  return &rooms[((uintptr_t)word / PORT_LINE) % ROOMS];
}

bool port_wait(_Atomic uint32_t *word, uint32_t expected, uint64_t deadline) {
  room *here = room_of(word);
  int answer = 0;
  struct timespec until = port_timespec(deadline);
  pthread_mutex_lock(&here->mutex);
  if (atomic_load_explicit(word, memory_order_relaxed) == expected)
    answer = deadline == UINT64_MAX ? pthread_cond_wait(&here->changed, &here->mutex)
                                    : pthread_cond_timedwait(&here->changed, &here->mutex, &until);
  pthread_mutex_unlock(&here->mutex);
  return answer != ETIMEDOUT;
}

void port_wake(_Atomic uint32_t *word, uint32_t count) {
  (void)count;
  room *here = room_of(word);
  pthread_mutex_lock(&here->mutex);
  pthread_cond_broadcast(&here->changed);
  pthread_mutex_unlock(&here->mutex);
}
