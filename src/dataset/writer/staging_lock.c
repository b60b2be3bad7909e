/* A staging directory and its lock: one run at a time. */
#include "dataset/writer/staging_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/path.h"

bool staging_entry_fail(const staging *s, const char *entry, const char *call) {
  char shown[SHOWN];
  int number = errno;
  output_shown(s->names, entry, shown, sizeof shown);
  errno = number;
  return file_fail(shown, call);
}

bool staging_hidden_fail(const staging *s, const char *call) {
  char shown[SHOWN];
  int number = errno;
  snprintf(shown, sizeof shown, "%.600s: %.250s", s->names->path, s->hidden_name);
  errno = number;
  return file_fail(shown, call);
}

/* Longest names of one beginning share a directory, and so a lock: one run at a time. */
char *staging_hidden_name(const char *name) {
  return path_make(".%.*s" HIDDEN_SUFFIX, NAME_MAX - 1 - (int)strlen(HIDDEN_SUFFIX), name);
}

void staging_close_fd(int *fd) {
  if (*fd >= 0) close(*fd);
  *fd = -1;
}

int staging_open_directory(int at, const char *name) {
  return UNINTERRUPTED(openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
}

bool staging_same_file(const struct stat *a, const struct stat *b) {
  return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

/* The locked file is the one that the next run would find: not one that a run removed when it ended. If that cannot be
   told, errno says why; else it is 0 or ENOENT. */
static bool still_there(const staging *s) {
  struct stat here, named;
  errno = 0;
  return fstat(s->hidden, &here) == 0 && fstatat(s->directory, s->hidden_name, &named, 0) == 0 &&
         staging_same_file(&here, &named) && fstat(s->lock, &here) == 0 &&
         fstatat(s->hidden, "lock", &named, 0) == 0 && staging_same_file(&here, &named);
}

/* made: this run made the lock, which is one by being there where a file system has no other. */
static bool lock_it(staging *s, bool made) {
  if (UNINTERRUPTED(flock(s->lock, LOCK_EX | LOCK_NB)) == 0) return true;
  if (errno == EWOULDBLOCK)
    return error_fail(BATCH_ERROR_IO, "%.700s: another run is writing it, expected none", s->names->path);
  if (errno != ENOSYS && errno != EOPNOTSUPP && errno != ENOLCK) return staging_hidden_fail(s, "flock");
  return made ||
         error_fail(BATCH_ERROR_IO,
                    "%.600s: found %.250s/lock, and this file system has no locks that would tell whether "
                    "another run is writing it; expected none: remove it if no run is",
                    s->names->path, s->hidden_name);
}

static int open_lock(const staging *s, int flags) {
  return UNINTERRUPTED(openat(s->hidden, "lock", O_RDWR | O_NOFOLLOW | O_CLOEXEC | flags, 0666));
}

static bool try_claim(staging *s, bool *claimed) {
  *claimed = false;
  if (mkdirat(s->directory, s->hidden_name, 0777) != 0 && errno != EEXIST)
    return file_fail(s->names->path, "create a directory beside it");
  s->hidden = staging_open_directory(s->directory, s->hidden_name);
  if (s->hidden < 0) return errno == ENOENT || staging_hidden_fail(s, "open");
  s->lock = open_lock(s, O_CREAT | O_EXCL);
  bool made = s->lock >= 0;
  if (!made && errno == EEXIST) s->lock = open_lock(s, 0);
  if (s->lock < 0) return errno == ENOENT || staging_hidden_fail(s, "create a lock in it");
  if (!lock_it(s, made)) return false;
  *claimed = still_there(s);
  return true;
}

/* The directory goes if it is empty: if nobody else has a lock in it. */
static bool give_up(staging *s) {
  staging_close_fd(&s->lock);
  unlinkat(s->directory, s->hidden_name, AT_REMOVEDIR);
  return false;
}

/* Between the steps another run may end and take its directory with it: then again. */
bool staging_claim(staging *s) {
  int number = 0;
  for (int attempt = 0; attempt < 100; attempt++) {
    bool claimed;
    if (!try_claim(s, &claimed)) return give_up(s);
    if (claimed) return true;
    number = errno;
    staging_close_fd(&s->lock);
    staging_close_fd(&s->hidden);
  }
  errno = number;
  return number == 0 || number == ENOENT
             ? error_fail(BATCH_ERROR_IO, "%.700s: other runs come and go beside it, expected none",
                          s->names->path)
             : staging_hidden_fail(s, "stat of it or its lock");
}
