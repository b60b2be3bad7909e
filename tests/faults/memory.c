/* Allocations. glibc's own functions stand behind them, which need no look-up. */
#include <errno.h>
#include <malloc.h>
#include <stdint.h>
#include <stdlib.h>

#include "shim.h"

void *__libc_malloc(size_t bytes);
void *__libc_calloc(size_t count, size_t bytes);
void *__libc_realloc(void *memory, size_t bytes);
void *__libc_memalign(size_t alignment, size_t bytes);
void __libc_free(void *memory);

enum { PLACES = 1 << 16 };
#define GONE ((void *)1)

static struct { void *memory, *site; } places[PLACES];
static unsigned live;
static atomic_flag lock = ATOMIC_FLAG_INIT;

static void enter(void) {
  while (atomic_flag_test_and_set(&lock)) {
  }
}

static void leave(void) {
  atomic_flag_clear(&lock);
}

static size_t place_of(const void *memory) {
  return (size_t)((uintptr_t)memory * UINT64_C(0x9E3779B97F4A7C15) >> 48) % PLACES;
}

void faults_remember(void *memory, void *site) {
  if (!memory || !faults_are_armed()) return;
  enter();
  size_t place = place_of(memory);
  while (places[place].memory > GONE) place = (place + 1) % PLACES;
  places[place].memory = memory;
  places[place].site = site;
  if (++live > PLACES / 2) abort();
  leave();
}

void faults_forget(void *memory) {
  if (!memory || !faults_are_armed()) return;
  enter();
  size_t place = place_of(memory);
  while (places[place].memory && places[place].memory != memory) place = (place + 1) % PLACES;
  if (places[place].memory == memory) {
    places[place].memory = places[(place + 1) % PLACES].memory ? GONE : NULL;
    live--;
  }
  leave();
}

unsigned faults_blocks(void **left, unsigned most) {
  unsigned found = 0;
  for (size_t place = 0; place < PLACES && found < most; place++)
    if (places[place].memory > GONE) left[found++] = places[place].site;
  return live;
}

static void *remembered(void *memory, void *site) {
  faults_remember(memory, site);
  return memory;
}

#define SITE __builtin_return_address(0)

void *malloc(size_t bytes) {
  return faults_fails(FAULTS_memory) ? NULL : remembered(__libc_malloc(bytes), SITE);
}

void *calloc(size_t count, size_t bytes) {
  return faults_fails(FAULTS_memory) ? NULL : remembered(__libc_calloc(count, bytes), SITE);
}

static void *resize(void *memory, size_t bytes, void *site) {
  if (faults_fails(FAULTS_memory)) return NULL;
  faults_forget(memory);
  void *moved = __libc_realloc(memory, bytes);
  return remembered(moved ? moved : bytes > 0 ? memory : NULL, site) == moved ? moved : NULL;
}

void *realloc(void *memory, size_t bytes) {
  return resize(memory, bytes, SITE);
}

void *reallocarray(void *memory, size_t count, size_t bytes) {
  size_t all;
  if (__builtin_mul_overflow(count, bytes, &all)) return errno = ENOMEM, NULL;
  return resize(memory, all, SITE);
}

void *memalign(size_t alignment, size_t bytes) {
  return faults_fails(FAULTS_memory) ? NULL : remembered(__libc_memalign(alignment, bytes), SITE);
}

void *aligned_alloc(size_t alignment, size_t bytes) {
  return faults_fails(FAULTS_memory) ? NULL : remembered(__libc_memalign(alignment, bytes), SITE);
}

int posix_memalign(void **memory, size_t alignment, size_t bytes) {
  if (faults_fails(FAULTS_memory)) return ENOMEM;
  void *made = remembered(__libc_memalign(alignment, bytes), SITE);
  if (!made) return ENOMEM;
  *memory = made;
  return 0;
}

void free(void *memory) {
  faults_forget(memory);
  __libc_free(memory);
}
