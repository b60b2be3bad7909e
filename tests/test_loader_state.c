/* A loader's state as a file. */
#include <headrace/headrace.h>

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "support/loader.h"

TestSuite(loader_state, .init = loader_begin, .fini = loader_end);

enum { BYTES = offsetof(batch_loader_state, skips) }; /* of a state without skips */

/* The state after some batches. */
static batch_loader_state state_after(unsigned steps) {
  batch_loader_options o = small_options();
  BatchLoader *loader = start_loader(dataset, &o);
  pass_batches(loader, steps);
  batch_loader_state state = state_of(loader);
  batch_loader_free(loader);
  return state;
}

static void save(const batch_loader_state *state, const char *path) {
  cr_assert(batch_loader_state_save(state, path), "%s", batch_last_error()->message);
}

static void assert_saved(const batch_loader_state *state, const char *path) {
  batch_loader_state read;
  cr_assert(batch_loader_state_load(&read, path), "%s", batch_last_error()->message);
  cr_assert_eq(memcmp(&read, state, sizeof read), 0);
}

Test(loader_state, a_run_goes_on_from_a_file) {
  batch_loader_state state = state_after(7), read;
  const char *path = path_of("state");
  save(&state, path);
  cr_assert(batch_loader_state_load(&read, path));
  batch_loader_options o = small_options();
  o.resume = &read;
  BatchLoader *loader = start_loader(dataset, &o);
  Batch *batch = batch_loader_next(loader);
  cr_assert_eq(batch->batch_id, 7);
  batch_release(batch);
  batch_loader_free(loader);
}

Test(loader_state, what_was_cut_off_or_damaged_is_refused_and_changes_nothing) {
  batch_loader_state state = state_after(3), read = state;
  uint8_t content[BYTES + 1] = {0};
  memcpy(content, &state, BYTES);
  for (size_t length = 0; length <= BYTES + 1; length++) {
    if (length == BYTES) continue;
    const char *path = write_data("cut", content, length);
    assert_refused(!batch_loader_state_load(&read, path), BATCH_ERROR_FORMAT,
                   "batch_loader_state_load: ", "cut: found",
                   "expected the 96 of a loader's state and 24 for each skip");
  }
  for (size_t bit = 0; bit < BYTES * 8; bit++) {
    content[bit / 8] ^= (uint8_t)(1 << bit % 8);
    const char *path = write_data("damaged", content, BYTES);
    assert_refused(!batch_loader_state_load(&read, path), BATCH_ERROR_FORMAT,
                   "damaged: ", "no state of a loader");
    content[bit / 8] ^= (uint8_t)(1 << bit % 8);
  }
  cr_assert_eq(memcmp(&read, &state, BYTES), 0);
  assert_saved(&state, write_data("whole", content, BYTES));
  assert_refused(!batch_loader_state_load(&read, path_of("none")), BATCH_ERROR_IO, "none: open");
  assert_refused(!batch_loader_state_load(&read, path_of("")), BATCH_ERROR_IO, "a directory");
  assert_refused(!batch_loader_state_load(NULL, "x"), BATCH_ERROR_INVALID_ARGUMENT, "state is NULL");
  assert_refused(!batch_loader_state_load(&read, NULL), BATCH_ERROR_INVALID_ARGUMENT, "path is NULL");
}

/* Whole skips may be missing, or be too many. */
Test(loader_state, a_file_with_another_number_of_skips_is_refused) {
  static const batch_loader_skip skips[] = {{0, 0, 1}, {0, 5, 1}, {9, 9, 9}};
  batch_loader_options o = small_options();
  batch_loader_state state, read;
  o.skips = skips;
  o.num_skips = 3;
  BatchLoader *loader = start_loader(dataset, &o);
  state = state_of(loader);
  batch_loader_free(loader);
  for (uint32_t n = 0; n <= BATCH_LOADER_MAX_SKIPS; n++) {
    const char *path = write_data("state", &state, BYTES + n * sizeof *skips);
    if (n == 3)
      assert_saved(&state, path);
    else
      assert_refused(!batch_loader_state_load(&read, path), BATCH_ERROR_FORMAT, "no state of a loader");
  }
  state.num_skips = BATCH_LOADER_MAX_SKIPS + 1;
  assert_refused(!batch_loader_state_save(&state, path_of("state")), BATCH_ERROR_INVALID_ARGUMENT, "damaged");
}

Test(loader_state, only_a_state_is_replaced) {
  batch_loader_state state = state_after(1), later = state_after(2);
  const char *path = path_of("state");
  save(&state, write_data("state", "", 0));
  save(&later, path);
  assert_saved(&later, path);
  state.magic += (uint64_t)1 << 56; /* of the next version */
  save(&later, write_data("state", &state, BYTES));
  const char *data = write_text("data", "some text that somebody needs");
  assert_refused(!batch_loader_state_save(&later, data), BATCH_ERROR_FORMAT,
                 "batch_loader_state_save: ", "data: found a file that is not a loader's state");
  assert_refused(!batch_loader_state_save(&later, path_of("")), BATCH_ERROR_IO, "a directory");
  assert_refused(!batch_loader_state_save(&later, path_of("none/state")), BATCH_ERROR_IO,
                 "none/state: create");
  assert_refused(!batch_loader_state_save(&later, ""), BATCH_ERROR_INVALID_ARGUMENT, "path is empty");
  assert_refused(!batch_loader_state_save(&later, NULL), BATCH_ERROR_INVALID_ARGUMENT, "path is NULL");
  assert_refused(!batch_loader_state_save(NULL, path), BATCH_ERROR_INVALID_ARGUMENT, "state is NULL");
  assert_refused(!batch_loader_state_save(&state, path), BATCH_ERROR_INVALID_ARGUMENT, "damaged");
  assert_saved(&later, path);
  cr_assert_eq(files_count(), 3, "t.bin, state and data: nothing is left beside");
}

Test(loader_state, a_link_is_followed_and_the_mode_kept) {
  batch_loader_state state = state_after(1);
  struct stat status;
  mode_t mask = umask(027);
  save(&state, path_of("new"));
  umask(mask);
  cr_assert(stat(path_of("new"), &status) == 0 && (status.st_mode & 0777) == 0640);
  cr_assert_eq(chmod(path_of("new"), 0604), 0);
  cr_assert_eq(symlink("new", path_of("link")), 0);
  state = state_after(2);
  save(&state, path_of("link"));
  assert_saved(&state, path_of("new"));
  cr_assert(lstat(path_of("link"), &status) == 0 && S_ISLNK(status.st_mode));
  cr_assert(stat(path_of("new"), &status) == 0 && (status.st_mode & 0777) == 0604);
  cr_assert_eq(symlink("nothing", path_of("nowhere")), 0);
  assert_refused(!batch_loader_state_save(&state, path_of("nowhere")), BATCH_ERROR_IO,
                 "nowhere: found a link");
}

/* The write's signal (SIGXFSZ) does not end the process: the error says the same. */
Test(loader_state, a_full_disk_leaves_the_old_state) {
  batch_loader_state state = state_after(1), later = state_after(2);
  const char *path = path_of("state");
  struct rlimit none;
  save(&state, path);
  cr_assert_eq(getrlimit(RLIMIT_FSIZE, &none), 0);
  none.rlim_cur = 0;
  cr_assert_eq(setrlimit(RLIMIT_FSIZE, &none), 0);
  bool saved = batch_loader_state_save(&later, path);
  none.rlim_cur = none.rlim_max;
  cr_assert_eq(setrlimit(RLIMIT_FSIZE, &none), 0);
  cr_assert_not(saved);
  assert_error(BATCH_ERROR_IO, "batch_loader_state_save: ", "state: write");
  assert_saved(&state, path);
  cr_assert_eq(files_count(), 2, "nothing is left beside");
}
