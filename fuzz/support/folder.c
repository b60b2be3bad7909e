#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "support/fuzz.h"

static char folder[96];

static int remove_one(const char *path, const struct stat *status, int kind, struct FTW *place) {
  (void)status, (void)kind, (void)place;
  return remove(path);
}

void fuzz_remove_folder(void) {
  if (*folder) nftw(folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

const char *fuzz_folder(void) {
  if (*folder) return folder;
  const char *in = getenv("TMPDIR");
  if (!in) in = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
  snprintf(folder, sizeof folder, "%s/headrace-fuzz-XXXXXX", in);
  if (!mkdtemp(folder)) fuzz_fail("%s: no folder can be made", folder);
  atexit(fuzz_remove_folder);
  return folder;
}

const char *fuzz_path(const char *name) {
  static char paths[8][192];
  static unsigned next;
  char *path = paths[next++ % 8];
  snprintf(path, sizeof paths[0], "%s/%s", fuzz_folder(), name);
  return path;
}

const char *fuzz_write(const char *name, fuzz_part bytes) {
  const char *path = fuzz_path(name);
  int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (fd < 0 || write(fd, bytes.data, bytes.size) != (ssize_t)bytes.size || close(fd) != 0)
    fuzz_fail("%s: cannot be written", path);
  return path;
}

void fuzz_remove(const char *name) {
  unlink(fuzz_path(name));
}
