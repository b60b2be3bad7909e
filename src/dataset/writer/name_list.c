#include "dataset/writer/name_list.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "dataset/writer/output_names.h"

static int in_place_order(const void *a, const void *b) {
  const char *x = *(char *const *)a, *y = *(char *const *)b;
  int companions = output_is_companion(y) - output_is_companion(x);
  return companions ? companions : strcmp(x, y);
}

static bool append(name_list *list, const char *name, const char *path) {
  if (list->count == list->capacity) {
    size_t capacity = list->capacity ? 2 * list->capacity : 16;
    char **grown = reallocarray(list->names, capacity, sizeof *grown);
    if (!grown)
      return error_fail(BATCH_ERROR_OUT_OF_MEMORY, "%.700s: no memory for the names beside it", path);
    list->names = grown;
    list->capacity = capacity;
  }
  char *copy = strdup(name);
  if (!copy) return error_fail(BATCH_ERROR_OUT_OF_MEMORY, "%.700s: no memory for the names beside it", path);
  list->names[list->count++] = copy;
  return true;
}

static bool read_all(name_list *list, DIR *stream, const char *path, name_filter filter,
                     const void *context) {
  for (struct dirent *entry; errno = 0, (entry = readdir(stream));) {
    if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) continue;
    if (filter && !filter(context, entry->d_name)) continue;
    if (!append(list, entry->d_name, path)) return false;
  }
  return errno == 0 || file_fail(path, "readdir of its directory");
}

bool name_list_read(name_list *list, int directory, const char *path, name_filter filter,
                    const void *context) {
  int fd = UNINTERRUPTED(openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  DIR *stream = fd >= 0 ? fdopendir(fd) : NULL;
  if (!stream) {
    file_fail(path, "open its directory");
    if (fd >= 0) close(fd);
    return false;
  }
  bool good = read_all(list, stream, path, filter, context);
  closedir(stream);
  if (list->count > 0) qsort(list->names, list->count, sizeof *list->names, in_place_order);
  return good;
}

void name_list_free(name_list *list) {
  for (size_t i = 0; i < list->count; i++) free(list->names[i]);
  free(list->names);
  *list = (name_list){0};
}
