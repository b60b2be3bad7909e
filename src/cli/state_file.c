#include "state_file.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Says that a call on the file failed, with errno. */
static int failed(const char *command, const char *path, const char *call) {
  return cli_error(command, "%s: %s: %s", path, call, strerror(errno));
}

/* The first bytes of a file: a state is so short that one call reads it. */
static int read_start(const char *command, const char *path, void *to, size_t bytes, size_t *got) {
  *got = 0;
  int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) return failed(command, path, "open");
  ssize_t n = TEMP_FAILURE_RETRY(read(fd, to, bytes));
  int status = n < 0 ? failed(command, path, "read") : CLI_OK;
  close(fd);
  if (n > 0) *got = (size_t)n;
  return status;
}

int state_file_read(const char *command, const char *path, batch_loader_state *state) {
  char content[sizeof *state + 1];
  size_t got;
  int status = read_start(command, path, content, sizeof content, &got);
  if (status != CLI_OK) return status;
  if (got != sizeof *state)
    return cli_error(command, "%s: found %s%zu bytes, expected the %zu of a state that --state wrote", path,
                     got > sizeof *state ? "more than " : "", got > sizeof *state ? sizeof *state : got,
                     sizeof *state);
  memcpy(state, content, sizeof *state);
  return CLI_OK;
}

/* A state being written: beside the file that is to be replaced, whose links have been followed. Signals wait
   meanwhile: one that ends the process would leave it there. */
typedef struct aside {
  char *path, *temporary;
  int fd;
  sigset_t signals; /* that were blocked before */
} aside;

static char *join(const char *path, size_t bytes, const char *suffix) {
  char *joined = malloc(bytes + strlen(suffix) + 1);
  if (!joined) return NULL;
  memcpy(joined, path, bytes);
  strcpy(joined + bytes, suffix);
  return joined;
}

static void aside_end(aside *a) {
  if (a->fd >= 0) close(a->fd);
  if (a->temporary && a->fd >= 0) unlink(a->temporary);
  free(a->path);
  free(a->temporary);
  pthread_sigmask(SIG_SETMASK, &a->signals, NULL);
}

/* What is replaced must be a state, of whatever version, or empty: a name given by mistake may be of data. */
static int check_replaceable(const char *command, const char *path) {
  static const char begin[] = "hd_race"; /* of batch_loader_state.magic */
  char content[sizeof begin - 1];
  size_t got;
  int status = read_start(command, path, content, sizeof content, &got);
  if (status != CLI_OK) return status;
  if (got == 0 || (got == sizeof content && memcmp(content, begin, got) == 0)) return CLI_OK;
  return cli_error(command, "%s: is a file that --state did not write, expected a state or a new name", path);
}

static int aside_begin(const char *command, const char *path, aside *a) {
  struct stat there;
  sigset_t all;
  *a = (aside){.fd = -1};
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &a->signals);
  if (!*path) return cli_usage_error(command, "--state is empty, expected the name of a file");
  bool exists = stat(path, &there) == 0;
  if (!exists && errno != ENOENT) return failed(command, path, "stat");
  if (!exists && lstat(path, &there) == 0)
    return cli_error(command, "%s: is a link that leads nowhere, expected a file or a new name", path);
  if (exists && !S_ISREG(there.st_mode))
    return cli_error(command, "%s: is no regular file, expected one, or a new name", path);
  int status = exists ? check_replaceable(command, path) : CLI_OK;
  if (status != CLI_OK) return status;
  a->path = exists ? realpath(path, NULL) : strdup(path);
  a->temporary = a->path ? join(a->path, strlen(a->path), ".XXXXXX") : NULL;
  if (!a->temporary) return failed(command, path, "resolve the name");
  a->fd = mkostemp(a->temporary, O_CLOEXEC);
  if (a->fd < 0) return failed(command, path, "create a file beside it");
  mode_t mask = umask(0);
  umask(mask);
  if (fchmod(a->fd, exists ? there.st_mode & 07777 : 0666 & ~mask) != 0)
    return failed(command, path, "fchmod");
  return CLI_OK;
}

/* Makes the new name survive a loss of power. */
static bool sync_directory_of(const char *path) {
  const char *slash = strrchr(path, '/');
  char *directory = slash ? join(path, (size_t)(slash - path) + 1, "") : strdup(".");
  int fd = directory ? open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
  bool good = fd >= 0 && (fsync(fd) == 0 || errno == EINVAL);
  if (fd >= 0) close(fd);
  free(directory);
  return good;
}

static int put(const char *command, const char *path, const batch_loader_state *state, aside *a) {
  ssize_t n = TEMP_FAILURE_RETRY(write(a->fd, state, sizeof *state));
  if (n >= 0) errno = ENOSPC; /* not all of it was taken, and nothing was said */
  if (n != sizeof *state) return failed(command, path, "write");
  if (fsync(a->fd) != 0) return failed(command, path, "fsync");
  int fd = a->fd;
  if (rename(a->temporary, a->path) != 0) return failed(command, path, "rename to it");
  a->fd = -1; /* the temporary name is gone */
  if (close(fd) != 0) return failed(command, path, "close");
  return sync_directory_of(a->path) ? CLI_OK : failed(command, path, "fsync of its directory");
}

int state_file_write(const char *command, const char *path, const batch_loader_state *state) {
  aside a;
  int status = aside_begin(command, path, &a);
  if (status == CLI_OK) status = put(command, path, state, &a);
  aside_end(&a);
  return status;
}

int state_file_check(const char *command, const char *path) {
  aside a;
  int status = aside_begin(command, path, &a);
  aside_end(&a);
  return status;
}
