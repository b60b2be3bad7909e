#include "dataset/writer/shard_sizes.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/file.h"
#include "dataset/writer/staging_internal.h"

/* The names that the files of a shard may have, one after the other. */
typedef struct names {
  const staging *place;
  char *tokens;
  unsigned next;
  char name[NAME_MAX + 16]; /* the last one given */
} names;

static bool names_begin(names *n, const staging *place, uint64_t number) {
  *n = (names){.place = place, .tokens = output_shard_name(place->names, number)};
  return n->tokens;
}

static bool names_next(names *n) {
  if (n->next++ > 0) return output_companion(n->tokens, n->next - 2, n->name, sizeof n->name);
  snprintf(n->name, sizeof n->name, "%s", n->tokens);
  return true;
}

static void names_end(names *n) {
  free(n->tokens);
}

static bool no_file(const names *n) {
  char shown[SHOWN];
  output_shown(n->place->names, n->name, shown, sizeof shown);
  return error_fail(BATCH_ERROR_IO, "%.700s: found no regular file, expected one", shown);
}

static bool size_of(const names *n, int directory, uint64_t *bytes) {
  struct stat status;
  *bytes = SHARD_NO_FILE;
  if (fstatat(directory, n->name, &status, AT_SYMLINK_NOFOLLOW) != 0)
    return errno == ENOENT || errno == ENAMETOOLONG || staging_entry_fail(n->place, n->name, "stat");
  *bytes = (uint64_t)status.st_size;
  return S_ISREG(status.st_mode) || no_file(n);
}

bool shard_sizes_read(const staging *place, uint64_t number, shard_sizes *sizes) {
  names n;
  bool good = names_begin(&n, place, number);
  for (unsigned i = 0; i < SHARD_FILES; i++) sizes->bytes[i] = SHARD_NO_FILE;
  for (unsigned i = 0; good && names_next(&n); i++) good = size_of(&n, place->fresh, &sizes->bytes[i]);
  names_end(&n);
  return good;
}

static bool differs(const names *n, uint64_t found, uint64_t expected) {
  char shown[SHOWN], is[32] = "none", was[32] = "none";
  output_shown(n->place->names, n->name, shown, sizeof shown);
  if (found != SHARD_NO_FILE) snprintf(is, sizeof is, "%" PRIu64 " bytes", found);
  if (expected != SHARD_NO_FILE) snprintf(was, sizeof was, "%" PRIu64 " bytes", expected);
  return error_fail(
      BATCH_ERROR_IO,
      "%.500s: found %s, expected %s, as the unfinished run left it (to begin anew: options.overwrite, "
      "--force)",
      shown, is, was);
}

/* *there, *lacks: some are there; one is not. */
static bool check_each(names *n, const shard_sizes *sizes, bool *there, bool *lacks) {
  *there = *lacks = false;
  for (unsigned i = 0; names_next(n); i++) {
    uint64_t bytes;
    if (!size_of(n, n->place->directory, &bytes)) return false;
    *there |= bytes != SHARD_NO_FILE;
    *lacks |= bytes == SHARD_NO_FILE && sizes->bytes[i] != bytes;
    if (bytes != sizes->bytes[i] && *there) return differs(n, bytes, sizes->bytes[i]);
  }
  return true;
}

bool shard_sizes_check(const staging *place, uint64_t number, const shard_sizes *sizes, bool *there) {
  names n;
  bool lacks = false, good = names_begin(&n, place, number) && check_each(&n, sizes, there, &lacks);
  names_end(&n);
  return good && (!lacks || !*there || shard_sizes_missing(place, number, sizes));
}

bool shard_sizes_missing(const staging *place, uint64_t number, const shard_sizes *sizes) {
  names n;
  if (names_begin(&n, place, number) && names_next(&n)) differs(&n, SHARD_NO_FILE, sizes->bytes[0]);
  names_end(&n);
  return false;
}
