#include "data/paths.h"

#include <dirent.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "data/file.h"

bool path_ends_with(const char *path, const char *suffix) {
  size_t length = strlen(path), tail = strlen(suffix);
  return length >= tail && strcmp(path + length - tail, suffix) == 0;
}

char *path_replace_suffix(const char *path, const char *suffix, const char *replacement) {
  char *result;
  int stem = (int)(strlen(path) - strlen(suffix));
  return asprintf(&result, "%.*s%s", stem, path, replacement) < 0 ? NULL : result;
}

static bool out_of_memory(void) {
  return error_fail(BATCH_OUT_OF_MEMORY, "batch_dataset_open: no memory for the paths");
}

/* Takes over `path`, which may be NULL for lack of memory. */
static bool append(path_list *list, char *path, size_t origin, bool listed) {
  if (path && list->count == list->capacity) {
    size_t capacity = list->capacity ? 2 * list->capacity : 16;
    path_entry *grown = reallocarray(list->entries, capacity, sizeof *grown);
    if (!grown) return free(path), out_of_memory();
    list->entries = grown;
    list->capacity = capacity;
  }
  if (!path) return out_of_memory();
  list->entries[list->count++] = (path_entry){path, origin, listed};
  return true;
}

static int by_bytes(const void *a, const void *b) {
  return strcmp(((const path_entry *)a)->path, ((const path_entry *)b)->path);
}

/* The .idx of a Megatron pair whose .bin is listed too. */
static bool is_second_of_pair(const path_list *list, size_t first, const path_entry *entry) {
  if (!path_ends_with(entry->path, ".idx")) return false;
  char *bin = path_replace_suffix(entry->path, ".idx", ".bin");
  path_entry key = {bin, 0, false};
  bool found = bin && bsearch(&key, list->entries + first, list->count - first, sizeof key, by_bytes);
  free(bin);
  return found;
}

static bool is_companion(const char *path) {
  const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
  return name[0] == '.' || path_ends_with(name, ".ds.index") || path_ends_with(name, ".ds.metadata");
}

/* Sorts what one directory or pattern gave and drops what is not a file of its own. */
static void tidy(path_list *list, size_t first) {
  if (list->count == first) return;
  qsort(list->entries + first, list->count - first, sizeof *list->entries, by_bytes);
  for (size_t i = first; i < list->count; i++)
    if (is_second_of_pair(list, first, &list->entries[i])) list->entries[i].origin = SIZE_MAX;
  size_t kept = first;
  for (size_t i = first; i < list->count; i++) {
    path_entry entry = list->entries[i];
    if (entry.origin == SIZE_MAX || is_companion(entry.path) || !file_exists(entry.path))
      free(entry.path);
    else
      list->entries[kept++] = entry;
  }
  list->count = kept;
}

static bool add_directory(path_list *list, const char *path, size_t origin) {
  DIR *directory = opendir(path);
  if (!directory) return file_fail(path, "opendir");
  bool good = true;
  const char *separator = path_ends_with(path, "/") ? "" : "/";
  for (struct dirent *entry; good && (entry = readdir(directory));) {
    char *full;
    if (asprintf(&full, "%s%s%s", path, separator, entry->d_name) < 0) full = NULL;
    good = append(list, full, origin, true);
  }
  closedir(directory);
  return good;
}

static bool add_matches(path_list *list, const char *pattern, size_t origin) {
  glob_t found;
  int result = glob(pattern, GLOB_NOSORT | GLOB_BRACE | GLOB_TILDE, NULL, &found);
  if (result == GLOB_NOSPACE) return out_of_memory();
  if (result != 0) return true;
  bool good = true;
  for (size_t i = 0; good && i < found.gl_pathc; i++)
    good = append(list, strdup(found.gl_pathv[i]), origin, true);
  globfree(&found);
  return good;
}

static bool expand_one(const char *path, size_t origin, path_list *list) {
  struct stat status;
  size_t first = list->count;
  bool exists = stat(path, &status) == 0;
  if (exists && !S_ISDIR(status.st_mode)) return append(list, strdup(path), origin, false);
  bool pattern = !exists && strpbrk(path, "*?[{~");
  if (!exists && !pattern) return file_fail(path, "open");
  if (!(exists ? add_directory(list, path, origin) : add_matches(list, path, origin))) return false;
  tidy(list, first);
  if (list->count > first) return true;
  return error_fail(BATCH_IO_ERROR, "%.700s: %s, expected at least one", path,
                    exists ? "no files in this directory" : "no file matches");
}

bool paths_expand(const char *const *paths, size_t n, path_list *list) {
  for (size_t i = 0; i < n; i++) {
    if (!paths[i] || !*paths[i])
      return error_fail(BATCH_INVALID_ARGUMENT, "batch_dataset_open: paths[%zu] is %s, expected a path", i,
                        paths[i] ? "empty" : "NULL");
    if (!expand_one(paths[i], i, list)) return false;
  }
  return true;
}

void paths_free(path_list *list) {
  for (size_t i = 0; i < list->count; i++) free(list->entries[i].path);
  free(list->entries);
  *list = (path_list){0};
}
