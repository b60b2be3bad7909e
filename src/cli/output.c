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

/* With what the process's mask leaves of this mode, which mkostemp would not ask. Returns the descriptor. */
static int create_beside(output *out, mode_t mode) {
  enum { TRIES = 100 };
  int fd = -1, directory = (int)(name_in(out->real) - out->real);
  for (unsigned i = 0; fd < 0 && i < TRIES; i++) {
    unsigned number = ((unsigned)batch_deadline_after(0) ^ (unsigned)getpid() << 12) + i;
    free(out->aside);
    if (asprintf(&out->aside, "%.*s.%s.%06x", directory, out->real, out->real + directory,
                 number & 0xFFFFFF) < 0)
      return out->aside = NULL, -1;
    do fd = open(out->aside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
    while (fd < 0 && errno == EINTR);
    if (fd < 0 && errno != EEXIST) break;
  }
  return fd;
}

/* Whether an error says that a file system, or a sandbox, has no such call. */
static bool cannot(int number) {
  return number == EPERM || number == ENOSYS || number == EOPNOTSUPP;
}

/* Where a file system has modes that cannot be changed, the file keeps the one that it was made with, unless that lets do
   more than the old one. */
static bool keep_mode(int fd, const struct stat *old) {
  struct stat now;
  if (!old || fchmod(fd, old->st_mode & 07777) == 0) return true;
  int number = errno;
  if (cannot(number) && fstat(fd, &now) == 0 && (now.st_mode & 07777 & ~old->st_mode) == 0) return true;
  errno = number;
  return false;
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
  int fd = create_beside(out, old ? old->st_mode & 0666 : 0666);
  if (fd < 0) {
    int status = fail(out, "create a file beside it");
    free(out->aside);
    out->aside = NULL;
    return status;
  }
  out->fd = fd;
  out->file = stream_open(fd);
  if (!out->file) close(fd);
  if (!out->file) return fail(out, "open");
  return keep_mode(fd, old) ? CLI_OK : fail(out, "fchmod");
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

/* Where a file system can neither rename only to a new name nor give a second one: looks before. */
static int look_and_rename(output *out) {
  struct stat there;
  if (lstat(out->real, &there) == 0) errno = EEXIST;
  if (errno != ENOENT || rename(out->aside, out->real) != 0) return fail(out, "rename to it");
  return CLI_OK;
}

/* Where it cannot do the first: a second name, before the first one goes. */
static int link_and_unlink(output *out) {
  if (link(out->aside, out->real) != 0)
    return cannot(errno) ? look_and_rename(out) : fail(out, "rename to it");
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
