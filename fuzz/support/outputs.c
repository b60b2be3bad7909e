#include "support/outputs.h"

#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <sys/stat.h>

static int remove_entry(const char *path, const struct stat *status, int type, struct FTW *ftw) {
  (void)status, (void)type;
  return ftw->level > 0 ? remove(path) : 0;
}

const char *fuzz_output_again(const char *folder, const char *name) {
  char inside[100];
  if (mkdir(fuzz_path(folder), 0700) != 0 && errno != EEXIST)
    fuzz_fail("%s: no such folder can be made", folder);
  snprintf(inside, sizeof inside, "%s/%s", folder, name);
  return fuzz_path(inside);
}

const char *fuzz_output(const char *folder, const char *name) {
  fuzz_output_again(folder, name);
  if (nftw(fuzz_path(folder), remove_entry, 8, FTW_DEPTH | FTW_PHYS) != 0)
    fuzz_fail("%s: cannot be emptied", folder);
  return fuzz_output_again(folder, name);
}

static size_t entries;

static int count_entry(const char *path, const struct stat *status, int type, struct FTW *ftw) {
  (void)path, (void)status, (void)type;
  entries += ftw->level > 0;
  return 0;
}

size_t fuzz_output_count(const char *folder) {
  entries = 0;
  nftw(fuzz_path(folder), count_entry, 8, FTW_PHYS);
  return entries;
}
