/* What paths, folders and patterns stand for: beside glob(3).

   input: which of some files, links and folders there are; then paths with marks between them, in the folder. */
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "support/contents.h"

enum { MOST_PATHS = 4, MOST_PATH = 256, MOST_FILES = 32, MOST_FOLDERS = 16 };

typedef enum kind { TOKENS, INDEX, METADATA, LOSS, LINK, FOLDER } kind;

typedef struct entry {
  const char *name;
  kind kind;
  const char *target; /* of a link */
} entry;

/* Folders stand before what is in them. */
static const entry entries[] = {{"a.bin", TOKENS, NULL},       {"b.bin", TOKENS, NULL},
                                {"sub", FOLDER, NULL},         {"sub/c.bin", TOKENS, NULL},
                                {"sub/[c].bin", TOKENS, NULL}, {"x{1,2}.bin", TOKENS, NULL},
                                {".hidden.bin", TOKENS, NULL}, {"*.bin", TOKENS, NULL},
                                {"link.bin", LINK, "a.bin"},   {"dangling.bin", LINK, "nothing"},
                                {"folder", LINK, "sub"},       {"loop", LINK, "loop"},
                                {"a.idx", INDEX, NULL},        {"b.bin.metadata", METADATA, NULL},
                                {"b.bin.loss", LOSS, NULL},    {"empty", FOLDER, NULL}};
enum { ENTRIES = sizeof entries / sizeof *entries, COMPANIONS = 7 << 12 };

static const uint8_t tokens[] = {1, 0, 2, 0}, loss[] = {1, 0};
static const uint8_t index_of_two[] = "MMIDIDX\0\0\1\0\0\0\0\0\0\0\10\1\0\0\0\0\0\0\0\2\0\0\0\0\0\0\0"
                                      "\2\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1\0\0\0\0\0\0";
static const char metadata[] = "a tokenizer|2\n2\n2.00 T\n";

static void make(const entry *e) {
  switch (e->kind) {
  case TOKENS:
    fuzz_write(e->name, (fuzz_part){tokens, sizeof tokens});
    break;
  case INDEX:
    fuzz_write(e->name, (fuzz_part){index_of_two, sizeof index_of_two});
    break;
  case METADATA:
    fuzz_write(e->name, (fuzz_part){(const uint8_t *)metadata, sizeof metadata - 1});
    break;
  case LOSS:
    fuzz_write(e->name, (fuzz_part){loss, sizeof loss});
    break;
  case LINK:
    if (symlink(e->target, fuzz_path(e->name)) != 0) fuzz_fail("no link %s", e->name);
    break;
  case FOLDER:
    if (mkdir(fuzz_path(e->name), 0700) != 0) fuzz_fail("no folder %s", e->name);
    break;
  }
}

/* What is in `sub` needs it. */
static bool is_there(unsigned which, size_t i) {
  return which >> i & 1 && (strncmp(entries[i].name, "sub/", 4) != 0 || which >> 2 & 1);
}

/* Makes the folder so, from what it was. */
static void lay_out(unsigned which) {
  static unsigned now;
  for (size_t i = ENTRIES; i-- > 0;)
    if (is_there(now, i) && !is_there(which, i)) remove(fuzz_path(entries[i].name));
  for (size_t i = 0; i < ENTRIES; i++)
    if (is_there(which, i) && !is_there(now, i)) make(&entries[i]);
  now = which;
}

/* A path in the folder: it has no zero byte and does not lead out. */
static bool take_path(fuzz_input *in, char path[MOST_PATH]) {
  fuzz_part part = fuzz_take_part(in);
  int used = snprintf(path, MOST_PATH, "%s/%.*s", fuzz_folder(), (int)(part.size < 100 ? part.size : 100),
                      part.size ? (const char *)part.data : "");
  return used < MOST_PATH && !strstr(path, "..");
}

typedef struct files {
  size_t count;
  struct stat is[MOST_FILES];
} files;

static bool has(const files *f, const struct stat *is) {
  for (size_t i = 0; i < f->count; i++)
    if (f->is[i].st_ino == is->st_ino && f->is[i].st_dev == is->st_dev) return true;
  return false;
}

/* Every file once, and none that is hidden but where it is named. */
static files files_of(const BatchDataset *dataset) {
  files f = {.count = 0};
  for (size_t i = 0; i < batch_dataset_files(dataset); i++) {
    batch_dataset_file file = BATCH_DATASET_FILE_INIT;
    struct stat is;
    if (!batch_dataset_get_file(dataset, i, &file) || stat(file.path, &is) != 0 || !S_ISREG(is.st_mode))
      fuzz_fail("%s is no file", file.path);
    if (has(&f, &is)) fuzz_fail("%s is there twice", file.path);
    if (file.tokens != sizeof tokens / 2) fuzz_fail("%s has %u tokens", file.path, (unsigned)file.tokens);
    f.is[f.count++] = is;
  }
  return f;
}

/* Adds what glob(3) finds, but for what is hidden. Returns: whether every link leads somewhere. */
static bool add_found(const char *pattern, files *f) {
  glob_t found;
  struct stat is;
  bool whole = true;
  if (glob(pattern, 0, NULL, &found) != 0) return true;
  for (size_t i = 0; i < found.gl_pathc && f->count < MOST_FILES; i++) {
    if (strrchr(found.gl_pathv[i], '/')[1] == '.') continue;
    if (stat(found.gl_pathv[i], &is) != 0)
      whole = false;
    else if (S_ISREG(is.st_mode) && !has(f, &is))
      f->is[f->count++] = is;
  }
  globfree(&found);
  return whole;
}

/* What glob(3) does not know, or this library not; and patterns that lead out of the folder, by a wildcard for "..". */
static bool is_other_pattern(const char *pattern) {
  unsigned folders = 0;
  const char *wild = strpbrk(pattern, "*?[");
  for (const char *at = wild ? strchr(wild, '/') : NULL; at; at = strchr(at + 1, '/')) folders++;
  return folders > MOST_FOLDERS || strpbrk(pattern, "{}~\\") || strstr(pattern, "/.*") ||
         strstr(pattern, "/.?") || strstr(pattern, "/.[");
}

/* Of one path, where no companion is there, a dataset has the file that it names, the visible ones of a folder, or what
   glob(3) finds, and nothing else; it is refused only where that is nothing, or a link leads nowhere. dataset: NULL where
   it is refused. */
static void check_glob(const char *path, const BatchDataset *dataset) {
  char inside[MOST_PATH + 2];
  struct stat is;
  bool named = lstat(path, &is) == 0, whole = true;
  files expected = {.count = 0};
  if (!named && is_other_pattern(path)) return;
  if (named && stat(path, &is) == 0 && S_ISREG(is.st_mode))
    expected.is[expected.count++] = is;
  else if (snprintf(inside, sizeof inside, named ? "%s/*" : "%s", path) > 0)
    whole = add_found(inside, &expected);
  if (!dataset && expected.count > 0 && whole)
    fuzz_fail("%s: refused, and glob(3) finds %zu files", path, expected.count);
  if (!dataset) return;
  files f = files_of(dataset);
  if (expected.count != f.count || !whole)
    fuzz_fail("%s: glob(3) finds %zu files, not %zu", path, expected.count, f.count);
  for (size_t i = 0; i < f.count; i++)
    if (!has(&expected, &f.is[i])) fuzz_fail("%s: glob(3) finds other files", path);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  char names[MOST_PATHS][MOST_PATH];
  const char *paths[MOST_PATHS];
  size_t count = 0;
  fuzz_input in = fuzz_begin(data, size);
  unsigned which = fuzz_take_u8(&in);
  which |= (unsigned)fuzz_take_u8(&in) << 8;
  for (bool more = true; more && count<MOST_PATHS; more = in.size> 0) {
    if (!take_path(&in, names[count])) return fuzz_end();
    paths[count] = names[count];
    count++;
  }
  lay_out(which);
  fuzz_contents once = fuzz_open(paths, count, NULL, fuzz_folder()),
                again = fuzz_open(paths, count, NULL, fuzz_folder());
  fuzz_check_same(&once, &again, "opened twice");
  BatchDataset *dataset = batch_dataset_open(paths, count, NULL);
  if (dataset) files_of(dataset);
  if (count == 1 && !(which & COMPANIONS)) check_glob(paths[0], dataset);
  batch_dataset_free(dataset);
  fuzz_contents_free(&once);
  fuzz_contents_free(&again);
  return fuzz_end();
}
