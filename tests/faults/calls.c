/* System calls, and what of the C library stands before them. */
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysinfo.h>
#include <unistd.h>

#include "shim.h"

atomic_int faults_threads;

/* What is known of descriptors. */
enum { EVENT = 1, WRITTEN = 2, DESCRIPTORS = 1024 };
static atomic_uchar known[DESCRIPTORS];

static bool is(int fd, unsigned char what) {
  return fd >= 0 && fd < DESCRIPTORS && (known[fd] & what);
}

static void is_now(int fd, unsigned char what) {
  if (fd >= 0 && fd < DESCRIPTORS) known[fd] |= what;
}

static bool forget(int fd, unsigned char what) {
  return fd >= 0 && fd < DESCRIPTORS && (atomic_exchange(&known[fd], 0) & what);
}

/* The function that this one stands before. */
#define REAL(name)                                                                                           \
  static __typeof__(&name) real;                                                                             \
  if (!real) *(void **)&real = dlsym(RTLD_NEXT, #name)

/* A call that only fails. */
#define FAILS(call, type, name, parameters, arguments, wrong)                                                \
  type name parameters {                                                                                     \
    REAL(name);                                                                                              \
    return faults_fails(FAULTS_##call) ? (wrong) : real arguments;                                           \
  }

/* One that answers the number of the error. */
#define ANSWERS(call, name, parameters, arguments)                                                           \
  int name parameters {                                                                                      \
    REAL(name);                                                                                              \
    return faults_fails(FAULTS_##call) ? errno : real arguments;                                             \
  }

FAILS(stat, int, fstat, (int fd, struct stat *status), (fd, status), -1)
FAILS(stat, int, stat, (const char *path, struct stat *status), (path, status), -1)
FAILS(stat, int, lstat, (const char *path, struct stat *status), (path, status), -1)
FAILS(stat, int, fstatat, (int at, const char *path, struct stat *status, int flags),
      (at, path, status, flags), -1)
FAILS(stat, int, access, (const char *path, int how), (path, how), -1)
FAILS(fsync, int, fsync, (int fd), (fd), -1)
FAILS(fsync, int, fdatasync, (int fd), (fd), -1)
FAILS(truncate, int, ftruncate, (int fd, off_t bytes), (fd, bytes), -1)
FAILS(rename, int, rename, (const char *from, const char *to), (from, to), -1)
FAILS(rename, int, renameat, (int a, const char *from, int b, const char *to), (a, from, b, to), -1)
FAILS(link, int, link, (const char *from, const char *to), (from, to), -1)
FAILS(unlink, int, unlink, (const char *path), (path), -1)
FAILS(unlink, int, unlinkat, (int at, const char *path, int flags), (at, path, flags), -1)
FAILS(mkdir, int, mkdirat, (int at, const char *path, mode_t mode), (at, path, mode), -1)
FAILS(mkdir, int, mkdir, (const char *path, mode_t mode), (path, mode), -1)
FAILS(flock, int, flock, (int fd, int how), (fd, how), -1)
FAILS(chmod, int, fchmod, (int fd, mode_t mode), (fd, mode), -1)
FAILS(chmod, int, fchown, (int fd, uid_t user, gid_t group), (fd, user, group), -1)
FAILS(realpath, char *, realpath, (const char *path, char *out), (path, out), NULL)
FAILS(realpath, ssize_t, readlink, (const char *path, char *out, size_t bytes), (path, out, bytes), -1)
FAILS(opendir, DIR *, opendir, (const char *path), (path), NULL)
FAILS(opendir, DIR *, fdopendir, (int fd), (fd), NULL)
FAILS(readdir, struct dirent *, readdir, (DIR * stream), (stream), NULL)
FAILS(madvise, int, madvise, (void *memory, size_t bytes, int advice), (memory, bytes, advice), -1)
FAILS(handler, int, sigaction, (int number, const struct sigaction *new, struct sigaction *old),
      (number, new, old), -1)
FAILS(system, int, sched_getaffinity, (pid_t pid, size_t bytes, cpu_set_t *set), (pid, bytes, set), -1)
FAILS(system, int, sysinfo, (struct sysinfo * info), (info), -1)
FAILS(system, int, getrusage, (__rusage_who_t who, struct rusage *usage), (who, usage), -1)
ANSWERS(system, pthread_setname_np, (pthread_t thread, const char *name), (thread, name))
ANSWERS(key, pthread_key_create, (pthread_key_t * key, void (*end)(void *)), (key, end))
FAILS(stream, FILE *, fopen, (const char *path, const char *how), (path, how), NULL)
FAILS(stream, FILE *, fdopen, (int fd, const char *how), (fd, how), NULL)
FAILS(stream, FILE *, fopencookie, (void *cookie, const char *how, cookie_io_functions_t functions),
      (cookie, how, functions), NULL)

/* A stream remembers that it could not write. */
static bool stream_fails(FILE *stream) {
  if (!faults_fails(FAULTS_stream)) return false;
  stream->_flags |= 0x20; /* _IO_ERR_SEEN */
  return true;
}

int fflush(FILE *stream) {
  REAL(fflush);
  return stream && stream_fails(stream) ? EOF : real(stream);
}

size_t fwrite(const void *data, size_t size, size_t count, FILE *stream) {
  REAL(fwrite);
  return stream_fails(stream) ? 0 : real(data, size, count, stream);
}

/* What close reports, it reports of a descriptor that is closed. */
int close(int fd) {
  REAL(close);
  bool wrong = faults_fails(forget(fd, WRITTEN) ? FAULTS_seal : FAULTS_close);
  int number = errno, result = real(fd);
  return wrong ? (errno = number, -1) : result;
}

int fclose(FILE *stream) {
  REAL(fclose);
  bool wrong = faults_fails(FAULTS_stream);
  int number = errno, result;
  forget(fileno(stream), 0);
  result = real(stream);
  return wrong ? (errno = number, EOF) : result;
}

/* A sentence that cannot be written cannot be judged: of what goes to the standard error no write fails. */
static bool is_lost(int fd, const int *kind) {
  return fd == STDERR_FILENO && *kind > 0 && *kind != EINTR;
}

/* Whether a call that moves bytes goes wrong. Short ones take at least a byte. */
static bool move_fails(faults_call call, int fd, size_t *bytes) {
  int kind;
  bool event = is(fd, EVENT);
  if (!faults_strike(event ? FAULTS_tell : call, &kind) || is_lost(fd, &kind)) return false;
  if (kind > 0) return errno = kind, true;
  if (!event && *bytes > 1) *bytes /= 2;
  return false;
}

#define MOVES(call, name, parameters, arguments)                                                             \
  ssize_t name parameters {                                                                                  \
    REAL(name);                                                                                              \
    if (move_fails(FAULTS_##call, fd, &bytes)) return -1;                                                    \
    if (FAULTS_##call == FAULTS_write && !is(fd, EVENT)) is_now(fd, WRITTEN);                                \
    return real arguments;                                                                                   \
  }

MOVES(read, read, (int fd, void *data, size_t bytes), (fd, data, bytes))
MOVES(read, pread, (int fd, void *data, size_t bytes, off_t offset), (fd, data, bytes, offset))
MOVES(write, write, (int fd, const void *data, size_t bytes), (fd, data, bytes))
MOVES(write, pwrite, (int fd, const void *data, size_t bytes, off_t offset), (fd, data, bytes, offset))

static mode_t mode_of(int flags, va_list arguments) {
  return flags & (O_CREAT | (O_TMPFILE & ~O_DIRECTORY)) ? (mode_t)va_arg(arguments, int) : 0;
}

int open(const char *path, int flags, ...) {
  REAL(open);
  va_list arguments;
  va_start(arguments, flags);
  mode_t mode = mode_of(flags, arguments);
  va_end(arguments);
  return faults_fails(FAULTS_open) ? -1 : real(path, flags, mode);
}

int openat(int at, const char *path, int flags, ...) {
  REAL(openat);
  va_list arguments;
  va_start(arguments, flags);
  mode_t mode = mode_of(flags, arguments);
  va_end(arguments);
  return faults_fails(FAULTS_open) ? -1 : real(at, path, flags, mode);
}

/* Only what makes a descriptor is a call that can fail. */
int fcntl(int fd, int what, ...) {
  REAL(fcntl);
  va_list arguments;
  va_start(arguments, what);
  void *argument = va_arg(arguments, void *);
  va_end(arguments);
  bool makes = what == F_DUPFD || what == F_DUPFD_CLOEXEC;
  return makes && faults_fails(FAULTS_dup) ? -1 : real(fd, what, argument);
}

FAILS(open, int, mkostemp, (char *name, int flags), (name, flags), -1)

int eventfd(unsigned count, int flags) {
  REAL(eventfd);
  int fd = faults_fails(FAULTS_eventfd) ? -1 : real(count, flags);
  is_now(fd, EVENT);
  return fd;
}

void *mmap(void *address, size_t bytes, int protection, int flags, int fd, off_t offset) {
  REAL(mmap);
  if (faults_fails(FAULTS_mmap)) return MAP_FAILED;
  void *memory = real(address, bytes, protection, flags, fd, offset);
  if (memory != MAP_FAILED) faults_remember(memory, __builtin_return_address(0));
  return memory;
}

int munmap(void *address, size_t bytes) {
  REAL(munmap);
  faults_forget(address);
  return real(address, bytes);
}

int pthread_create(pthread_t *thread, const pthread_attr_t *how, void *(*run)(void *), void *argument) {
  REAL(pthread_create);
  if (faults_fails(FAULTS_thread)) return errno;
  int number = real(thread, how, run, argument);
  faults_threads += number == 0;
  return number;
}

int pthread_join(pthread_t thread, void **result) {
  REAL(pthread_join);
  int number = real(thread, result);
  faults_threads -= number == 0;
  return number;
}

/* Waiting may be interrupted or have nothing to wait for; a sandbox refuses all futex calls. */
static bool futex_fails(long operation) {
  bool waits =
      (operation & FUTEX_CMD_MASK) == FUTEX_WAIT || (operation & FUTEX_CMD_MASK) == FUTEX_WAIT_BITSET;
  return faults_fails(FAULTS_futex) || (waits && faults_fails(FAULTS_wait));
}

/* What has no function of its own. */
long syscall(long number, ...) {
  REAL(syscall);
  long a[6];
  va_list arguments;
  va_start(arguments, number);
  for (int i = 0; i < 6; i++) a[i] = va_arg(arguments, long);
  va_end(arguments);
  if (number == SYS_futex && futex_fails(a[1])) return -1;
  if (number == SYS_renameat2 && faults_fails(FAULTS_rename)) return -1;
  return real(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}
