#include "support/failing_memory.h"

#include <errno.h>
#include <glob.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "support/check.h"

enum { MOST_BLOCKS = 1 << 16 };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static void *blocks[MOST_BLOCKS]; /* open addressing would save nothing: tests keep few blocks */
static size_t highest, live;
static unsigned allocations, failing_from;
static bool failing_on;
static unsigned threads, threads_failing_from;

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *memory, size_t size);
void *__real_aligned_alloc(size_t alignment, size_t size);
int __real_posix_memalign(void **memory, size_t alignment, size_t size);
void __real_free(void *memory);
void *__real_mmap(void *address, size_t size, int protection, int flags, int file, off_t offset);
int __real_munmap(void *address, size_t size);
int __real_pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *),
                          void *argument);
int __real_pthread_setspecific(pthread_key_t key, const void *value);
int __real_pthread_atfork(void (*prepare)(void), void (*parent)(void), void (*child)(void));
int __real_glob(const char *pattern, int flags, int (*failed)(const char *path, int number), glob_t *found);
char *__real_strdup(const char *text);
char *__real_strndup(const char *text, size_t size);
void *__real_reallocarray(void *memory, size_t count, size_t size);
void *__wrap_malloc(size_t size);
char *__wrap_strdup(const char *text);
char *__wrap_strndup(const char *text, size_t size);
__attribute__((format(printf, 2, 3))) int __wrap_asprintf(char **text, const char *format, ...);
void *__wrap_reallocarray(void *memory, size_t count, size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *memory, size_t size);
void *__wrap_aligned_alloc(size_t alignment, size_t size);
int __wrap_posix_memalign(void **memory, size_t alignment, size_t size);
void __wrap_free(void *memory);
void *__wrap_mmap(void *address, size_t size, int protection, int flags, int file, off_t offset);
int __wrap_munmap(void *address, size_t size);
int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *),
                          void *argument);
int __wrap_pthread_setspecific(pthread_key_t key, const void *value);
int __wrap_pthread_atfork(void (*prepare)(void), void (*parent)(void), void (*child)(void));
int __wrap_glob(const char *pattern, int flags, int (*failed)(const char *path, int number), glob_t *found);

void memory_fails_at(unsigned n, bool lasting) {
  pthread_mutex_lock(&lock);
  allocations = 0;
  failing_from = n;
  failing_on = lasting;
  pthread_mutex_unlock(&lock);
}

void memory_threads_fail_at(unsigned n) {
  pthread_mutex_lock(&lock);
  threads = 0;
  threads_failing_from = n;
  pthread_mutex_unlock(&lock);
}

static bool thread_fails(void) {
  pthread_mutex_lock(&lock);
  threads++;
  bool now = threads_failing_from && threads >= threads_failing_from;
  pthread_mutex_unlock(&lock);
  return now;
}

unsigned memory_allocations(void) {
  pthread_mutex_lock(&lock);
  unsigned n = allocations;
  pthread_mutex_unlock(&lock);
  return n;
}

size_t memory_live(void) {
  pthread_mutex_lock(&lock);
  size_t n = live;
  pthread_mutex_unlock(&lock);
  return n;
}

static bool fails(void) {
  pthread_mutex_lock(&lock);
  allocations++;
  bool now = failing_from && (allocations == failing_from || (failing_on && allocations > failing_from));
  pthread_mutex_unlock(&lock);
  return now;
}

static void *remember(void *memory) {
  if (!memory || memory == MAP_FAILED) return memory;
  pthread_mutex_lock(&lock);
  size_t place = 0;
  while (place < highest && blocks[place]) place++;
  if (place == MOST_BLOCKS) abort();
  if (place == highest) highest++;
  blocks[place] = memory;
  live++;
  pthread_mutex_unlock(&lock);
  return memory;
}

static void forget(void *memory) {
  pthread_mutex_lock(&lock);
  for (size_t place = highest; memory && place-- > 0;)
    if (blocks[place] == memory) {
      blocks[place] = NULL;
      live--;
      break;
    }
  pthread_mutex_unlock(&lock);
}

static void *refuse(void) {
  errno = ENOMEM;
  return NULL;
}

void *__wrap_malloc(size_t size) {
  return fails() ? refuse() : remember(__real_malloc(size));
}

void *__wrap_calloc(size_t count, size_t size) {
  return fails() ? refuse() : remember(__real_calloc(count, size));
}

void *__wrap_realloc(void *memory, size_t size) {
  if (fails()) return refuse();
  forget(memory);
  return remember(__real_realloc(memory, size));
}

void *__wrap_reallocarray(void *memory, size_t count, size_t size) {
  if (fails()) return refuse();
  forget(memory);
  return remember(__real_reallocarray(memory, count, size));
}

char *__wrap_strdup(const char *text) {
  return fails() ? refuse() : remember(__real_strdup(text));
}

char *__wrap_strndup(const char *text, size_t size) {
  return fails() ? refuse() : remember(__real_strndup(text, size));
}

int __wrap_asprintf(char **text, const char *format, ...) {
  va_list arguments;
  if (fails()) return refuse(), -1;
  va_start(arguments, format);
  int length = vasprintf(text, format, arguments);
  va_end(arguments);
  if (length >= 0) remember(*text);
  return length;
}

void *__wrap_aligned_alloc(size_t alignment, size_t size) {
  return fails() ? refuse() : remember(__real_aligned_alloc(alignment, size));
}

int __wrap_posix_memalign(void **memory, size_t alignment, size_t size) {
  if (fails()) return ENOMEM;
  int result = __real_posix_memalign(memory, alignment, size);
  if (result == 0) remember(*memory);
  return result;
}

void __wrap_free(void *memory) {
  forget(memory);
  __real_free(memory);
}

void *__wrap_mmap(void *address, size_t size, int protection, int flags, int file, off_t offset) {
  if (fails()) {
    errno = ENOMEM;
    return MAP_FAILED;
  }
  return remember(__real_mmap(address, size, protection, flags, file, offset));
}

int __wrap_munmap(void *address, size_t size) {
  forget(address);
  return __real_munmap(address, size);
}

int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *),
                          void *argument) {
  return fails() || thread_fails() ? EAGAIN : __real_pthread_create(thread, attributes, run, argument);
}

int __wrap_pthread_setspecific(pthread_key_t key, const void *value) {
  return value && fails() ? ENOMEM : __real_pthread_setspecific(key, value);
}

int __wrap_pthread_atfork(void (*prepare)(void), void (*parent)(void), void (*child)(void)) {
  return fails() ? ENOMEM : __real_pthread_atfork(prepare, parent, child);
}

int __wrap_glob(const char *pattern, int flags, int (*failed)(const char *path, int number), glob_t *found) {
  return fails() ? GLOB_NOSPACE : __real_glob(pattern, flags, failed, found);
}

unsigned inject_failures(const char *name, failing_call call, void *context) {
  check_forget_error(); /* what is kept for ever is made now */
  cr_assert(call(context), "%s: %s", name, batch_last_error()->message);
  unsigned injected = 0, survived = 0;
  for (unsigned k = 1;; k++) {
    size_t before = memory_live();
    check_forget_error();
    memory_fails_at(k, false);
    bool done = call(context), reached = memory_allocations() >= k;
    memory_fails_at(0, false);
    cr_assert_eq(memory_live(), before, "%s with allocation %u failing: %zu blocks became %zu", name, k,
                 before, memory_live());
    if (!reached) {
      cr_assert(done, "%s: %s", name, batch_last_error()->message);
      break;
    }
    injected++;
    survived += done;
    if (!done) assert_error(BATCH_ERROR_OUT_OF_MEMORY, name);
  }
  printf("%s: %u allocation failures injected, %u of them done without\n", name, injected, survived);
  fflush(stdout);
  return injected;
}
