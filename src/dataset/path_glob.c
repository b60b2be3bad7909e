/* glibc's glob(3) takes a directory that it cannot read to the end for a shorter one. So it is given functions of ours to
   read with (GLOB_ALTDIRFUNC); a C library that does not take any reports it by itself. What glob calls is given no
   argument, and finds the search at hand in a place of the calling thread's. */
#include "dataset/path_glob.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/path.h"

enum { MOST_FOLDERS = 16, MOST_BRACES = 64 };

static _Thread_local struct search {
  const char *pattern;
  bool failed; /* and the first failure is the last error */
} * search;

static void fail_search(const char *path, const char *call) {
  if (!search->failed) file_fail(path, call);
  search->failed = true;
}

/* Of what a pattern matches as a directory on the way. */
static int look_at_file(const char *restrict path, struct stat *restrict status) {
  bool there = false;
  if (!search->failed) search->failed = !file_look_up(path, status, &there);
  return there ? 0 : -1;
}

/* A directory on the way that is not there, or none, has no matches. */
static int directory_failed(const char *path, int number) {
  struct stat status;
  if (number == ENOTDIR) return 0;
  if (number == ENOENT && look_at_file(path, &status) != 0) return search->failed;
  errno = number;
  fail_search(path, "opendir");
  return 1;
}

#ifdef GLOB_ALTDIRFUNC
static void *open_directory(const char *path) {
  return opendir(path);
}

static struct dirent *read_directory(void *directory) {
  errno = 0;
  struct dirent *entry = readdir(directory);
  if (!entry && errno) fail_search(search->pattern, "readdir");
  return entry;
}

static void close_directory(void *directory) {
  closedir(directory); /* it was only read */
}

static int look_at_link(const char *restrict path, struct stat *restrict status) {
  int result = lstat(path, status);
  if (result != 0 && errno != ENOENT && errno != ENOTDIR) fail_search(path, "lstat");
  return result;
}

static int search_names(const char *pattern, int flags, glob_t *found) {
  *found = (glob_t){.gl_opendir = open_directory,
                    .gl_readdir = read_directory,
                    .gl_closedir = close_directory,
                    .gl_stat = look_at_file,
                    .gl_lstat = look_at_link};
  return glob(pattern, flags | GLOB_ALTDIRFUNC, directory_failed, found);
}
#else
static int search_names(const char *pattern, int flags, glob_t *found) {
  *found = (glob_t){0};
  return glob(pattern, flags, directory_failed, found);
}
#endif

/* glob(3) takes some 1.5 KB of the caller's stack for each folder from the first wildcard on, and more for a long name. */
static bool is_within_limits(const char *pattern) {
  unsigned folders = 0;
  const char *wild = strpbrk(pattern, "*?[");
  for (const char *at = wild ? strchr(wild, '/') : NULL; at; at = strchr(at + 1, '/')) folders++;
  if (folders > MOST_FOLDERS)
    return error_fail(BATCH_ERROR_IO, "%.700s: %u folders from the first wildcard on, expected at most %d",
                      pattern, folders, MOST_FOLDERS);
  if (strlen(pattern) < PATH_MAX) return true;
  return error_fail(BATCH_ERROR_IO, "%.700s: a pattern of %zu bytes, expected less than %d", pattern,
                    strlen(pattern), PATH_MAX);
}

bool path_glob(const char *pattern, glob_t *found) {
  if (!is_within_limits(pattern)) return false;
  struct search here = {pattern, false};
  search = &here;
  int result = search_names(pattern, GLOB_NOSORT | GLOB_TILDE, found);
  search = NULL;
  if ((result == 0 || result == GLOB_NOMATCH) && !here.failed) return true;
  globfree(found);
  /* All else by which glob(3) ends has been reported. */
  return !here.failed && error_fail(BATCH_ERROR_OUT_OF_MEMORY, "%.700s: no memory for what matches", pattern);
}

/* The comma or brace that ends the alternative that begins at `from`; NULL: none does. */
static const char *end_of_alternative(const char *from) {
  for (int depth = 0; *from; from++) {
    if (depth == 0 && (*from == ',' || *from == '}')) return from;
    depth += (*from == '{') - (*from == '}');
  }
  return NULL;
}

/* The first brace that has alternatives, and where it closes; as in a shell, {} and {a} are names. */
static const char *find_braces(const char *pattern, const char **close) {
  for (const char *open = strchr(pattern, '{'); open; open = strchr(open + 1, '{')) {
    const char *end = end_of_alternative(open + 1);
    if (!end || *end == '}') continue;
    while (end && *end == ',') end = end_of_alternative(end + 1);
    *close = end;
    if (end) return open;
  }
  return NULL;
}

/* NOLINTNEXTLINE(misc-no-recursion): at most MOST_BRACES deep */
static bool show_braces(const char *pattern, unsigned depth, path_visitor visitor, void *context) {
  const char *close, *open = find_braces(pattern, &close);
  if (!open) return visitor(context, pattern);
  if (depth == MOST_BRACES)
    return error_fail(BATCH_ERROR_IO, "%.700s: more than %d braces, expected fewer", pattern, MOST_BRACES);
  bool good = true;
  for (const char *from = open + 1, *to; good && from <= close; from = to + 1) {
    to = end_of_alternative(from);
    char *one = path_make("%.*s%.*s%s", (int)(open - pattern), pattern, (int)(to - from), from, close + 1);
    good = one && show_braces(one, depth + 1, visitor, context);
    free(one);
  }
  return good;
}

bool path_braces(const char *pattern, path_visitor visitor, void *context) {
  return show_braces(pattern, 0, visitor, context);
}
