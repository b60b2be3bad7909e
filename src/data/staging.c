#include "data/staging.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "data/file.h"
#include "data/name_list.h"

enum { SHOWN = 1024 };

static const char fresh_name[] = "new", ready_name[] = "ready", old_name[] = "old", gone_name[] = "gone";

/* errno, about a call on an entry of the output's directory. */
static bool entry_fail(const staging *s, const char *entry, const char *call) {
  char shown[SHOWN];
  int number = errno;
  output_shown(s->names, entry, shown, sizeof shown);
  errno = number;
  return file_fail(shown, call);
}

/* errno, about a call on the hidden directory. */
static bool hidden_fail(const staging *s, const char *call) {
  char shown[SHOWN];
  int number = errno;
  snprintf(shown, sizeof shown, "%.600s: %.250s", s->names->path, s->hidden_name);
  errno = number;
  return file_fail(shown, call);
}

static void close_fd(int *fd) {
  if (*fd >= 0) close(*fd);
  *fd = -1;
}

/* ---- the hidden directory and its lock */

static int open_directory(int at, const char *name) {
  return TEMP_FAILURE_RETRY(openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
}

static bool open_output_directory(staging *s) {
  const char *path = *s->names->directory ? s->names->directory : ".";
  s->directory = TEMP_FAILURE_RETRY(open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  return s->directory >= 0 || file_fail(s->names->path, "open its directory");
}

static bool same_file(const struct stat *a, const struct stat *b) {
  return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

/* The locked file is the one that the next run would find: not one that a run removed when it ended. */
static bool still_there(const staging *s) {
  struct stat here, named;
  return fstat(s->hidden, &here) == 0 && fstatat(s->directory, s->hidden_name, &named, 0) == 0 &&
         same_file(&here, &named) && fstat(s->lock, &here) == 0 &&
         fstatat(s->hidden, "lock", &named, 0) == 0 && same_file(&here, &named);
}

/* made: this run made the hidden directory, which is a lock where a file system has no other. */
static bool lock_it(staging *s, bool made) {
  if (TEMP_FAILURE_RETRY(flock(s->lock, LOCK_EX | LOCK_NB)) == 0) return true;
  if (errno == EWOULDBLOCK)
    return error_fail(BATCH_IO_ERROR, "%.700s: another run is writing it, expected none", s->names->path);
  if (errno != ENOSYS && errno != EOPNOTSUPP && errno != ENOLCK) return hidden_fail(s, "flock");
  return made || error_fail(BATCH_IO_ERROR,
                            "%.600s: found %.250s, and this file system has no locks that would tell whether "
                            "another run is writing it; expected none: remove it if no run is",
                            s->names->path, s->hidden_name);
}

static bool try_claim(staging *s, bool *claimed) {
  bool made = mkdirat(s->directory, s->hidden_name, 0777) == 0;
  *claimed = false;
  if (!made && errno != EEXIST) return file_fail(s->names->path, "create a directory beside it");
  s->hidden = open_directory(s->directory, s->hidden_name);
  if (s->hidden < 0) return errno == ENOENT || hidden_fail(s, "open");
  s->lock = TEMP_FAILURE_RETRY(openat(s->hidden, "lock", O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0666));
  if (s->lock < 0) return errno == ENOENT || hidden_fail(s, "create a lock in it");
  if (!lock_it(s, made)) return false;
  *claimed = still_there(s);
  return true;
}

/* Between the steps another run may end and take its directory with it: then again. */
static bool claim(staging *s) {
  for (int attempt = 0; attempt < 100; attempt++) {
    bool claimed;
    if (!try_claim(s, &claimed)) return close_fd(&s->lock), false;
    if (claimed) return true;
    close_fd(&s->lock);
    close_fd(&s->hidden);
  }
  return error_fail(BATCH_IO_ERROR, "%.700s: other runs come and go beside it, expected none",
                    s->names->path);
}

/* ---- moving files */

static bool open_part(const staging *s, const char *part, int *fd) {
  *fd = open_directory(s->hidden, part);
  return *fd >= 0 || hidden_fail(s, "open a directory in it");
}

static bool rename_part(const staging *s, const char *from, const char *to) {
  return renameat(s->hidden, from, s->hidden, to) == 0 || hidden_fail(s, "rename a directory in it");
}

/* As rename, but never over what is there: RENAME_NOREPLACE where the file system has it; else look first. */
static int rename_new(int from, int to, const char *name) {
  struct stat status;
  if (renameat2(from, name, to, name, RENAME_NOREPLACE) == 0) return 0;
  if (errno != EINVAL && errno != ENOSYS) return -1;
  if (fstatat(to, name, &status, AT_SYMLINK_NOFOLLOW) == 0) return errno = EEXIST, -1;
  return errno == ENOENT ? renameat(from, name, to, name) : -1;
}

/* Adds to the error at hand that a file could not be put back. */
static void add_stuck(staging *s, const char *name) {
  char before[SHOWN], room[128];
  int number = errno;
  snprintf(before, sizeof before, "%.500s", batch_last_error()->message);
  s->stuck = true;
  error_set(
      BATCH_IO_ERROR,
      "%s; then putting %.150s back failed: %s. It is whole, in %.150s beside the output: the next run with "
      "this output ends what this one began",
      before, name, strerror_r(number, room, sizeof room), s->hidden_name);
}

/* Takes back the moves of the first `count` names, last one first. */
static void move_back(staging *s, int from, int to, const name_list *list, size_t count) {
  while (count-- > 0)
    if (rename_new(to, from, list->names[count]) != 0) add_stuck(s, list->names[count]);
}

/* Moves files; when one fails, those before it are taken back. */
static bool move_all(staging *s, int from, int to, const name_list *list) {
  for (size_t i = 0; i < list->count; i++) {
    if (rename_new(from, to, list->names[i]) == 0) continue;
    entry_fail(s, list->names[i], to == s->directory ? "rename to it" : "rename it");
    return move_back(s, from, to, list, i), false;
  }
  return true;
}

static void reverse(name_list *list) {
  for (size_t i = 0, k = list->count; i + 1 < k; i++) {
    char *name = list->names[i];
    list->names[i] = list->names[--k];
    list->names[k] = name;
  }
}

/* ---- removing */

static bool remove_files(const staging *s, int part) {
  name_list list = {0};
  bool good = name_list_read(&list, part, s->names->path, NULL, NULL);
  for (size_t i = 0; good && i < list.count; i++)
    if (unlinkat(part, list.names[i], 0) != 0 && errno != ENOENT)
      good = hidden_fail(s, "unlink a file in it");
  name_list_free(&list);
  return good;
}

static bool remove_part(const staging *s, const char *part) {
  int fd = open_directory(s->hidden, part);
  if (fd < 0) return errno == ENOENT || hidden_fail(s, "open a directory in it");
  bool good = remove_files(s, fd);
  close(fd);
  if (!good) return false;
  return unlinkat(s->hidden, part, AT_REMOVEDIR) == 0 || errno == ENOENT || hidden_fail(s, "rmdir in it");
}

/* A part that should be empty; what is in it all the same stays. */
static bool remove_empty(const staging *s, const char *part) {
  return unlinkat(s->hidden, part, AT_REMOVEDIR) == 0 || errno == ENOENT || hidden_fail(s, "rmdir in it");
}

/* ---- what a killed run left */

static bool is_there(const staging *s, const char *part, bool *there) {
  struct stat status;
  *there = fstatat(s->hidden, part, &status, AT_SYMLINK_NOFOLLOW) == 0;
  return *there || errno == ENOENT || hidden_fail(s, "stat of a directory in it");
}

/* Moves all that is in a part to the output's directory: it belongs there. */
static bool move_out(staging *s, const char *part) {
  int fd;
  name_list list = {0};
  if (!open_part(s, part, &fd)) return false;
  bool good = name_list_read(&list, fd, s->names->path, NULL, NULL) && move_all(s, fd, s->directory, &list);
  name_list_free(&list);
  close(fd);
  return good;
}

static bool end_what_was_begun(staging *s) {
  bool ready, old;
  if (!is_there(s, ready_name, &ready) || !is_there(s, old_name, &old)) return false;
  if (ready && !(move_out(s, ready_name) && (!old || rename_part(s, old_name, gone_name)))) return false;
  return ready || !old || move_out(s, old_name);
}

static bool recover(staging *s) {
  s->stuck = true; /* until it is known that nothing precious is in there */
  if (!end_what_was_begun(s)) {
    char before[SHOWN];
    batch_status code = batch_last_error()->code;
    snprintf(before, sizeof before, "%s", batch_last_error()->message);
    return error_fail(code, "%.300s: a run that was killed cannot be ended (its files are in %.150s): %.450s",
                      s->names->path, s->hidden_name, before);
  }
  s->stuck = false;
  return remove_empty(s, ready_name) && remove_empty(s, old_name) && remove_part(s, gone_name) &&
         remove_part(s, fresh_name);
}

/* ---- looking before the work */

static bool owns(const void *context, const char *name) {
  return output_owns(context, name);
}

/* Nothing but a directory can take the place of one, so this never moves the file; but what else would
   refuse to move it away (a sticky directory, an immutable file) is asked before that. */
static bool can_be_moved(const staging *s, const char *name) {
  return renameat(s->directory, name, s->hidden, fresh_name) == 0 || errno == EISDIR || errno == EEXIST ||
         errno == ENOTEMPTY || entry_fail(s, name, "replace it");
}

static bool can_be_replaced(const staging *s, const char *name) {
  struct stat status;
  char shown[SHOWN];
  if (fstatat(s->directory, name, &status, AT_SYMLINK_NOFOLLOW) != 0)
    return errno == ENOENT || entry_fail(s, name, "stat");
  if (S_ISREG(status.st_mode)) return can_be_moved(s, name);
  output_shown(s->names, name, shown, sizeof shown);
  return error_fail(BATCH_IO_ERROR, "%.700s: is %s, expected a regular file or none", shown,
                    S_ISDIR(status.st_mode)   ? "a directory"
                    : S_ISLNK(status.st_mode) ? "a link"
                                              : "a device, a pipe or a socket");
}

static bool exists_fail(const staging *s, const char *name) {
  char shown[SHOWN];
  output_shown(s->names, name, shown, sizeof shown);
  return error_fail(BATCH_IO_ERROR, "%.700s: exists, expected a new file (overwrite is not set)", shown);
}

/* The first token file of a list, or its first name. */
static const char *first_token_file(const name_list *list) {
  for (size_t i = 0; i < list->count; i++)
    if (!output_is_companion(list->names[i])) return list->names[i];
  return list->names[0];
}

/* What the run owns and is there; without overwrite nothing may be. */
static bool list_owned(const staging *s, name_list *list) {
  if (!name_list_read(list, s->directory, s->names->path, owns, s->names)) return false;
  if (!s->overwrite && list->count > 0) return exists_fail(s, first_token_file(list));
  for (size_t i = 0; i < list->count; i++)
    if (!can_be_replaced(s, list->names[i])) return false;
  return true;
}

static bool look(const staging *s) {
  name_list list = {0};
  bool good = list_owned(s, &list);
  name_list_free(&list);
  return good;
}

static bool make_part(const staging *s, const char *part) {
  return mkdirat(s->hidden, part, 0777) == 0 || errno == EEXIST || hidden_fail(s, "create a directory in it");
}

/* old/ is only used in the end, when it is too late to find that there is no room for it. */
static bool make_parts(staging *s) {
  return make_part(s, fresh_name) && open_part(s, fresh_name, &s->fresh) &&
         (!s->overwrite || make_part(s, old_name));
}

static bool name_hidden(staging *s) {
  if (asprintf(&s->hidden_name, ".%.200s.headrace", s->names->name) >= 0) return true;
  s->hidden_name = NULL;
  return error_fail(BATCH_OUT_OF_MEMORY, "%.700s: no memory for its name", s->names->path);
}

bool staging_open(staging *s, const output_names *names, bool overwrite) {
  *s = STAGING_CLOSED;
  s->names = names;
  s->overwrite = overwrite;
  s->process = getpid();
  if (!name_hidden(s) || !open_output_directory(s)) return staging_close(s), false;
  if (claim(s) && recover(s) && make_parts(s) && look(s)) return true;
  batch_error error = *batch_last_error();
  char sentence[SHOWN];
  snprintf(sentence, sizeof sentence, "%s", error.message);
  staging_close(s);
  return error_fail(error.code, "%s", sentence);
}

/* path: behind all links, from the root. */
static bool is_owned_path(const staging *s, char *path, bool *owned) {
  struct stat here, there;
  char *slash = strrchr(path, '/');
  if (!output_owns(s->names, slash + 1)) return true;
  slash[slash == path] = 0; /* "/x" lies in "/" */
  if (fstat(s->directory, &here) != 0 || stat(path, &there) != 0) return file_fail(path, "stat");
  *owned = same_file(&here, &there);
  return true;
}

bool staging_replaces(const staging *s, const char *path, bool *replaces) {
  *replaces = false;
  if (!s->overwrite) return true;
  char *real = realpath(path, NULL);
  if (!real) return file_fail(path, "follow its links");
  bool good = is_owned_path(s, real, replaces);
  free(real);
  return good;
}

bool staging_inherit(const staging *s, const char *name, int fd) {
  struct stat old, now;
  if (!s->overwrite) return true;
  if (fstatat(s->directory, name, &old, AT_SYMLINK_NOFOLLOW) != 0)
    return errno == ENOENT || entry_fail(s, name, "stat");
  if (fstat(fd, &now) != 0) return entry_fail(s, name, "stat");
  bool others = old.st_uid != now.st_uid || old.st_gid != now.st_gid;
  if (others && fchown(fd, old.st_uid, old.st_gid) != 0 && errno != EPERM)
    return entry_fail(s, name, "fchown"); /* EPERM: who may not give files away keeps them */
  return fchmod(fd, old.st_mode & 0777) == 0 || entry_fail(s, name, "fchmod");
}

/* ---- publishing */

/* Makes the new names survive a loss of power. */
static bool sync_directory(const staging *s) {
  return TEMP_FAILURE_RETRY(fsync(s->directory)) == 0 || errno == EINVAL ||
         file_fail(s->names->path, "fsync of its directory");
}

/* The error at hand came when the files were in place. */
static bool written_but(const staging *s) {
  char before[SHOWN];
  batch_status code = batch_last_error()->code;
  snprintf(before, sizeof before, "%s", batch_last_error()->message);
  return error_fail(code, "%.400s: what was written is whole and in its place; but then: %.550s",
                    s->names->path, before);
}

static bool place_one(staging *s, const char *name) {
  if ((s->overwrite ? renameat(s->fresh, name, s->directory, name)
                    : rename_new(s->fresh, s->directory, name)) != 0)
    return entry_fail(s, name, "rename to it");
  return sync_directory(s) || written_but(s);
}

/* The new files into their places; when they are there, what was moved aside is no longer wanted. */
static bool place_fresh(staging *s, const name_list *list, bool replacing) {
  if (!rename_part(s, fresh_name, ready_name)) return false;
  if (move_all(s, s->fresh, s->directory, list)) {
    if (sync_directory(s) && (!replacing || rename_part(s, old_name, gone_name))) return true;
    move_back(s, s->fresh, s->directory, list, list->count);
  }
  if (!s->stuck && renameat(s->hidden, ready_name, s->hidden, fresh_name) != 0) add_stuck(s, ready_name);
  return false;
}

static bool replace(staging *s, const name_list *fresh, name_list *stale) {
  int old;
  if (stale->count == 0) return place_fresh(s, fresh, false);
  if (!open_part(s, old_name, &old)) return false;
  reverse(stale); /* token files first */
  bool good = move_all(s, s->directory, old, stale);
  if (good && !place_fresh(s, fresh, true)) {
    if (!s->stuck) move_back(s, s->directory, old, stale, stale->count);
    good = false;
  }
  close(old);
  return good;
}

static bool end_replacing(staging *s) {
  return (rename_part(s, ready_name, fresh_name) && remove_part(s, gone_name)) || written_but(s);
}

/* Without overwrite nothing may have come up meanwhile that readers would take for a companion. */
static bool look_beside(const staging *s, const name_list *fresh) {
  struct stat status;
  char companion[NAME_MAX + 16];
  for (size_t i = 0; i < fresh->count; i++)
    for (unsigned k = 0; output_companion(fresh->names[i], k, companion, sizeof companion); k++) {
      if (output_is_companion(fresh->names[i])) break;
      if (fstatat(s->directory, companion, &status, AT_SYMLINK_NOFOLLOW) == 0)
        return exists_fail(s, companion);
      if (errno != ENOENT && errno != ENAMETOOLONG) return entry_fail(s, companion, "stat");
    }
  return true;
}

static bool publish(staging *s, name_list *fresh, name_list *stale) {
  if (!name_list_read(fresh, s->fresh, s->names->path, NULL, NULL)) return false;
  if (!(s->overwrite ? list_owned(s, stale) : look_beside(s, fresh))) return false;
  bool same = stale->count == 0 || (stale->count == 1 && strcmp(stale->names[0], fresh->names[0]) == 0);
  if (fresh->count == 1 && same) return place_one(s, fresh->names[0]);
  return replace(s, fresh, stale) && end_replacing(s);
}

bool staging_publish(staging *s) {
  name_list fresh = {0}, stale = {0};
  bool good = publish(s, &fresh, &stale);
  name_list_free(&fresh);
  name_list_free(&stale);
  return good;
}

/* ---- the end */

/* The lock goes first while it is held: who opened it meanwhile sees that it is not there and begins
   again. */
static bool remove_hidden(staging *s) {
  if (!remove_part(s, fresh_name) || !remove_part(s, gone_name) || !remove_empty(s, ready_name) ||
      !remove_empty(s, old_name))
    return false;
  if (unlinkat(s->hidden, "lock", 0) != 0 && errno != ENOENT) return hidden_fail(s, "unlink the lock in it");
  return unlinkat(s->directory, s->hidden_name, AT_REMOVEDIR) == 0 || errno == ENOENT || errno == ENOTEMPTY ||
         errno == EEXIST || hidden_fail(s, "rmdir");
}

bool staging_is_foreign(const staging *s) {
  return s->process != getpid();
}

bool staging_close(staging *s) {
  bool mine = s->lock >= 0 && !staging_is_foreign(s), good = !mine || s->stuck || remove_hidden(s);
  if (mine) flock(s->lock, LOCK_UN); /* also for what a child has inherited */
  close_fd(&s->lock);
  close_fd(&s->fresh);
  close_fd(&s->hidden);
  close_fd(&s->directory);
  free(s->hidden_name);
  s->hidden_name = NULL;
  return good;
}

bool staging_end(staging *s) {
  return staging_close(s) || written_but(s);
}
