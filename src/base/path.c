#include "base/path.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"

const char *path_name(const char *path) {
  const char *slash = strrchr(path, '/');
  return slash ? slash + 1 : path;
}

size_t path_directory_bytes(const char *path) {
  return (size_t)(path_name(path) - path);
}

bool path_ends_with(const char *path, const char *suffix) {
  size_t length = strlen(path), tail = strlen(suffix);
  return length >= tail && strcmp(path + length - tail, suffix) == 0;
}

char *path_make(const char *format, ...) {
  char start[701];
  va_list arguments;
  va_start(arguments, format);
  int length = vsnprintf(start, sizeof start, format, arguments);
  va_end(arguments);
  char *path = length < 0 ? NULL : malloc((size_t)length + 1);
  if (!path) return error_null(BATCH_ERROR_OUT_OF_MEMORY, "%s: no memory for its name", start);
  va_start(arguments, format);
  vsnprintf(path, (size_t)length + 1, format, arguments);
  va_end(arguments);
  return path;
}

char *path_replace_suffix(const char *path, const char *suffix, const char *replacement) {
  return path_make("%.*s%s", (int)(strlen(path) - strlen(suffix)), path, replacement);
}
