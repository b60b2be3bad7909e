/* Runs a fuzz target once for each file of some folders, where there is no libFuzzer: corpus and regressions as a test.

   replay_NAME [--control] FOLDER-OR-FILE...
   --control: the target expects something that is wrong, see fuzz_control. Inputs are named for what must become of them, see
   fuzz_taken. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "support/fuzz.h"
#include "support/watchdog.h"

enum { SECONDS_AN_INPUT = 120 }; /* on a busy machine */

__attribute__((weak)) int LLVMFuzzerInitialize(int *argc, char ***argv);
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t most);

/* What custom mutators call: nothing is mutated here. */
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t most) {
  (void)data, (void)most;
  return size;
}

/* In a block of exactly its size, as libFuzzer gives it. */
static void run_bytes(FILE *file, size_t size) {
  uint8_t *data = malloc(size ? size : 1);
  if (!data || fread(data, 1, size, file) != size) fuzz_fail("an input cannot be read");
  fuzz_ended = false;
  LLVMFuzzerTestOneInput(data, size);
  if (!fuzz_ended) fuzz_fail("the target returns without fuzz_end");
  free(data);
}

static void check_mark(const char *path) {
  const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
  if (strncmp(name, "ok_", 3) == 0 && !fuzz_taken && !fuzz_undecided)
    fuzz_fail("%s is refused, which its name forbids", path);
  if (strncmp(name, "no_", 3) == 0 && fuzz_taken) fuzz_fail("%s is taken, which its name forbids", path);
}

static unsigned run_file(const char *path, size_t size) {
  FILE *file = fopen(path, "rb");
  if (!file) fuzz_fail("%s: cannot be opened", path);
  printf("%s\n", path); /* the last one is what fails */
  fflush(stdout);
  watchdog_step("runs the input named last");
  run_bytes(file, size);
  fclose(file);
  check_mark(path);
  return 1;
}

static int is_visible(const struct dirent *entry) {
  return entry->d_name[0] != '.';
}

/* Returns how many inputs there were. */
static unsigned run_folder(const char *path) {
  struct dirent **entries;
  unsigned inputs = 0;
  int count = scandir(path, &entries, is_visible, alphasort);
  for (int i = 0; i < count; i++) {
    char inside[4096];
    struct stat is;
    snprintf(inside, sizeof inside, "%s/%s", path, entries[i]->d_name);
    if (stat(inside, &is) != 0 || !S_ISREG(is.st_mode)) fuzz_fail("%s: is no file", inside);
    inputs += run_file(inside, (size_t)is.st_size);
    free(entries[i]);
  }
  if (count >= 0) free(entries);
  return inputs;
}

/* Of what is not there: 0. */
static unsigned run_path(const char *path) {
  struct stat is;
  if (stat(path, &is) != 0) return 0;
  return S_ISDIR(is.st_mode) ? run_folder(path) : run_file(path, (size_t)is.st_size);
}

int main(int argc, char **argv) {
  unsigned inputs = 0;
  int first = 1;
  if (argc > 1 && strcmp(argv[1], "--control") == 0) fuzz_control = true, first++;
  watchdog_start(SECONDS_AN_INPUT, 0, argv[0]);
  if (LLVMFuzzerInitialize) LLVMFuzzerInitialize(&argc, &argv);
  for (int i = first; i < argc; i++) inputs += run_path(argv[i]);
  if (inputs == 0) {
    fputs("replay: no input in any of the folders\n", stderr);
    return 1;
  }
  run_path("/dev/null"); /* the empty one */
  printf("%u inputs\n", inputs + 1);
  return 0;
}
