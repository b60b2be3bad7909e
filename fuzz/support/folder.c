#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "support/fuzz.h"

static char folder[96];

void fuzz_remove_folder(void) {
  if (!*folder) return;
  DIR *open = opendir(folder);
  for (struct dirent *entry; open && (entry = readdir(open));)
    if (strcmp(entry->d_name, ".") && strcmp(entry->d_name, "..")) unlinkat(dirfd(open), entry->d_name, 0);
  if (open) closedir(open);
  rmdir(folder);
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
