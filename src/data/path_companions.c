/* Files that stand for another one, its companions, and names that stand for the same file. A file is
   known by device and inode: links and ./ make many names of one. */
#include <inttypes.h>
#include <stdlib.h>

#include "data/file.h"
#include "data/paths.h"

typedef struct companion_kind {
  const char *suffix, *main; /* main: what stands in its place in the name of the file it belongs to */
  bool data;                 /* names its file: the caller may name either */
  bool ordinary;             /* any file, where the one it would belong to is not there */
} companion_kind;

static const companion_kind kinds[] = {
    {".idx", ".bin", true, true},
    {".ds.index", ".ds", false, false},
    {".ds.loss", ".ds", false, false},
    {".ds.metadata", ".ds", false, false},
    {".bin.metadata", ".bin", false, false},
    {".metadata", "", false, true},
};

static const companion_kind *kind_of(const char *path) {
  for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
    if (path_ends_with(path, kinds[i].suffix)) return &kinds[i];
  return NULL;
}

static int by_file(const void *a, const void *b) {
  const path_entry *left = *(path_entry *const *)a, *right = *(path_entry *const *)b;
  if (left->device != right->device) return left->device < right->device ? -1 : 1;
  return left->inode == right->inode ? 0 : left->inode < right->inode ? -1 : 1;
}

static bool is_file(const path_entry *entry, const struct stat *status) {
  return entry->device == status->st_dev && entry->inode == status->st_ino;
}

static path_entry *find_file(path_entry **sorted, size_t count, const struct stat *status) {
  path_entry key = {.device = status->st_dev, .inode = status->st_ino}, *address = &key;
  path_entry **found = bsearch(&address, sorted, count, sizeof *sorted, by_file);
  return found ? *found : NULL;
}

/* Whether an .idx is the one that would be found beside this .bin. */
static bool is_index_of(const path_entry *index, const path_entry *bin, bool *result) {
  struct stat status;
  *result = false;
  if (!path_ends_with(bin->path, ".bin")) return true;
  char *path = path_replace_suffix(bin->path, ".bin", ".idx");
  if (!path) return error_fail(BATCH_OUT_OF_MEMORY, "%.700s: no memory for the path of its index", bin->path);
  bool good = file_look_up(path, &status, result);
  *result = *result && is_file(index, &status);
  free(path);
  return good;
}

/* An .idx stands for its .bin; beside that it is dropped. */
static bool settle_index(path_entry *entry, const path_entry *bin, const struct stat *status, bool *drop) {
  if (bin && !is_index_of(entry, bin, drop)) return false;
  if (*drop) return true;
  entry->device = status->st_dev;
  entry->inode = status->st_ino;
  return true;
}

static bool settle_companion(path_entry *entry, const companion_kind *kind, const char *main,
                             path_entry **sorted, size_t count, bool *drop) {
  struct stat status;
  bool there;
  if (!file_look_up(main, &status, &there)) return false;
  if (!there || !S_ISREG(status.st_mode))
    return kind->ordinary ||
           error_fail(BATCH_IO_ERROR, "%.400s: belongs to %.400s, which is not there", entry->path, main);
  const path_entry *found = find_file(sorted, count, &status);
  if (kind->data) return settle_index(entry, found, &status, drop);
  *drop = found != NULL;
  return found || error_fail(BATCH_INVALID_ARGUMENT,
                             "%.400s: belongs to %.400s and is no data of its own, expected that file",
                             entry->path, main);
}

static bool settle_entry(path_entry *entry, path_entry **sorted, size_t count, bool *drop) {
  const companion_kind *kind = kind_of(entry->path);
  *drop = false;
  if (!kind) return true;
  char *main = path_replace_suffix(entry->path, kind->suffix, kind->main);
  if (!main)
    return error_fail(BATCH_OUT_OF_MEMORY, "%.700s: no memory for the path of its file", entry->path);
  bool good = settle_companion(entry, kind, main, sorted, count, drop);
  free(main);
  return good;
}

static void sort_by_file(path_list *list, path_entry **sorted) {
  for (size_t i = 0; i < list->count; i++) sorted[i] = &list->entries[i];
  qsort(sorted, list->count, sizeof *sorted, by_file);
}

/* `drop` has room for a mark an entry. */
static bool drop_companions(path_list *list, path_entry **sorted, bool *drop) {
  sort_by_file(list, sorted);
  for (size_t i = 0; i < list->count; i++)
    if (!settle_entry(&list->entries[i], sorted, list->count, &drop[i])) return false;
  size_t kept = 0;
  for (size_t i = 0; i < list->count; i++)
    if (drop[i])
      free(list->entries[i].path);
    else
      list->entries[kept++] = list->entries[i];
  list->count = kept;
  return true;
}

static bool refuse_twice(path_list *list, path_entry **sorted) {
  sort_by_file(list, sorted);
  for (size_t i = 1; i < list->count; i++)
    if (by_file(&sorted[i - 1], &sorted[i]) == 0)
      return error_fail(BATCH_INVALID_ARGUMENT,
                        "%.400s and %.400s are the same file, expected every file once", sorted[i - 1]->path,
                        sorted[i]->path);
  return true;
}

bool paths_settle(path_list *list) {
  path_entry **sorted = calloc(list->count + 1, sizeof *sorted);
  bool *drop = calloc(list->count + 1, sizeof *drop);
  bool good = sorted && drop ? drop_companions(list, sorted, drop) && refuse_twice(list, sorted)
                             : error_fail(BATCH_OUT_OF_MEMORY, "batch_dataset_open: no memory for %zu paths",
                                          list->count);
  free(sorted);
  free(drop);
  return good;
}
