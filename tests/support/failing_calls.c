#include "support/failing_calls.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

const char *const calls_all[] = {"open",    "fstat", "stat", "lstat", "opendir",
                                 "readdir", "pread", "mmap", NULL};

static const char *failing;
static unsigned failing_at, made;
static int failing_with;

int __real_open(const char *path, int flags, mode_t mode);
int __real_fstat(int fd, struct stat *status);
int __real_stat(const char *path, struct stat *status);
int __real_lstat(const char *path, struct stat *status);
DIR *__real_opendir(const char *path);
struct dirent *__real_readdir(DIR *directory);
ssize_t __real_pread(int fd, void *out, size_t bytes, off_t offset);
void *__real_mmap(void *address, size_t bytes, int protection, int flags, int fd, off_t offset);
int __wrap_open(const char *path, int flags, ...);
int __wrap_fstat(int fd, struct stat *status);
int __wrap_stat(const char *path, struct stat *status);
int __wrap_lstat(const char *path, struct stat *status);
DIR *__wrap_opendir(const char *path);
struct dirent *__wrap_readdir(DIR *directory);
ssize_t __wrap_pread(int fd, void *out, size_t bytes, off_t offset);
void *__wrap_mmap(void *address, size_t bytes, int protection, int flags, int fd, off_t offset);

void calls_fail_at(const char *call, unsigned n, int number) {
  failing = call;
  failing_at = n;
  failing_with = number;
  made = 0;
}

unsigned calls_made(void) {
  return made;
}

static bool fails(const char *call) {
  if (!failing || strcmp(call, failing) != 0 || ++made != failing_at) return false;
  errno = failing_with;
  return true;
}

int __wrap_open(const char *path, int flags, ...) {
  va_list arguments;
  va_start(arguments, flags);
  mode_t mode = flags & O_CREAT ? (mode_t)va_arg(arguments, int) : 0;
  va_end(arguments);
  return fails("open") ? -1 : __real_open(path, flags, mode);
}

int __wrap_fstat(int fd, struct stat *status) {
  return fails("fstat") ? -1 : __real_fstat(fd, status);
}

int __wrap_stat(const char *path, struct stat *status) {
  return fails("stat") ? -1 : __real_stat(path, status);
}

int __wrap_lstat(const char *path, struct stat *status) {
  return fails("lstat") ? -1 : __real_lstat(path, status);
}

DIR *__wrap_opendir(const char *path) {
  return fails("opendir") ? NULL : __real_opendir(path);
}

struct dirent *__wrap_readdir(DIR *directory) {
  return fails("readdir") ? NULL : __real_readdir(directory);
}

ssize_t __wrap_pread(int fd, void *out, size_t bytes, off_t offset) {
  return fails("pread") ? -1 : __real_pread(fd, out, bytes, offset);
}

void *__wrap_mmap(void *address, size_t bytes, int protection, int flags, int fd, off_t offset) {
  return fd >= 0 && fails("mmap") ? MAP_FAILED : __real_mmap(address, bytes, protection, flags, fd, offset);
}
