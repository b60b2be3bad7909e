#include "dataset/writer/staging_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/path.h"
#include "sync/thread.h"

static void reverse(name_list *list) {
  for (size_t i = 0, k = list->count; i + 1 < k; i++) {
    char *name = list->names[i];
    list->names[i] = list->names[--k];
    list->names[k] = name;
  }
}

/* The names that are to be free: all that the run owns, but for its first shards. */
typedef struct free_names {
  const output_names *names;
  uint64_t shards;
} free_names;

static bool is_among(const void *context, const char *name) {
  const free_names *f = context;
  if (!output_owns(f->names, name)) return false;
  uint64_t number = output_number(f->names, name);
  return number == 0 || number > f->shards;
}

/* Nothing but a directory can take the place of one, so this never moves the file; but what else would
   refuse to move it away (a sticky directory, an immutable file) is asked before that. */
static bool can_be_moved(const staging *s, const char *name) {
  return renameat(s->directory, name, s->hidden, PART_FRESH) == 0 || errno == EISDIR || errno == EEXIST ||
         errno == ENOTEMPTY || staging_entry_fail(s, name, "replace it");
}

static bool can_be_replaced(const staging *s, const char *name) {
  struct stat status;
  char shown[SHOWN];
  if (fstatat(s->directory, name, &status, AT_SYMLINK_NOFOLLOW) != 0)
    return errno == ENOENT || staging_entry_fail(s, name, "stat");
  if (S_ISREG(status.st_mode)) return can_be_moved(s, name);
  output_shown(s->names, name, shown, sizeof shown);
  return error_fail(BATCH_ERROR_IO, "%.700s: is %s, expected a regular file or none", shown,
                    S_ISDIR(status.st_mode)   ? "a directory"
                    : S_ISLNK(status.st_mode) ? "a link"
                                              : "a device, a pipe or a socket");
}

static bool is_kept(const staging *s) {
  struct stat status;
  return fstatat(s->hidden, STAGING_RECORD, &status, AT_SYMLINK_NOFOLLOW) == 0;
}

static bool exists_fail(const staging *s, const char *name, bool unfinished) {
  char shown[SHOWN];
  output_shown(s->names, name, shown, sizeof shown);
  return error_fail(BATCH_ERROR_IO,
                    "%.700s: exists%s, expected none (%sto replace it: options.overwrite, --force)", shown,
                    unfinished ? ", of a run that is not finished" : "",
                    unfinished ? "to go on with that: options.continue_run, --continue; " : "");
}

/* The first token file of a list, or its first name. */
static const char *first_token_file(const name_list *list) {
  for (size_t i = 0; i < list->count; i++)
    if (!output_is_companion(list->names[i])) return list->names[i];
  return list->names[0];
}

/* What the run owns and is there, but for its first shards; without overwrite nothing may be. */
static bool list_owned(const staging *s, uint64_t shards, name_list *list) {
  const free_names wanted = {s->names, shards};
  if (!name_list_read(list, s->directory, s->names->path, is_among, &wanted)) return false;
  if (!s->overwrite && list->count > 0)
    return exists_fail(s, first_token_file(list), shards == 0 && is_kept(s));
  for (size_t i = 0; i < list->count; i++)
    if (!can_be_replaced(s, list->names[i])) return false;
  return true;
}

bool staging_look(const staging *s, uint64_t shards) {
  name_list list = {0};
  bool good = list_owned(s, shards, &list);
  name_list_free(&list);
  return good;
}

/* old/ is only used in the end, when it is too late to find that there is no room for it. */
static bool make_parts(staging *s) {
  return part_make(s, PART_FRESH) && part_open(s, PART_FRESH, &s->fresh) &&
         (!s->overwrite || part_make(s, PART_OLD));
}

static bool open_output_directory(staging *s) {
  const char *path = *s->names->directory ? s->names->directory : ".";
  s->directory = UNINTERRUPTED(open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  return s->directory >= 0 || file_fail(s->names->path, "open its directory");
}

/* A directory in the hidden one, and once more to list it. */
static bool keep_spare(staging *s) {
  for (int i = 0; i < 2; i++)
    if ((s->spare[i] = fcntl(s->directory, F_DUPFD_CLOEXEC, 0)) < 0)
      return file_fail(s->names->path, "open what ending the run takes");
  return true;
}

static void use_spare(staging *s) {
  for (int i = 0; i < 2; i++) staging_close_fd(&s->spare[i]);
}

bool staging_open(staging *s, const output_names *names, bool overwrite) {
  *s = STAGING_CLOSED;
  s->names = names;
  s->overwrite = overwrite;
  if (thread_prepare() != 0)
    return error_fail(BATCH_ERROR_OUT_OF_MEMORY, "%.700s: no memory to notice a fork", names->path);
  s->generation = thread_generation();
  s->hidden_name = staging_hidden_name(names->name);
  if (s->hidden_name && open_output_directory(s) && keep_spare(s) && staging_claim(s) && staging_recover(s) &&
      make_parts(s))
    return true;
  batch_error error = *batch_last_error();
  char sentence[SHOWN];
  snprintf(sentence, sizeof sentence, "%s", error.message);
  staging_close(s);
  return error_fail(error.code, "%s", sentence);
}

/* path: behind all links, from the root. */
static bool is_owned_path(const staging *s, char *path, bool *owned) {
  struct stat here, there;
  size_t directory = path_directory_bytes(path);
  if (!output_owns(s->names, path + directory)) return true;
  path[directory] = 0;
  if (fstat(s->directory, &here) != 0 || stat(path, &there) != 0) return file_fail(path, "stat");
  *owned = staging_same_file(&here, &there);
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
    return errno == ENOENT || staging_entry_fail(s, name, "stat");
  if (fstat(fd, &now) != 0) return staging_entry_fail(s, name, "stat");
  bool others = old.st_uid != now.st_uid || old.st_gid != now.st_gid;
  if (others && fchown(fd, old.st_uid, old.st_gid) != 0 && !file_cannot_change(errno))
    return staging_entry_fail(s, name, "fchown"); /* EPERM: who may not give files away keeps them */
  return file_set_mode(fd, old.st_mode & 0777) == 0 || staging_entry_fail(s, name, "fchmod");
}

static bool sync_directory(const staging *s) {
  return file_sync_directory(s->directory, s->names->path);
}

/* The error at hand came when the files were in place. */
static bool written_but(const staging *s) {
  const batch_error *error = batch_last_error();
  return error_fail(error->code, "%.400s: what was written is whole and in its place; but then: %.550s",
                    s->names->path, error->message);
}

static bool place_one(staging *s, const char *name) {
  if ((s->overwrite ? renameat(s->fresh, name, s->directory, name)
                    : staging_rename_new(s->fresh, s->directory, name)) != 0)
    return staging_entry_fail(s, name, "rename to it");
  return sync_directory(s) || written_but(s);
}

/* The new files into their places; when they are there, what was moved aside is no longer wanted. */
static bool place_fresh(staging *s, const name_list *list, bool replacing) {
  if (!part_rename(s, PART_FRESH, PART_READY)) return false;
  if (staging_move_all(s, s->fresh, s->directory, list)) {
    if (sync_directory(s) && (!replacing || part_rename(s, PART_OLD, PART_GONE))) return true;
    staging_move_back(s, s->fresh, s->directory, list, list->count);
  }
  if (!s->stuck && renameat(s->hidden, PART_READY, s->hidden, PART_FRESH) != 0)
    staging_add_stuck(s, PART_READY);
  return false;
}

static bool replace(staging *s, const name_list *fresh, name_list *stale) {
  int old;
  if (stale->count == 0) return place_fresh(s, fresh, false);
  if (!part_open(s, PART_OLD, &old)) return false;
  reverse(stale); /* token files first */
  bool good = staging_move_all(s, s->directory, old, stale);
  if (good && !place_fresh(s, fresh, true)) {
    if (!s->stuck) staging_move_back(s, s->directory, old, stale, stale->count);
    good = false;
  }
  close(old);
  return good;
}

static bool end_replacing(staging *s) {
  return (part_rename(s, PART_READY, PART_FRESH) && part_remove(s, PART_GONE)) || written_but(s);
}

/* Without overwrite nothing may have come up meanwhile that readers would take for a companion. */
static bool look_beside(const staging *s, const name_list *fresh) {
  struct stat status;
  char companion[NAME_MAX + 16];
  for (size_t i = 0; i < fresh->count; i++)
    for (unsigned k = 0; output_companion(fresh->names[i], k, companion, sizeof companion); k++) {
      if (output_is_companion(fresh->names[i])) break;
      if (fstatat(s->directory, companion, &status, AT_SYMLINK_NOFOLLOW) == 0)
        return exists_fail(s, companion, false);
      if (errno != ENOENT && errno != ENAMETOOLONG) return staging_entry_fail(s, companion, "stat");
    }
  return true;
}

/* What is kept of a run goes before its shards do, or it would be held against others. */
static bool publish(staging *s, name_list *fresh, name_list *stale) {
  if (!name_list_read(fresh, s->fresh, s->names->path, NULL, NULL)) return false;
  if (!(s->overwrite ? list_owned(s, 0, stale) && staging_forget(s) : look_beside(s, fresh))) return false;
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

static bool remove_entry(const staging *s, const char *name, const char *call) {
  return unlinkat(s->hidden, name, 0) == 0 || errno == ENOENT || staging_hidden_fail(s, call);
}

bool staging_forget(const staging *s) {
  return remove_entry(s, STAGING_RECORD, "unlink what is kept in it");
}

/* The lock goes first while it is held: who opened it meanwhile sees that it is not there and begins
   again. */
static bool remove_hidden(staging *s) {
  if (!part_remove(s, PART_FRESH) || !part_remove(s, PART_GONE) || !part_remove_empty(s, PART_READY) ||
      !part_remove_empty(s, PART_OLD) || !remove_entry(s, STAGING_RECORD_NEW, "unlink a file in it") ||
      !remove_entry(s, "lock", "unlink the lock in it"))
    return false;
  /* NOLINTNEXTLINE(clang-analyzer-core.NonNullParamChecker): whoever holds the lock has the name */
  return unlinkat(s->directory, s->hidden_name, AT_REMOVEDIR) == 0 || errno == ENOENT || errno == ENOTEMPTY ||
         errno == EEXIST || staging_hidden_fail(s, "rmdir");
}

bool staging_is_foreign(const staging *s) {
  return s->generation != thread_generation();
}

bool staging_close(staging *s) {
  use_spare(s);
  bool mine = s->lock >= 0 && !staging_is_foreign(s), good = !mine || s->stuck || remove_hidden(s);
  if (mine) flock(s->lock, LOCK_UN); /* also for what a child has inherited */
  staging_close_fd(&s->lock);
  staging_close_fd(&s->fresh);
  staging_close_fd(&s->hidden);
  staging_close_fd(&s->directory);
  free(s->hidden_name);
  s->hidden_name = NULL;
  return good;
}

bool staging_end(staging *s) {
  bool forgotten = staging_forget(s) || written_but(s);
  return (staging_close(s) || written_but(s)) && forgotten;
}
