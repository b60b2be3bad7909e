#include "base/replace.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mix.h"
#include "base/path.h"
#include "sync/port.h"

/* The new file, and what it replaces. */
typedef struct aside {
  const char *given;    /* the path, for messages */
  char *path, *written; /* with its links followed; beside it */
  int fd;
} aside;

static bool begins_with(int fd, const char *path, const char *what, const void *begin, size_t bytes) {
  char content[16];
  size_t got;
  if (!file_read_some(fd, path, 0, content, bytes, &got)) return false;
  return got == 0 || (got == bytes && memcmp(content, begin, bytes) == 0) ||
         error_fail(BATCH_ERROR_FORMAT, "%.700s: found a file that is not %s, expected one or a new name",
                    path, what);
}

static bool check_old(const char *path, const char *what, const void *begin, size_t begin_bytes) {
  int fd;
  uint64_t bytes;
  if (!file_open(path, &fd, &bytes)) return false;
  bool good = begins_with(fd, path, what, begin, begin_bytes);
  close(fd);
  return good;
}

/* Not mkstemp: the mode is to be what the process's mask leaves of this one, which nobody can read without writing it. */
static bool create_beside(aside *a, mode_t mode) {
  enum { TRIES = 100 };
  for (unsigned i = 0; i < TRIES; i++) {
    free(a->written);
    a->written = path_make("%s.%08x", a->path, (unsigned)mix64_with(port_clock(), (uint64_t)getpid() + i));
    if (!a->written) return false;
    a->fd = UNINTERRUPTED(open(a->written, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode));
    if (a->fd >= 0) return true;
    if (errno != EEXIST) break;
  }
  return file_fail(a->given, "create a file beside it");
}

/* old: what is there; NULL: nothing. */
static bool open_aside(aside *a, const struct stat *old) {
  a->path = old ? realpath(a->given, NULL) : strdup(a->given);
  if (!a->path) return file_fail(a->given, "resolve the name");
  return create_beside(a, old ? old->st_mode & 0666 : 0666) &&
         (!old || file_set_mode(a->fd, old->st_mode & 07777) == 0 || file_fail(a->given, "fchmod"));
}

/* Makes the new name survive a loss of power. */
static bool sync_directory_of(const aside *a) {
  size_t bytes = path_directory_bytes(a->path);
  char *directory = bytes > 0 ? path_make("%.*s", (int)bytes, a->path) : path_make(".");
  if (!directory) return false;
  int fd = UNINTERRUPTED(open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  free(directory);
  if (fd < 0) return file_fail(a->given, "open its directory");
  bool good = file_sync_directory(fd, a->given);
  close(fd);
  return good;
}

/* A close that a signal interrupts has closed all the same. */
static bool put(aside *a, const void *data, size_t bytes) {
  if (!file_write_all(a->fd, a->given, data, bytes)) return false;
  if (UNINTERRUPTED(fsync(a->fd)) != 0) return file_fail(a->given, "fsync");
  int fd = a->fd;
  if (rename(a->written, a->path) != 0) return file_fail(a->given, "rename to it");
  a->fd = -1; /* the name beside is gone */
  if (close(fd) != 0 && errno != EINTR) return file_fail(a->given, "close");
  return sync_directory_of(a);
}

static void end(aside *a) {
  if (a->fd >= 0) {
    close(a->fd);
    unlink(a->written);
  }
  free(a->path);
  free(a->written);
}

typedef struct signals_held {
  sigset_t mask, pending; /* as they were */
} signals_held;

static void hold_signals(signals_held *held) {
  sigset_t all;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &held->mask);
  sigpending(&held->pending);
}

/* A write beyond the limit for files has sent SIGXFSZ, beside the error that says so. */
static void let_signals(const signals_held *held) {
  sigset_t sizes;
  sigemptyset(&sizes);
  sigaddset(&sizes, SIGXFSZ);
  if (!sigismember(&held->pending, SIGXFSZ)) sigtimedwait(&sizes, NULL, &(struct timespec){0, 0});
  pthread_sigmask(SIG_SETMASK, &held->mask, NULL);
}

bool replace_file(const char *path, const void *data, size_t bytes, const char *what, const void *begin,
                  size_t begin_bytes) {
  struct stat old;
  bool there;
  signals_held held;
  if (!file_look_up(path, &old, &there)) return false;
  if (there && !check_old(path, what, begin, begin_bytes)) return false;
  aside a = {.given = path, .fd = -1};
  hold_signals(&held);
  bool good = open_aside(&a, there ? &old : NULL) && put(&a, data, bytes);
  end(&a);
  let_signals(&held);
  return good;
}
