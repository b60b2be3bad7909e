/* A loader's state as a file: its bytes. */
#include <unistd.h>

#include "base/file.h"
#include "base/replace.h"
#include "loader/loader_internal.h"

static const char begin[] = "hd_race"; /* of batch_loader_state.magic, in every version */

static bool check(const char *function, const void *state, const char *path) {
  if (!state || !path)
    return error_fail(BATCH_ERROR_INVALID_ARGUMENT, "%s: %s is NULL", function, state ? "path" : "state");
  return *path ||
         error_fail(BATCH_ERROR_INVALID_ARGUMENT, "%s: path is empty, expected the name of a file", function);
}

bool batch_loader_state_save(const batch_loader_state *state, const char *path) {
  static const char function[] = "batch_loader_state_save";
  if (!check(function, state, path)) return false;
  if (!loader_state_is_sound(state))
    return error_fail(BATCH_ERROR_INVALID_ARGUMENT,
                      "%s: state is no state of a loader of this version, or was damaged", function);
  return replace_file(path, state, sizeof *state, "a loader's state", begin, sizeof begin - 1) ||
         error_name(function);
}

static bool read_state(const char *path, batch_loader_state *state) {
  int fd;
  uint64_t bytes;
  if (!file_open(path, &fd, &bytes)) return false;
  bool whole = bytes == sizeof *state
                   ? file_read_at(fd, path, 0, state, sizeof *state)
                   : error_fail(BATCH_ERROR_FORMAT,
                                "%.700s: found %" PRIu64 " bytes, expected the %zu of a loader's state", path,
                                bytes, sizeof *state);
  close(fd);
  if (!whole) return false;
  return loader_state_is_sound(state) ||
         error_fail(BATCH_ERROR_FORMAT, "%.700s: is no state of a loader of this version, or was damaged",
                    path);
}

bool batch_loader_state_load(batch_loader_state *state, const char *path) {
  static const char function[] = "batch_loader_state_load";
  batch_loader_state read;
  if (!check(function, state, path)) return false;
  if (!read_state(path, &read)) return error_name(function);
  *state = read;
  return true;
}
