#include "support/files.h"

#include <criterion/criterion.h>
#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/watchdog.h"

enum { PATHS = 64 };
static char directory[64];
static char paths[PATHS][256];
static unsigned next_path;

void files_begin(void) {
  watchdog_on();
  snprintf(directory, sizeof directory, "/tmp/headrace-test-XXXXXX");
  cr_assert_not_null(mkdtemp(directory));
}

static int remove_entry(const char *path, const struct stat *status, int type, struct FTW *ftw) {
  (void)status, (void)type, (void)ftw;
  return remove(path);
}

void files_end(void) {
  nftw(directory, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}

const char *path_of(const char *name) {
  char path[sizeof paths[0]];
  snprintf(path, sizeof path, "%s%s%s", directory, *name ? "/" : "", name);
  for (unsigned i = 0; i < next_path; i++)
    if (strcmp(paths[i], path) == 0) return paths[i];
  cr_assert_lt(next_path, PATHS);
  return strcpy(paths[next_path++], path);
}

void put(bytes *b, const void *data, size_t count) {
  if (count == 0) return;
  if (b->used + count > b->capacity) {
    b->capacity = 2 * (b->used + count);
    b->data = realloc(b->data, b->capacity);
    cr_assert_not_null(b->data);
  }
  memcpy(b->data + b->used, data, count);
  b->used += count;
}

void put_text(bytes *b, const char *text) {
  put(b, text, strlen(text));
}

void put_u8(bytes *b, uint8_t value) {
  put(b, &value, 1);
}

void put_u16(bytes *b, uint16_t value) {
  put_u8(b, (uint8_t)value);
  put_u8(b, (uint8_t)(value >> 8));
}

void put_u32(bytes *b, uint32_t value) {
  put_u16(b, (uint16_t)value);
  put_u16(b, (uint16_t)(value >> 16));
}

void put_u64(bytes *b, uint64_t value) {
  put_u32(b, (uint32_t)value);
  put_u32(b, (uint32_t)(value >> 32));
}

void put_zeros(bytes *b, size_t count) {
  for (size_t i = 0; i < count; i++) put_u8(b, 0);
}

static void overwrite(bytes *b, size_t offset, bytes *with) {
  cr_assert(offset + with->used <= b->used);
  memcpy(b->data + offset, with->data, with->used);
  free_bytes(with);
}

void set_u32(bytes *b, size_t offset, uint32_t value) {
  bytes with = {0};
  put_u32(&with, value);
  overwrite(b, offset, &with);
}

void set_u64(bytes *b, size_t offset, uint64_t value) {
  bytes with = {0};
  put_u64(&with, value);
  overwrite(b, offset, &with);
}

const char *write_data(const char *name, const void *data, size_t count) {
  const char *path = path_of(name);
  FILE *file = fopen(path, "wb");
  cr_assert_not_null(file, "%s cannot be created", path);
  cr_assert_eq(fwrite(data, 1, count, file), count);
  cr_assert_eq(fclose(file), 0);
  return path;
}

const char *write_bytes(const char *name, bytes *b) {
  const char *path = write_data(name, b->data ? b->data : (uint8_t *)"", b->used);
  free_bytes(b);
  return path;
}

const char *write_text(const char *name, const char *text) {
  return write_data(name, text, strlen(text));
}

bytes read_bytes(const char *path) {
  bytes b = {0};
  uint8_t piece[4096];
  FILE *file = fopen(path, "rb");
  cr_assert_not_null(file, "%s cannot be opened", path);
  for (size_t n; (n = fread(piece, 1, sizeof piece, file)) > 0;) put(&b, piece, n);
  fclose(file);
  return b;
}

void free_bytes(bytes *b) {
  free(b->data);
  *b = (bytes){0};
}

size_t files_count(void) {
  size_t count = 0;
  DIR *d = opendir(directory);
  cr_assert_not_null(d);
  for (struct dirent *entry; (entry = readdir(d));)
    count += strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
  closedir(d);
  return count;
}

int run_program(const char *const *arguments) {
  pid_t child = fork();
  if (child == 0) {
    int null = open("/dev/null", O_RDWR);
    (void)dup2(null, 1);
    (void)dup2(null, 2);
    execvp(arguments[0], (char *const *)(uintptr_t)arguments);
    _exit(127);
  }
  int status;
  cr_assert(child > 0 && waitpid(child, &status, 0) == child);
  return WIFEXITED(status) && WEXITSTATUS(status) != 127 ? WEXITSTATUS(status) : -1;
}
