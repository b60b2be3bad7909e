/* Preloaded into the command: sends the process SIGNAL_NUMBER before the SIGNAL_AT-th of its calls that change or map
   files, as if from outside at that instant; without SIGNAL_AT writes into the file SIGNAL_COUNT how many there were. */
#include <dlfcn.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static atomic_long calls;

static long number_in(const char *variable) {
  const char *text = getenv(variable);
  return text ? atol(text) : 0;
}

static void count_call(void) {
  if (atomic_fetch_add(&calls, 1) + 1 == number_in("SIGNAL_AT"))
    kill(getpid(), (int)number_in("SIGNAL_NUMBER"));
}

__attribute__((destructor)) static void report(void) {
  const char *path = getenv("SIGNAL_COUNT");
  FILE *file = path ? fopen(path, "w") : NULL;
  if (!file) return;
  fprintf(file, "%ld\n", atomic_load(&calls));
  fclose(file);
}

#define PASS_ON(answer, name, parameters, arguments)                                                         \
  answer name parameters;                                                                                    \
  answer name parameters {                                                                                   \
    answer(*real) parameters = __extension__(answer(*) parameters) dlsym(RTLD_NEXT, #name);                  \
    count_call();                                                                                            \
    return real arguments;                                                                                   \
  }

PASS_ON(ssize_t, write, (int fd, const void *data, size_t bytes), (fd, data, bytes))
PASS_ON(ssize_t, pwrite64, (int fd, const void *data, size_t bytes, off64_t at), (fd, data, bytes, at))
PASS_ON(ssize_t, pread64, (int fd, void *data, size_t bytes, off64_t at), (fd, data, bytes, at))
PASS_ON(int, fsync, (int fd), (fd))
PASS_ON(int, close, (int fd), (fd))
PASS_ON(int, ftruncate64, (int fd, off64_t bytes), (fd, bytes))
PASS_ON(int, rename, (const char *from, const char *to), (from, to))
PASS_ON(int, renameat, (int a, const char *from, int b, const char *to), (a, from, b, to))
PASS_ON(int, mkdirat, (int at, const char *path, mode_t mode), (at, path, mode))
PASS_ON(int, unlink, (const char *path), (path))
PASS_ON(int, unlinkat, (int at, const char *path, int flags), (at, path, flags))
PASS_ON(int, fchmod, (int fd, mode_t mode), (fd, mode))
PASS_ON(void *, mmap64, (void *at, size_t bytes, int protection, int flags, int fd, off64_t offset),
        (at, bytes, protection, flags, fd, offset))

/* The mode, which comes with O_CREAT and O_TMPFILE alone, is where it would be. */
#define PASS_OPEN_ON(name, parameters, ...)                                                                  \
  int name parameters;                                                                                       \
  int name parameters {                                                                                      \
    va_list rest;                                                                                            \
    va_start(rest, flags);                                                                                   \
    int mode = flags & (O_CREAT | (O_TMPFILE & ~O_DIRECTORY)) ? va_arg(rest, int) : 0;                       \
    va_end(rest);                                                                                            \
    int(*real) parameters = __extension__(int(*) parameters) dlsym(RTLD_NEXT, #name);                        \
    count_call();                                                                                            \
    return real(__VA_ARGS__, flags, mode);                                                                   \
  }

PASS_OPEN_ON(open64, (const char *path, int flags, ...), path)
PASS_OPEN_ON(openat64, (int at, const char *path, int flags, ...), at, path)
