#include "soak/faults.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mix.h"

static _Thread_local fault_plan *plan;
static _Thread_local uint64_t state;
static _Thread_local unsigned paused;
static _Thread_local bool spares_threads;
static _Atomic uint64_t all;

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *memory, size_t size);
void *__real_reallocarray(void *memory, size_t count, size_t size);
void *__real_aligned_alloc(size_t alignment, size_t size);
char *__real_strdup(const char *text);
void *__real_mmap(void *address, size_t size, int protection, int flags, int file, off_t offset);
int __real_pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *),
                          void *argument);
int __real_open(const char *path, int flags, mode_t mode);
int __real_openat(int folder, const char *path, int flags, mode_t mode);
int __real_fstat(int fd, struct stat *status);
ssize_t __real_pread(int fd, void *out, size_t bytes, off_t offset);
ssize_t __real_pwrite(int fd, const void *data, size_t bytes, off_t offset);
int __real_ftruncate(int fd, off_t bytes);
int __real_fsync(int fd);
int __real_eventfd(unsigned count, int flags);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *memory, size_t size);
void *__wrap_reallocarray(void *memory, size_t count, size_t size);
void *__wrap_aligned_alloc(size_t alignment, size_t size);
char *__wrap_strdup(const char *text);
void *__wrap_mmap(void *address, size_t size, int protection, int flags, int file, off_t offset);
int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *),
                          void *argument);
int __wrap_open(const char *path, int flags, ...);
int __wrap_openat(int folder, const char *path, int flags, ...);
int __wrap_fstat(int fd, struct stat *status);
ssize_t __wrap_pread(int fd, void *out, size_t bytes, off_t offset);
ssize_t __wrap_pwrite(int fd, const void *data, size_t bytes, off_t offset);
int __wrap_ftruncate(int fd, off_t bytes);
int __wrap_fsync(int fd);
int __wrap_eventfd(unsigned count, int flags);

void faults_begin(fault_plan *of, uint64_t seed) {
  plan = of;
  state = seed;
}

void faults_end(void) {
  plan = NULL;
}

void faults_pause(void) {
  paused++;
}

void faults_resume(void) {
  paused--;
}

void faults_spare_threads(bool spare) {
  spares_threads = spare;
}

uint64_t faults_all(void) {
  return atomic_load(&all);
}

static bool fails(void) {
  if (!plan || !plan->one_in || paused || mix64_next(&state) % plan->one_in != 0) return false;
  atomic_fetch_add(&plan->failed, 1);
  atomic_fetch_add(&all, 1);
  return true;
}

static void *no_memory(void) {
  errno = ENOMEM;
  return NULL;
}

static int with(int number) {
  errno = number;
  return -1;
}

void *__wrap_malloc(size_t size) {
  return fails() ? no_memory() : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size) {
  return fails() ? no_memory() : __real_calloc(count, size);
}

void *__wrap_realloc(void *memory, size_t size) {
  return fails() ? no_memory() : __real_realloc(memory, size);
}

void *__wrap_reallocarray(void *memory, size_t count, size_t size) {
  return fails() ? no_memory() : __real_reallocarray(memory, count, size);
}

void *__wrap_aligned_alloc(size_t alignment, size_t size) {
  return fails() ? no_memory() : __real_aligned_alloc(alignment, size);
}

char *__wrap_strdup(const char *text) {
  return fails() ? no_memory() : __real_strdup(text);
}

void *__wrap_mmap(void *address, size_t size, int protection, int flags, int file, off_t offset) {
  if (fails()) return with(ENOMEM), MAP_FAILED;
  return __real_mmap(address, size, protection, flags, file, offset);
}

/* What a thread is told by the one that makes it. */
typedef struct inherited {
  void *(*run)(void *);
  void *argument;
  fault_plan *plan;
  uint64_t state;
  unsigned paused;
} inherited;

static void *begin(void *context) {
  inherited own = *(inherited *)context;
  free(context);
  faults_begin(own.plan, own.state);
  paused = own.paused;
  return own.run(own.argument);
}

int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *),
                          void *argument) {
  inherited *own = !spares_threads && fails() ? NULL : __real_malloc(sizeof *own);
  if (!own) return EAGAIN;
  *own = (inherited){run, argument, plan, mix64_next(&state), paused};
  int answer = __real_pthread_create(thread, attributes, begin, own);
  if (answer != 0) free(own);
  return answer;
}

int __wrap_open(const char *path, int flags, ...) {
  va_list arguments;
  va_start(arguments, flags);
  mode_t mode = flags & O_CREAT ? (mode_t)va_arg(arguments, int) : 0;
  va_end(arguments);
  return fails() ? with(EMFILE) : __real_open(path, flags, mode);
}

int __wrap_openat(int folder, const char *path, int flags, ...) {
  va_list arguments;
  va_start(arguments, flags);
  mode_t mode = flags & O_CREAT ? (mode_t)va_arg(arguments, int) : 0;
  va_end(arguments);
  return fails() ? with(EMFILE) : __real_openat(folder, path, flags, mode);
}

int __wrap_fstat(int fd, struct stat *status) {
  return fails() ? with(EIO) : __real_fstat(fd, status);
}

/* Half of the failures of these are none, but a signal. */
static int interrupted_or(int number) {
  return with(mix64_next(&state) % 2 ? EINTR : number);
}

ssize_t __wrap_pread(int fd, void *out, size_t bytes, off_t offset) {
  return fails() ? interrupted_or(EIO) : __real_pread(fd, out, bytes, offset);
}

ssize_t __wrap_pwrite(int fd, const void *data, size_t bytes, off_t offset) {
  return fails() ? interrupted_or(ENOSPC) : __real_pwrite(fd, data, bytes, offset);
}

int __wrap_ftruncate(int fd, off_t bytes) {
  return fails() ? interrupted_or(EIO) : __real_ftruncate(fd, bytes);
}

int __wrap_fsync(int fd) {
  return fails() ? with(EIO) : __real_fsync(fd);
}

int __wrap_eventfd(unsigned count, int flags) {
  return fails() ? with(EMFILE) : __real_eventfd(count, flags);
}
