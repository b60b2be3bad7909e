#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

bool format_fail(const char *path, uint64_t offset, const char *text, ...) {
  char what[1024];
  va_list arguments;
  va_start(arguments, text);
  vsnprintf(what, sizeof what, text, arguments);
  va_end(arguments);
  return error_fail(BATCH_ERROR_FORMAT, "%.700s: at byte %" PRIu64 ": %s", path, offset, what);
}

bool file_fail(const char *path, const char *call) {
  int number = errno;
  const char *advice = number == EMFILE ? " (one descriptor per file: raise the limit, ulimit -n)" : "";
  return error_fail(number == ENOMEM ? BATCH_ERROR_OUT_OF_MEMORY : BATCH_ERROR_IO, "%.700s: %s: %s%s", path,
                    call, strerror(number), advice);
}

static bool check_regular(int fd, const char *path, uint64_t *bytes) {
  struct stat status;
  if (fstat(fd, &status) != 0) return file_fail(path, "fstat");
  if (!S_ISREG(status.st_mode))
    return error_fail(BATCH_ERROR_IO, "%.700s: found %s, expected a regular file", path,
                      S_ISDIR(status.st_mode) ? "a directory" : "a special file");
  *bytes = (uint64_t)status.st_size;
  return *bytes <= SIZE_MAX / 2 ||
         error_fail(BATCH_ERROR_OVERFLOW,
                    "%.700s: found %" PRIu64 " bytes, expected at most %zu on this machine", path, *bytes,
                    SIZE_MAX / 2);
}

bool file_open(const char *path, int *fd, uint64_t *bytes) {
  int opened;
  do opened = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  while (opened < 0 && errno == EINTR);
  if (opened < 0) return file_fail(path, "open");
  if (!check_regular(opened, path, bytes)) {
    close(opened);
    return false;
  }
  *fd = opened;
  return true;
}

/* What lstat answers where nothing has this name. */
static bool means_nothing_there(int number) {
  return number == ENOENT || number == ENOTDIR || number == ENAMETOOLONG;
}

bool file_look_up(const char *path, struct stat *status, bool *there) {
  *there = lstat(path, status) == 0;
  if (!*there) return means_nothing_there(errno) || file_fail(path, "lstat");
  if (!S_ISLNK(status->st_mode) || stat(path, status) == 0) return true;
  return errno == ENOENT
             ? error_fail(BATCH_ERROR_IO, "%.700s: found a link to what is not there, expected a file", path)
             : file_fail(path, "stat");
}

bool file_read_some(int fd, const char *path, uint64_t offset, void *out, size_t bytes, size_t *got) {
  *got = 0;
  while (*got < bytes) {
    ssize_t n = pread(fd, (char *)out + *got, bytes - *got, (off_t)(offset + *got));
    if (n == 0) return true;
    if (n < 0 && errno != EINTR) return file_fail(path, "read");
    if (n > 0) *got += (size_t)n;
  }
  return true;
}

bool file_read_at(int fd, const char *path, uint64_t offset, void *out, size_t bytes) {
  size_t got;
  struct stat status;
  if (!file_read_some(fd, path, offset, out, bytes, &got)) return false;
  if (got == bytes) return true;
  uint64_t end = fstat(fd, &status) == 0 ? (uint64_t)status.st_size : offset + got;
  return error_fail(BATCH_ERROR_IO,
                    "%.700s: at byte %" PRIu64 ": found the end of the file, expected it at byte %" PRIu64
                    " or later",
                    path, end, offset + bytes);
}

bool file_write_all(int fd, const char *path, const void *data, size_t bytes) {
  const uint8_t *from = data;
  while (bytes > 0) {
    ssize_t n = UNINTERRUPTED(write(fd, from, bytes));
    if (n == 0) errno = ENOSPC; /* nothing was taken, and nothing was said */
    if (n <= 0) return file_fail(path, "write");
    from += n;
    bytes -= (size_t)n;
  }
  return true;
}

bool file_cannot_change(int number) {
  return number == EPERM || number == ENOSYS || number == EOPNOTSUPP;
}

int file_set_mode(int fd, mode_t mode) {
  struct stat status;
  if (fchmod(fd, mode) == 0) return 0;
  int number = errno;
  if (file_cannot_change(number) && fstat(fd, &status) == 0 && (status.st_mode & 07777 & ~mode) == 0)
    return 0;
  errno = number;
  return -1;
}

bool file_sync_directory(int fd, const char *path) {
  return UNINTERRUPTED(fsync(fd)) == 0 || errno == EINVAL || file_fail(path, "fsync of its directory");
}

/* Not every C library has a function for it. */
int file_rename_new(int from, int to, const char *name) {
  return (int)syscall(SYS_renameat2, from, name, to, name, RENAME_NOREPLACE);
}

const uint8_t *file_map(int fd, const char *path, uint64_t bytes) {
  void *map = mmap(NULL, (size_t)bytes, PROT_READ, MAP_SHARED, fd, 0);
  if (map != MAP_FAILED) return map;
  file_fail(path, "mmap");
  return NULL;
}

void file_unmap(const uint8_t *map, size_t bytes) {
  if (map) munmap((void *)(uintptr_t)map, bytes);
}
