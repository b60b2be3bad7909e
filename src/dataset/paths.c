#include "dataset/paths.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/path.h"
#include "dataset/path_glob.h"
#include "dataset/writer/staging_watch.h"

/* Takes over `path`. */
static bool append(path_list *list, char *path, size_t origin, bool listed, const struct stat *status) {
  if (list->count == list->capacity) {
    size_t capacity = list->capacity ? 2 * list->capacity : 16;
    path_entry *grown = reallocarray(list->entries, capacity, sizeof *grown);
    if (!grown) {
      error_set(BATCH_ERROR_OUT_OF_MEMORY, "%.700s: no memory for %zu paths", path, capacity);
      free(path);
      return false;
    }
    list->entries = grown;
    list->capacity = capacity;
  }
  list->entries[list->count++] = (path_entry){path, origin, listed, status->st_dev, status->st_ino};
  return true;
}

static int by_bytes(const void *a, const void *b) {
  return strcmp(((const path_entry *)a)->path, ((const path_entry *)b)->path);
}

static bool is_hidden(const char *path) {
  return path_name(path)[0] == '.';
}

/* Takes over `path`, which may be NULL, with an error set: what a directory or a pattern gave. */
static bool append_listed(path_list *list, char *path, size_t origin) {
  struct stat status;
  bool there = false;
  if (!path) return false;
  bool good = file_look_up(path, &status, &there);
  if (good && !there) good = file_fail(path, "open");
  if (good && !S_ISDIR(status.st_mode)) return append(list, path, origin, true, &status);
  free(path);
  return good;
}

static bool read_directory(path_list *list, DIR *directory, const char *path, size_t origin) {
  const char *separator = path_ends_with(path, "/") ? "" : "/";
  for (;;) {
    errno = 0;
    const struct dirent *entry = readdir(directory);
    if (!entry) return errno == 0 || file_fail(path, "readdir");
    if (is_hidden(entry->d_name)) continue;
    if (!append_listed(list, path_make("%s%s%s", path, separator, entry->d_name), origin)) return false;
  }
}

static bool add_directory(path_list *list, const char *path, size_t origin) {
  DIR *directory = opendir(path);
  if (!directory) return file_fail(path, "opendir");
  bool good = read_directory(list, directory, path, origin);
  closedir(directory);
  return good;
}

typedef struct match_run {
  path_list *list;
  size_t origin;
} match_run;

/* A name among a pattern's alternatives is read as when it is named alone, and must be there. */
static bool add_alternative(path_list *list, const char *path, size_t origin) {
  struct stat status;
  bool there;
  if (!file_look_up(path, &status, &there)) return false;
  if (there && S_ISDIR(status.st_mode)) return add_directory(list, path, origin);
  return append_listed(list, path_make("%s", path), origin);
}

static bool add_matches(void *context, const char *pattern) {
  match_run *run = context;
  if (!strpbrk(pattern, "*?[~\\")) return add_alternative(run->list, pattern, run->origin);
  glob_t found;
  if (!path_glob(pattern, &found)) return false;
  bool good = true;
  for (size_t i = 0; good && i < found.gl_pathc; i++)
    good = is_hidden(found.gl_pathv[i]) ||
           append_listed(run->list, path_make("%s", found.gl_pathv[i]), run->origin);
  globfree(&found);
  return good;
}

static bool add_named(path_list *list, const char *path, size_t origin, const struct stat *status) {
  char *copy = path_make("%s", path);
  return copy && append(list, copy, origin, false, status);
}

static bool in_one_directory(const char *a, const char *b) {
  size_t length = path_directory_bytes(a);
  return length == path_directory_bytes(b) && memcmp(a, b, length) == 0;
}

/* Every directory that was listed once, every file that was named. */
static bool watch(const path_list *list) {
  for (size_t i = 0; i < list->count; i++) {
    const path_entry *entry = &list->entries[i], *before = i > 0 ? entry - 1 : NULL;
    if (before && before->listed && entry->listed && in_one_directory(before->path, entry->path)) continue;
    if (!(entry->listed ? staging_watch_listing : staging_watch_file)(entry->path)) return false;
  }
  return true;
}

static bool expand_one(const char *path, size_t origin, path_list *list) {
  struct stat status;
  bool there;
  if (!file_look_up(path, &status, &there)) return false;
  if (there && !S_ISDIR(status.st_mode)) return add_named(list, path, origin, &status);
  if (!there && !strpbrk(path, "*?[{~")) return file_fail(path, "open");
  size_t first = list->count;
  if (!(there ? add_directory(list, path, origin)
              : path_braces(path, add_matches, &(match_run){list, origin})))
    return false;
  if (list->count == first)
    return error_fail(BATCH_ERROR_IO, "%.700s: %s, expected at least one", path,
                      there ? "no files in this directory" : "no file matches");
  qsort(list->entries + first, list->count - first, sizeof *list->entries, by_bytes);
  return true;
}

bool paths_expand(const char *function, const char *const *paths, size_t n, path_list *list) {
  for (size_t i = 0; i < n; i++) {
    if (!paths[i] || !*paths[i])
      return error_fail(BATCH_ERROR_INVALID_ARGUMENT, "%s: paths[%zu] is %s, expected a path", function, i,
                        paths[i] ? "empty" : "NULL");
    if (!expand_one(paths[i], i, list)) return false;
  }
  return watch(list) && paths_settle(list);
}

void paths_free(path_list *list) {
  for (size_t i = 0; i < list->count; i++) free(list->entries[i].path);
  free(list->entries);
  *list = (path_list){0};
}
