#include "output.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "stream.h"

enum { BUFFER = 1 << 18 };

static int fail(const output *out, const char *call) {
  return cli_error(out->command, "%s: %s: %s", out->path ? out->path : "stdout", call, strerror(errno));
}

static const char *name_in(const char *path) {
  const char *slash = strrchr(path, '/');
  return slash ? slash + 1 : path;
}

static bool stat_folder(const char *path, struct stat *status) {
  int length = (int)(name_in(path) - path);
  char *folder = length > 0 ? strndup(path, (size_t)length) : strdup(".");
  bool there = folder && stat(folder, status) == 0;
  free(folder);
  return there;
}

bool output_is_same(const char *path, const char *other) {
  struct stat a, b;
  if (strcmp(name_in(path), name_in(other)) != 0) return false;
  if (!stat_folder(path, &a) || !stat_folder(other, &b)) return strcmp(path, other) == 0;
  return a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

/* What is there, and whether it may go. */
static int check_old(const output *out, struct stat *old, bool *there) {
  *there = stat(out->path, old) == 0;
  if (!*there && (errno != ENOENT || lstat(out->path, old) == 0)) return fail(out, "open");
  if (!*there) return CLI_OK;
  if (!S_ISREG(old->st_mode))
    return cli_error(out->command, "%s: is %s, expected a regular file or none", out->path,
                     S_ISDIR(old->st_mode) ? "a directory" : "a device, a pipe or a socket");
  return out->force
             ? CLI_OK
             : cli_error(out->command, "%s: exists, expected none (to replace it: --force)", out->path);
}

static mode_t usual_mode(void) {
  mode_t mask = umask(0);
  umask(mask);
  return 0666 & ~mask;
}

/* A signal that interrupts it has not made the file, but has changed the name. */
static int create(char *name) {
  char *end = name + strlen(name) - 6;
  int fd;
  do {
    memset(end, 'X', 6);
    fd = mkostemp(name, O_CLOEXEC);
  } while (fd < 0 && errno == EINTR);
  return fd;
}

/* To the disk, whatever signal comes. */
static bool flush(int fd) {
  int failed;
  do failed = fsync(fd);
  while (failed && errno == EINTR);
  return !failed;
}

static int open_aside(output *out, const struct stat *old) {
  out->real = old ? realpath(out->path, NULL) : strdup(out->path);
  if (!out->real) return fail(out, "resolve the name");
  const char *slash = strrchr(out->real, '/');
  int directory = slash ? (int)(slash + 1 - out->real) : 0;
  if (asprintf(&out->aside, "%.*s.%s.XXXXXX", directory, out->real, out->real + directory) < 0)
    out->aside = NULL;
  int fd = out->aside ? create(out->aside) : -1;
  if (fd < 0) {
    int status = fail(out, "create a file beside it");
    free(out->aside);
    out->aside = NULL;
    return status;
  }
  out->fd = fd;
  out->file = stream_open(fd);
  if (!out->file) close(fd);
  if (!out->file || fchmod(fd, old ? old->st_mode & 07777 : usual_mode()) != 0) return fail(out, "open");
  return CLI_OK;
}

static int open_file(output *out) {
  struct stat old;
  bool there;
  if (!*out->path || out->path[strlen(out->path) - 1] == '/')
    return cli_usage_error(out->command, "--output is '%s', expected a file", out->path);
  int status = check_old(out, &old, &there);
  return status == CLI_OK ? open_aside(out, there ? &old : NULL) : status;
}

bool output_is_file(const char *path) {
  return path && strcmp(path, "-") != 0;
}

int output_open(output *out, const char *command, const char *path, bool force) {
  *out = (output){.command = command, .path = output_is_file(path) ? path : NULL, .force = force};
  int status = CLI_OK;
  if (out->path)
    status = open_file(out);
  else
    out->file = stdout;
  if (status == CLI_OK) setvbuf(out->file, NULL, _IOFBF, BUFFER);
  if (status != CLI_OK) output_drop(out);
  return status;
}

bool output_write(output *out, const void *data, size_t bytes) {
  out->failed |= bytes > 0 && fwrite(data, 1, bytes, out->file) != bytes;
  out->bytes += bytes;
  return !out->failed;
}

static int finish_stdout(output *out) {
  if (!out->failed && fflush(stdout) == 0) return CLI_OK;
  errno = stream_errno();
  if (errno == EPIPE) {
    signal(SIGPIPE, SIG_DFL);
    raise(SIGPIPE);
  }
  return fail(out, "write");
}

/* Where a file system cannot rename only to a new name: a second name, before the first one goes. */
static int link_and_unlink(output *out) {
  if (link(out->aside, out->real) != 0) return fail(out, "rename to it");
  if (unlink(out->aside) == 0) return CLI_OK;
  return cli_error(out->command, "%s: is whole and in its place; but then: removing %s failed: %s", out->path,
                   out->aside, strerror(errno));
}

/* Never over what came there meanwhile, unless by force. */
static int take_name(output *out) {
  if (out->force) return rename(out->aside, out->real) == 0 ? CLI_OK : fail(out, "rename to it");
  if (syscall(SYS_renameat2, AT_FDCWD, out->aside, AT_FDCWD, out->real, RENAME_NOREPLACE) == 0) return CLI_OK;
  return errno == EINVAL || errno == ENOSYS ? link_and_unlink(out) : fail(out, "rename to it");
}

int output_finish(output *out) {
  if (!out->path) return finish_stdout(out);
  if (out->failed || fflush(out->file) != 0) return fail(out, "write");
  if (!out->passing && !flush(out->fd)) return fail(out, "fsync");
  int status = take_name(out);
  if (status == CLI_OK) {
    free(out->aside);
    out->aside = NULL;
  }
  return status;
}

void output_drop(output *out) {
  if (out->path && out->file) fclose(out->file);
  if (out->aside) unlink(out->aside);
  free(out->aside);
  free(out->real);
  *out = (output){.command = out->command};
}
