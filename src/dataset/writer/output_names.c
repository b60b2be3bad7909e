#include "dataset/writer/output_names.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/path.h"
#include "dataset/formats/format.h"
#include "dataset/token_type.h"

static const char *const suffixes[] = {".metadata", ".index", ".loss"}; /* put behind a token file's name */

bool output_is_companion(const char *name) {
  for (size_t i = 0; i < sizeof suffixes / sizeof *suffixes; i++)
    if (path_ends_with(name, suffixes[i])) return true;
  return path_ends_with(name, ".idx");
}

/* The path of the token file: Megatron's index stands for it, and where a format has a suffix it is put
   behind a name that lacks it. */
static char *with_suffix(const char *path, batch_format format) {
  if (format == BATCH_FORMAT_MEGATRON && path_ends_with(path, ".idx"))
    return path_replace_suffix(path, ".idx", ".bin");
  const char *suffix = format_of(format)->output->suffix;
  return path_make("%s%s", path, path_ends_with(path, suffix) ? "" : suffix);
}

static bool check_words(const char *path) {
  if (strcmp(path, "-") == 0)
    return error_fail(BATCH_ERROR_INVALID_ARGUMENT,
                      "%s: stands for the standard output, expected a file: shards are not written there",
                      path);
  return *path_name(path) ||
         error_fail(BATCH_ERROR_INVALID_ARGUMENT, "%.700s: names a directory, expected a file", path);
}

/* What is there is a regular file, or a link to one, or nothing. */
static bool check_there(const char *path, bool *link) {
  struct stat status;
  bool there = lstat(path, &status) == 0;
  *link = there && S_ISLNK(status.st_mode);
  if (!there && errno != ENOENT) return file_fail(path, "stat");
  if (*link && stat(path, &status) != 0)
    return errno == ENOENT
               ? error_fail(BATCH_ERROR_IO, "%.700s: a link to what is not there, expected a link to a file",
                            path)
               : file_fail(path, "stat");
  return !there || S_ISREG(status.st_mode) ||
         error_fail(BATCH_ERROR_IO, "%.700s: is %s, expected a regular file or a name that is free", path,
                    S_ISDIR(status.st_mode) ? "a directory" : "a device, a pipe or a socket");
}

/* A reader must find the format: from the bytes (llm.c, npy), from companions, or by the name. */
static bool check_name(const char *path, batch_format format) {
  batch_format found = format_by_name(path);
  bool companion = output_is_companion(path);
  return (!companion &&
          (found == BATCH_FORMAT_AUTO || found == BATCH_FORMAT_HEADERLESS || found == format)) ||
         error_fail(BATCH_ERROR_INVALID_ARGUMENT,
                    "%.700s: would be read as %s, expected a name that ends in .bin, .u16 or .u32", path,
                    companion ? "a companion of another file" : batch_format_name(found));
}

/* The type of the tokens belongs to the extension: .u32.bin. */
static int stem_length(const char *name) {
  const char *dot = strrchr(name, '.'), *end = name + strlen(name);
  if (!dot) return (int)(end - name);
  if (path_ends_with(name, ".bin") && token_type_of_name(name))
    dot = memrchr(name, '.', (size_t)(dot - name));
  return (int)(dot - name);
}

static bool split(output_names *o, const char *path) {
  const char *name = path_name(path);
  o->directory = path_make("%.*s", (int)(name - path), path);
  o->name = path_make("%s", name);
  o->stem = stem_length(name);
  return o->directory && o->name;
}

/* What stands beside the link would be read with it, but is not the run's to remove. */
static bool check_beside_link(const char *path) {
  char companion[PATH_MAX];
  struct stat status;
  for (unsigned i = 0; output_companion(path, i, companion, sizeof companion); i++) {
    if (lstat(companion, &status) == 0)
      return error_fail(BATCH_ERROR_IO, "%.400s: exists, expected none beside %.400s, which is a link",
                        companion, path);
    if (errno != ENOENT && errno != ENAMETOOLONG) return file_fail(companion, "stat");
  }
  return true;
}

/* Files are replaced where they are: behind the link that names them. */
static bool split_behind_link(output_names *o, batch_format format) {
  char *real = realpath(o->path, NULL);
  if (!real) return file_fail(o->path, "follow the link");
  bool good = check_name(real, format) && check_beside_link(o->path) && split(o, real);
  free(real);
  return good;
}

bool output_names_settle(output_names *o, const char *path, batch_format format) {
  *o = (output_names){0};
  if (!check_words(path) || !check_there(path, &o->linked)) return false;
  o->path = with_suffix(path, format);
  if (!o->path || !check_name(o->path, format) || !check_there(o->path, &o->linked)) return false;
  return o->linked ? split_behind_link(o, format) : split(o, o->path);
}

void output_names_free(output_names *o) {
  free(o->path);
  free(o->directory);
  free(o->name);
  *o = (output_names){0};
}

char *output_shard_name(const output_names *o, uint64_t number) {
  return path_make("%.*s_%06" PRIu64 "%s", o->stem, o->name, number, o->name + o->stem);
}

/* The bytes of a shard's number at the start of `text`: six digits, or more without a zero before them. */
static size_t number_length(const char *text) {
  size_t digits = strspn(text, "0123456789");
  return digits == 6 || (digits > 6 && *text != '0') ? digits : 0;
}

char *output_of_shard(const char *name) {
  int stem = stem_length(name);
  const char *mark = memrchr(name, '_', (size_t)stem);
  size_t number = mark ? number_length(mark + 1) : 0;
  bool numbered = number > 0 && mark + 1 + number == name + stem;
  return path_make("%.*s%s", (int)(numbered ? mark - name : stem), name, name + stem);
}

/* Whether the first `length` bytes of an entry are the output's name or that of one of its shards. */
static bool is_token_file(const output_names *o, const char *entry, size_t length) {
  size_t stem = (size_t)o->stem, extension = strlen(o->name) - stem, number;
  if (length < stem + extension || memcmp(entry, o->name, stem) != 0 ||
      memcmp(entry + length - extension, o->name + stem, extension) != 0)
    return false;
  if (length == stem + extension) return true;
  if (entry[stem] != '_') return false;
  number = number_length(entry + stem + 1);
  return number > 0 && length == stem + 1 + number + extension;
}

bool output_owns(const output_names *o, const char *entry) {
  size_t length = strlen(entry);
  if (is_token_file(o, entry, length)) return true;
  for (size_t i = 0; i < sizeof suffixes / sizeof *suffixes; i++)
    if (path_ends_with(entry, suffixes[i]) && is_token_file(o, entry, length - strlen(suffixes[i])))
      return true;
  char bin[NAME_MAX + 1];
  if (length > NAME_MAX || !path_ends_with(entry, ".idx")) return false;
  memcpy(bin, entry, length - 4);
  memcpy(bin + length - 4, ".bin", 5);
  return is_token_file(o, bin, length);
}

uint64_t output_number(const output_names *o, const char *entry) {
  const char *mark = entry + o->stem;
  return strlen(entry) > (size_t)o->stem && *mark == '_' ? strtoull(mark + 1, NULL, 10) : 0;
}

bool output_companion(const char *token_name, unsigned i, char *companion, size_t room) {
  unsigned count = sizeof suffixes / sizeof *suffixes;
  int stem = (int)strlen(token_name);
  if (path_ends_with(token_name, ".bin") && i == count) {
    snprintf(companion, room, "%.*s.idx", stem - 4, token_name);
    return true;
  }
  if (i < count) snprintf(companion, room, "%s%s", token_name, suffixes[i]);
  return i < count;
}

void output_shown(const output_names *o, const char *entry, char *shown, size_t room) {
  if (strcmp(entry, o->name) == 0)
    snprintf(shown, room, "%s", o->path);
  else
    snprintf(shown, room, "%s%s", o->directory, entry);
}
