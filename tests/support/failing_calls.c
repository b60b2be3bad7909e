#include "support/failing_calls.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static bool armed, interrupted;
static calls_fault kind;
static unsigned wanted, made;
static const char *only, *first;
static int with; /* instead of the call's usual errno */

static void arm(calls_fault fault, unsigned n, const char *call, int number) {
  kind = fault;
  wanted = n;
  only = call;
  with = number;
  made = 0;
  first = NULL;
  interrupted = false;
  armed = true;
}

void calls_go_wrong(calls_fault fault, unsigned n) {
  arm(fault, n, NULL, 0);
}

void calls_fail_at(const char *call, unsigned n, int number) {
  arm(CALLS_FAIL, n, call, number);
}

bool calls_end(void) {
  armed = false;
  return first != NULL;
}

int calls_kill_child(unsigned n, bool (*run)(const void *of), const void *of) {
  int status = -1;
  fflush(NULL);
  pid_t child = fork();
  if (child == 0) {
    calls_go_wrong(CALLS_DIE, n);
    bool good = run(of);
    calls_end(); /* where steps are counted, the end writes the counts */
    _exit(good ? 0 : 1);
  }
  if (child < 0 || waitpid(child, &status, WUNTRACED) != child) return -1;
  if (WIFSTOPPED(status) && (kill(child, SIGKILL) != 0 || waitpid(child, &status, 0) != child)) return -1;
  return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

unsigned calls_made(void) {
  return made;
}

const char *calls_wrong(void) {
  return first ? first : "none";
}

static bool strikes(const char *call) {
  if (!armed || (only && strcmp(only, call) != 0) || ++made < wanted) return false;
  if (made > wanted && (kind == CALLS_FAIL || kind == CALLS_DIE)) return false;
  if (!first) first = call;
  return true;
}

/* Whether this call is to fail with that errno. */
static bool fails(const char *call, int number) {
  if (kind > CALLS_DIE || !strikes(call)) return false;
  if (kind == CALLS_DIE) raise(SIGSTOP); /* killed by itself, it would count as one that ends */
  errno = with ? with : number;
  return true;
}

/* The same for a call that a signal may interrupt: every second one is. */
static bool fails_or_waits(const char *call, int number) {
  if (kind != CALLS_INTERRUPT) return fails(call, number);
  interrupted = !interrupted;
  if (!interrupted || !strikes(call)) return false;
  errno = EINTR;
  return true;
}

static size_t taken(const char *call, size_t bytes) {
  return kind == CALLS_SHORT && bytes > 1 && strikes(call) ? bytes - 1 : bytes;
}

#define WRAP(type, name, parameters, arguments, wrong, failing)                                              \
  type __real_##name parameters;                                                                             \
  type __wrap_##name parameters;                                                                             \
  type __wrap_##name parameters {                                                                            \
    return (failing) ? (wrong) : __real_##name arguments;                                                    \
  }

WRAP(int, mkdirat, (int at, const char *name, mode_t mode), (at, name, mode), -1, fails("mkdirat", EIO))
WRAP(int, renameat, (int a, const char *from, int b, const char *to), (a, from, b, to), -1,
     fails("renameat", EIO))
WRAP(int, unlinkat, (int at, const char *name, int flags), (at, name, flags), -1, fails("unlinkat", EIO))
WRAP(int, flock, (int fd, int how), (fd, how), -1, fails_or_waits("flock", EIO))
WRAP(int, fstat, (int fd, struct stat *status), (fd, status), -1, fails("fstat", EIO))
WRAP(int, stat, (const char *path, struct stat *status), (path, status), -1, fails("stat", EIO))
WRAP(int, lstat, (const char *path, struct stat *status), (path, status), -1, fails("lstat", EIO))
WRAP(int, fstatat, (int at, const char *name, struct stat *status, int flags), (at, name, status, flags), -1,
     fails("fstatat", EIO))
WRAP(char *, realpath, (const char *path, char *out), (path, out), NULL, fails("realpath", EIO))
WRAP(DIR *, opendir, (const char *path), (path), NULL, fails("opendir", EIO))
WRAP(DIR *, fdopendir, (int fd), (fd), NULL, fails("fdopendir", EIO))
WRAP(struct dirent *, readdir, (DIR * stream), (stream), NULL, fails("readdir", EIO))
WRAP(int, fchmod, (int fd, mode_t mode), (fd, mode), -1, fails("fchmod", EIO))
WRAP(int, fchown, (int fd, uid_t user, gid_t group), (fd, user, group), -1, fails("fchown", EIO))
WRAP(void *, mmap, (void *address, size_t bytes, int protection, int flags, int fd, off_t offset),
     (address, bytes, protection, flags, fd, offset), MAP_FAILED, fd >= 0 && fails("mmap", EIO))
WRAP(ssize_t, write, (int fd, const void *data, size_t bytes), (fd, data, taken("write", bytes)), -1,
     fails_or_waits("write", ENOSPC))
WRAP(ssize_t, pwrite, (int fd, const void *data, size_t bytes, off_t offset),
     (fd, data, taken("pwrite", bytes), offset), -1, fails_or_waits("pwrite", ENOSPC))
WRAP(ssize_t, pread, (int fd, void *data, size_t bytes, off_t offset),
     (fd, data, taken("pread", bytes), offset), -1, fails_or_waits("pread", EIO))
WRAP(int, ftruncate, (int fd, off_t bytes), (fd, bytes), -1, fails_or_waits("ftruncate", EIO))
WRAP(void *, malloc, (size_t bytes), (bytes), NULL, fails("malloc", ENOMEM))
WRAP(void *, calloc, (size_t count, size_t bytes), (count, bytes), NULL, fails("calloc", ENOMEM))
WRAP(void *, reallocarray, (void *memory, size_t count, size_t bytes), (memory, count, bytes), NULL,
     fails("reallocarray", ENOMEM))
WRAP(char *, strdup, (const char *text), (text), NULL, fails("strdup", ENOMEM))
WRAP(char *, strndup, (const char *text, size_t bytes), (text, bytes), NULL, fails("strndup", ENOMEM))

int __real_close(int fd);
int __wrap_close(int fd);
int __wrap_fsync(int fd);
int __real_file_rename_new(int from, int to, const char *name);
int __wrap_file_rename_new(int from, int to, const char *name);
int __real_open(const char *path, int flags, mode_t mode);
int __wrap_open(const char *path, int flags, ...);
int __real_openat(int at, const char *path, int flags, mode_t mode);
int __wrap_openat(int at, const char *path, int flags, ...);
__attribute__((format(printf, 2, 3))) int __wrap_asprintf(char **text, const char *format, ...);

/* What close reports, it reports of a descriptor that is closed. */
int __wrap_close(int fd) {
  bool wrong = fails("close", EIO);
  int number = errno, result = __real_close(fd);
  if (!wrong) return result;
  errno = number;
  return -1;
}

int __wrap_fsync(int fd) {
  return fd < 0 || fails_or_waits("fsync", EIO) ? -1 : 0;
}

int __wrap_file_rename_new(int from, int to, const char *name) {
  if (kind == CALLS_NO_RENAME_NEW && strikes("renameat2")) return errno = ENOSYS, -1;
  return fails("renameat2", EIO) ? -1 : __real_file_rename_new(from, to, name);
}

static mode_t mode_of(int flags, va_list arguments) {
  return flags & (O_CREAT | (O_TMPFILE & ~O_DIRECTORY)) ? (mode_t)va_arg(arguments, int) : 0;
}

int __wrap_open(const char *path, int flags, ...) {
  va_list arguments;
  va_start(arguments, flags);
  mode_t mode = mode_of(flags, arguments);
  va_end(arguments);
  return fails_or_waits("open", EIO) ? -1 : __real_open(path, flags, mode);
}

int __wrap_openat(int at, const char *path, int flags, ...) {
  va_list arguments;
  va_start(arguments, flags);
  mode_t mode = mode_of(flags, arguments);
  va_end(arguments);
  return fails_or_waits("openat", EIO) ? -1 : __real_openat(at, path, flags, mode);
}

int __wrap_asprintf(char **text, const char *format, ...) {
  if (fails("asprintf", ENOMEM)) return -1;
  va_list arguments;
  va_start(arguments, format);
  int length = vasprintf(text, format, arguments);
  va_end(arguments);
  return length;
}
