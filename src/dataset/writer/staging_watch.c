#include "dataset/writer/staging_watch.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/path.h"
#include "dataset/writer/staging_internal.h"

/* NULL where there is no such directory, or none that may be read: then nobody has listed it, or its files
   cannot be read either. */
static bool open_if_there(const char *path, DIR **stream) {
  *stream = opendir(path);
  return *stream || errno == ENOENT || errno == ENOTDIR || errno == EACCES || errno == ENAMETOOLONG ||
         file_fail(path, "opendir");
}

static bool next_name(DIR *stream, const char *path, const char **name) {
  errno = 0;
  const struct dirent *entry = readdir(stream);
  *name = entry ? entry->d_name : NULL;
  return entry || errno == 0 || file_fail(path, "readdir");
}

static bool check_empty(DIR *stream, const char *path, const char *part) {
  const char *name;
  do
    if (!next_name(stream, part, &name)) return false;
  while (name && (strcmp(name, ".") == 0 || strcmp(name, "..") == 0));
  return !name ||
         error_fail(BATCH_ERROR_IO,
                    "%.350s: found %.350s/%.200s, which a run puts there while it replaces files, and leaves "
                    "there when it is killed meanwhile; expected none: try again, or tokenize to that "
                    "output again",
                    path, part, name);
}

static bool check_part(const char *path, const char *hidden, const char *part) {
  char full[PATH_MAX];
  DIR *stream;
  snprintf(full, sizeof full, "%.*s%s/%s", (int)path_directory_bytes(path), path, hidden, part);
  if (!open_if_there(full, &stream)) return false;
  bool good = !stream || check_empty(stream, path, full);
  if (stream) closedir(stream);
  return good;
}

static bool check_hidden(const char *path, const char *hidden) {
  return check_part(path, hidden, PART_READY) && check_part(path, hidden, PART_OLD);
}

static bool check_all_hidden(DIR *stream, const char *path) {
  const char *name;
  do {
    if (!next_name(stream, path, &name)) return false;
    if (name && *name == '.' && path_ends_with(name, HIDDEN_SUFFIX) && !check_hidden(path, name))
      return false;
  } while (name);
  return true;
}

bool staging_watch_listing(const char *path) {
  int length = (int)path_directory_bytes(path);
  char *directory = path_make("%.*s", length ? length : 1, length ? path : ".");
  DIR *stream = NULL;
  bool good = directory && open_if_there(directory, &stream);
  if (stream) {
    good = check_all_hidden(stream, path);
    closedir(stream);
  }
  free(directory);
  return good;
}

/* Takes over `output`, which may be NULL, with an error set: looks for the run of that output. */
static bool check_run(const char *path, char *output) {
  char *hidden = output ? staging_hidden_name(output) : NULL;
  bool good = hidden && check_hidden(path, hidden);
  free(hidden);
  free(output);
  return good;
}

bool staging_watch_file(const char *path) {
  const char *name = path_name(path), *index = path_ends_with(name, ".idx") ? ".idx" : "";
  char *token_name = path_replace_suffix(name, index, *index ? ".bin" : "");
  bool good = token_name && check_run(path, path_make("%s", token_name)) &&
              check_run(path, output_of_shard(token_name));
  free(token_name);
  return good;
}
