/* Moving files into and out of a staging directory, and ending what a killed run began. */
#include "dataset/writer/staging_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"

bool part_make(const staging *s, const char *part) {
  return mkdirat(s->hidden, part, 0777) == 0 || errno == EEXIST ||
         staging_hidden_fail(s, "create a directory in it");
}

bool part_open(const staging *s, const char *part, int *fd) {
  *fd = staging_open_directory(s->hidden, part);
  return *fd >= 0 || staging_hidden_fail(s, "open a directory in it");
}

bool part_rename(const staging *s, const char *from, const char *to) {
  return renameat(s->hidden, from, s->hidden, to) == 0 || staging_hidden_fail(s, "rename a directory in it");
}

/* In one step where the file system can; else look first. */
int staging_rename_new(int from, int to, const char *name) {
  struct stat status;
  if (file_rename_new(from, to, name) == 0) return 0;
  if (errno != EINVAL && errno != ENOSYS) return -1;
  if (fstatat(to, name, &status, AT_SYMLINK_NOFOLLOW) == 0)
    errno = EEXIST;
  else if (errno == ENOENT)
    return renameat(from, name, to, name);
  return -1;
}

void staging_add_stuck(staging *s, const char *name) {
  int number = errno;
  s->stuck = true;
  error_set(BATCH_ERROR_IO,
            "%.500s; then putting %.150s back failed: %s. It is whole, in %.150s beside the output: the next "
            "run with "
            "this output ends what this one began",
            batch_last_error()->message, name, strerror(number), s->hidden_name);
}

void staging_move_back(staging *s, int from, int to, const name_list *list, size_t count) {
  while (count-- > 0)
    if (staging_rename_new(to, from, list->names[count]) != 0) staging_add_stuck(s, list->names[count]);
}

bool staging_move_all(staging *s, int from, int to, const name_list *list) {
  for (size_t i = 0; i < list->count; i++) {
    if (staging_rename_new(from, to, list->names[i]) == 0) continue;
    staging_entry_fail(s, list->names[i], to == s->directory ? "rename to it" : "rename it");
    staging_move_back(s, from, to, list, i);
    return false;
  }
  return true;
}

static bool remove_files(const staging *s, int part) {
  name_list list = {0};
  bool good = name_list_read(&list, part, s->names->path, NULL, NULL);
  for (size_t i = 0; good && i < list.count; i++)
    if (unlinkat(part, list.names[i], 0) != 0 && errno != ENOENT)
      good = staging_hidden_fail(s, "unlink a file in it");
  name_list_free(&list);
  return good;
}

bool part_remove(const staging *s, const char *part) {
  int fd = staging_open_directory(s->hidden, part);
  if (fd < 0) return errno == ENOENT || staging_hidden_fail(s, "open a directory in it");
  bool good = remove_files(s, fd);
  close(fd);
  if (!good) return false;
  return unlinkat(s->hidden, part, AT_REMOVEDIR) == 0 || errno == ENOENT ||
         staging_hidden_fail(s, "rmdir in it");
}

bool part_remove_empty(const staging *s, const char *part) {
  return unlinkat(s->hidden, part, AT_REMOVEDIR) == 0 || errno == ENOENT ||
         staging_hidden_fail(s, "rmdir in it");
}

static bool is_there(const staging *s, const char *part, bool *there) {
  struct stat status;
  *there = fstatat(s->hidden, part, &status, AT_SYMLINK_NOFOLLOW) == 0;
  return *there || errno == ENOENT || staging_hidden_fail(s, "stat of a directory in it");
}

/* Moves all that is in a part to the output's directory: it belongs there. */
static bool move_out(staging *s, const char *part) {
  int fd;
  name_list list = {0};
  if (!part_open(s, part, &fd)) return false;
  bool good =
      name_list_read(&list, fd, s->names->path, NULL, NULL) && staging_move_all(s, fd, s->directory, &list);
  name_list_free(&list);
  close(fd);
  return good;
}

static bool end_what_was_begun(staging *s) {
  bool ready, old;
  if (!is_there(s, PART_READY, &ready) || !is_there(s, PART_OLD, &old)) return false;
  if (ready && !(move_out(s, PART_READY) && (!old || part_rename(s, PART_OLD, PART_GONE)))) return false;
  return ready || !old || move_out(s, PART_OLD);
}

bool staging_recover(staging *s) {
  s->stuck = true; /* until it is known that nothing precious is in there */
  if (!end_what_was_begun(s))
    return error_fail(batch_last_error()->code,
                      "%.300s: a run that was killed cannot be ended (its files are in %.150s): %.450s",
                      s->names->path, s->hidden_name, batch_last_error()->message);
  s->stuck = false;
  return part_remove_empty(s, PART_READY) && part_remove_empty(s, PART_OLD) && part_remove(s, PART_GONE) &&
         part_remove(s, PART_FRESH);
}
