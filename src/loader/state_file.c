/* A loader's state as a file: its bytes. */
#include <unistd.h>

#include "base/file.h"
#include "base/replace.h"
#include "loader/loader_internal.h"
#include "sync/thread.h"

static const char begin[] = "hd_race"; /* of batch_loader_state.magic, in every version */

static bool check(const char *function, const void *state, const char *path) {
  if (!state || !path)
    return error_fail(BATCH_ERROR_INVALID_ARGUMENT, "%s: %s is NULL", function, state ? "path" : "state");
  return *path ||
         error_fail(BATCH_ERROR_INVALID_ARGUMENT, "%s: path is empty, expected the name of a file", function);
}

bool batch_loader_state_save(const batch_loader_state *state, const char *path) {
  HOLD_CANCELLATION;
  static const char function[] = "batch_loader_state_save";
  if (!check(function, state, path)) return false;
  if (!loader_state_is_sound(state))
    return error_fail(BATCH_ERROR_INVALID_ARGUMENT,
                      "%s: state is no state of a loader of this version, or was damaged", function);
  return replace_file(path, state, loader_state_bytes(state->num_skips), "a loader's state", begin,
                      sizeof begin - 1) ||
         error_name(function);
}

/* Reads what may be a state of so many skips; one that is damaged is found by its hash. */
static bool read_bytes(int fd, const char *path, uint64_t bytes, batch_loader_state *state) {
  size_t fixed = loader_state_bytes(0), skip = loader_state_bytes(1) - fixed;
  if (bytes >= fixed && bytes <= sizeof *state && (bytes - fixed) % skip == 0)
    return file_read_at(fd, path, 0, state, (size_t)bytes);
  return error_fail(BATCH_ERROR_FORMAT,
                    "%.700s: found %" PRIu64
                    " bytes, expected the %zu of a loader's state and %zu for each skip",
                    path, bytes, fixed, skip);
}

static bool read_state(const char *path, batch_loader_state *state) {
  int fd;
  uint64_t bytes;
  *state = (batch_loader_state){0};
  if (!file_open(path, &fd, &bytes)) return false;
  bool whole = read_bytes(fd, path, bytes, state);
  close(fd);
  if (!whole) return false;
  return (loader_state_is_sound(state) && bytes == loader_state_bytes(state->num_skips)) ||
         error_fail(BATCH_ERROR_FORMAT, "%.700s: is no state of a loader of this version, or was damaged",
                    path);
}

bool batch_loader_state_load(batch_loader_state *state, const char *path) {
  HOLD_CANCELLATION;
  static const char function[] = "batch_loader_state_load";
  batch_loader_state read;
  if (!check(function, state, path)) return false;
  if (!read_state(path, &read)) return error_name(function);
  *state = read;
  return true;
}
