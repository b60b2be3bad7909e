/* Files that stand for another one, its companions, and names that stand for the same file. A file is
   known by device and inode: links and ./ make many names of one. */
#include <stdlib.h>

#include "base/file.h"
#include "base/path.h"
#include "dataset/paths.h"

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
    {".bin.loss", ".bin", false, false},
    {".npy.loss", ".npy", false, false},
    {".metadata", "", false, true},
    {".loss", "", false, true},
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

/* The names of a file, from the first to before *end; NULL: it has none here. */
static path_entry **find_file(path_entry **sorted, size_t count, const struct stat *status,
                              path_entry ***end) {
  path_entry key = {.device = status->st_dev, .inode = status->st_ino}, *address = &key;
  path_entry **first = bsearch(&address, sorted, count, sizeof *sorted, by_file);
  if (!first) return *end = NULL;
  for (*end = first; *end < sorted + count && is_file(**end, status); ++*end) {
  }
  while (first > sorted && is_file(first[-1], status)) first--;
  return first;
}

/* Whether an .idx is the one that would be found beside this .bin. */
static bool is_index_of(const path_entry *index, const path_entry *bin, bool *result) {
  struct stat status;
  *result = false;
  if (!path_ends_with(bin->path, ".bin")) return true;
  char *path = path_replace_suffix(bin->path, ".bin", ".idx");
  if (!path) return false;
  bool good = file_look_up(path, &status, result);
  *result = *result && is_file(index, &status);
  free(path);
  return good;
}

/* Beside its .bin an .idx is dropped. */
static bool settle_index(const path_entry *entry, path_entry **bin, path_entry **end, bool *drop) {
  for (; bin != end && !*drop; bin++)
    if (!is_index_of(entry, *bin, drop)) return false;
  return true;
}

static bool settle_companion(const path_entry *entry, const companion_kind *kind, const char *main,
                             path_entry **sorted, size_t count, bool *drop) {
  struct stat status;
  bool there;
  if (!file_look_up(main, &status, &there)) return false;
  if (!there || !S_ISREG(status.st_mode))
    return kind->ordinary ||
           error_fail(BATCH_ERROR_IO, "%.400s: belongs to %.400s, which is not there", entry->path, main);
  path_entry **end, **found = find_file(sorted, count, &status, &end);
  if (kind->data) return settle_index(entry, found, end, drop);
  *drop = found != NULL;
  return found || error_fail(BATCH_ERROR_INVALID_ARGUMENT,
                             "%.400s: belongs to %.400s and is no data of its own, expected that file",
                             entry->path, main);
}

static bool settle_entry(const path_entry *entry, path_entry **sorted, size_t count, bool *drop) {
  const companion_kind *kind = kind_of(entry->path);
  *drop = false;
  if (!kind) return true;
  char *main = path_replace_suffix(entry->path, kind->suffix, kind->main);
  if (!main) return false;
  bool good = settle_companion(entry, kind, main, sorted, count, drop);
  free(main);
  return good;
}

/* The names of one file in the order of the list. */
static int by_file_and_place(const void *a, const void *b) {
  int order = by_file(a, b);
  const path_entry *left = *(path_entry *const *)a, *right = *(path_entry *const *)b;
  return order ? order : left < right ? -1 : left > right;
}

static void sort_by_file(path_list *list, path_entry **sorted) {
  for (size_t i = 0; i < list->count; i++) sorted[i] = &list->entries[i];
  qsort(sorted, list->count, sizeof *sorted, by_file_and_place);
}

/* A dropped entry has no path. */
static void drop(path_entry *entry) {
  free(entry->path);
  entry->path = NULL;
}

static void remove_dropped(path_list *list) {
  size_t kept = 0;
  for (size_t i = 0; i < list->count; i++)
    if (list->entries[i].path) list->entries[kept++] = list->entries[i];
  list->count = kept;
}

/* `dropped` has room for a mark an entry: companions are told apart before the first goes. */
static bool drop_companions(path_list *list, path_entry **sorted, bool *dropped) {
  sort_by_file(list, sorted);
  for (size_t i = 0; i < list->count; i++)
    if (!settle_entry(&list->entries[i], sorted, list->count, &dropped[i])) return false;
  for (size_t i = 0; i < list->count; i++)
    if (dropped[i]) drop(&list->entries[i]);
  remove_dropped(list);
  return true;
}

static bool is_link(const path_entry *entry, bool *link) {
  struct stat status;
  bool good = lstat(entry->path, &status) == 0 || file_fail(entry->path, "lstat");
  *link = good && S_ISLNK(status.st_mode);
  return good;
}

/* What one directory or pattern gives under two names is one file; its own name goes before a link's. */
static bool merge(path_entry **kept, path_entry *again) {
  path_entry *first = *kept;
  bool first_link, again_link;
  if (!first->listed || !again->listed || first->origin != again->origin ||
      path_ends_with(first->path, ".idx") || path_ends_with(again->path, ".idx"))
    return error_fail(BATCH_ERROR_INVALID_ARGUMENT,
                      "%.400s and %.400s are the same file, expected every file once", first->path,
                      again->path);
  if (!is_link(first, &first_link) || !is_link(again, &again_link)) return false;
  bool better = first_link && !again_link;
  drop(better ? first : again);
  if (better) *kept = again;
  return true;
}

/* An .idx without its .bin in the list stands for it. */
static bool stand_for_bin(path_entry *entry) {
  struct stat status;
  bool there;
  if (!path_ends_with(entry->path, ".idx")) return true;
  char *bin = path_replace_suffix(entry->path, ".idx", ".bin");
  if (!bin) return false;
  bool good = file_look_up(bin, &status, &there);
  free(bin);
  if (!good || !there) return good;
  entry->device = status.st_dev;
  entry->inode = status.st_ino;
  return true;
}

static bool merge_names(path_list *list, path_entry **sorted) {
  for (size_t i = 0; i < list->count; i++)
    if (!stand_for_bin(&list->entries[i])) return false;
  sort_by_file(list, sorted);
  path_entry *kept = list->count > 0 ? sorted[0] : NULL;
  for (size_t i = 1; i < list->count; i++)
    if (by_file(&kept, &sorted[i]) != 0)
      kept = sorted[i];
    else if (!merge(&kept, sorted[i]))
      return false;
  remove_dropped(list);
  return true;
}

bool paths_settle(path_list *list) {
  path_entry **sorted = calloc(list->count + 1, sizeof *sorted);
  bool *dropped = calloc(list->count + 1, sizeof *dropped);
  bool good = sorted && dropped ? drop_companions(list, sorted, dropped) && merge_names(list, sorted)
                                : error_fail(BATCH_ERROR_OUT_OF_MEMORY, "%.700s: no memory for %zu paths",
                                             list->entries[0].path, list->count);
  free(sorted);
  free(dropped);
  return good;
}
