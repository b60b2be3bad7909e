#include "dataset/out_file.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/path.h"
#include "dataset/token_type.h"

enum { BUFFER = 1 << 18 };

static bool out_of_memory(out_file *out, const char *path) {
  out_close(out);
  return error_fail(BATCH_ERROR_OUT_OF_MEMORY, "%.700s: no memory to write it", path);
}

static bool not_made(out_file *out, const char *path, const char *call) {
  file_fail(path, call);
  out_close(out);
  return false;
}

bool out_open(out_file *out, int directory, const char *name, const char *path) {
  *out = (out_file){.fd = -1, .path = strdup(path), .buffer = malloc(BUFFER)};
  if (!out->path || !out->buffer) return out_of_memory(out, path);
  out->fd = UNINTERRUPTED(openat(directory, name, O_RDWR | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0666));
  return out->fd >= 0 || not_made(out, path, "create");
}

/* A file that loses its name at once, before a signal that ends the process can come in between. */
static int open_and_unlink(char *name) {
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  int fd = UNINTERRUPTED(mkostemp(name, O_CLOEXEC));
  int number = fd >= 0 && unlink(name) == 0 ? 0 : errno;
  if (number != 0 && fd >= 0) close(fd);
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  errno = number;
  return number == 0 ? fd : -1;
}

/* Where the file system cannot make a file without a name, one that loses it. */
static int open_nameless(const char *directory) {
  int fd = UNINTERRUPTED(open(directory, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));
  if (fd >= 0 || (errno != EOPNOTSUPP && errno != EISDIR && errno != EINVAL)) return fd;
  char *name = path_make("%s/.headrace.XXXXXX", directory);
  errno = ENOMEM;
  if (name) fd = open_and_unlink(name);
  free(name);
  return fd;
}

bool out_open_nameless(out_file *out, const char *directory) {
  const char *environment = secure_getenv("TMPDIR");
  if (!directory) directory = environment && *environment ? environment : "/tmp";
  *out = (out_file){.fd = -1, .path = strdup(directory), .buffer = malloc(BUFFER)};
  if (!out->path || !out->buffer) return out_of_memory(out, directory);
  out->fd = open_nameless(directory);
  return out->fd >= 0 || not_made(out, directory, "create a temporary file");
}

bool out_flush(out_file *out) {
  size_t used = out->used;
  out->used = 0;
  return file_write_all(out->fd, out->path, out->buffer, used);
}

bool out_write(out_file *out, const void *data, size_t bytes) {
  const uint8_t *from = data;
  out->bytes += bytes;
  while (bytes > 0) {
    size_t room = BUFFER - out->used, n = bytes < room ? bytes : room;
    memcpy(out->buffer + out->used, from, n);
    out->used += n;
    from += n;
    bytes -= n;
    if (out->used == BUFFER && !out_flush(out)) return false;
  }
  return true;
}

bool out_write_u64(out_file *out, uint64_t value) {
  return out_write(out, &value, sizeof value);
}

static bool ids_fit(const out_file *out, batch_token_type type, const int32_t *ids, size_t count) {
  uint32_t most = token_type_max(type), largest = 0; /* an id below 0 is 2^31 or more */
  for (size_t i = 0; i < count; i++) largest = (uint32_t)ids[i] > largest ? (uint32_t)ids[i] : largest;
  return largest <= most ||
         error_fail(BATCH_ERROR_OUT_OF_RANGE,
                    "%.700s: found id %" PRId32 ", expected 0 to %" PRIu32 " (tokens are %s)", out->path,
                    (int32_t)largest, most, batch_token_type_name(type));
}

bool out_write_tokens(out_file *out, batch_token_type type, const int32_t *ids, size_t count) {
  enum { PIECE = 1024 };
  uint64_t raw[PIECE];
  if (!ids_fit(out, type, ids, count)) return false;
  for (size_t first = 0; first < count; first += PIECE) {
    size_t n = count - first < PIECE ? count - first : PIECE;
    token_narrow(type, ids + first, n, raw);
    if (!out_write(out, raw, n * batch_token_type_size(type))) return false;
  }
  return true;
}

bool out_write_loss(out_file *out, const uint8_t *loss, uint64_t count) {
  uint8_t raw[4096];
  memset(raw, 1, sizeof raw);
  for (size_t n; count > 0; count -= n) {
    n = count < sizeof raw ? (size_t)count : sizeof raw;
    for (size_t i = 0; loss && i < n; i++) raw[i] = loss[i] != 0;
    if (loss) loss += n;
    if (!out_write(out, raw, n)) return false;
  }
  return true;
}

bool out_write_at(out_file *out, const void *data, size_t bytes, uint64_t offset) {
  const uint8_t *from = data;
  while (bytes > 0) {
    ssize_t n = UNINTERRUPTED(pwrite(out->fd, from, bytes, (off_t)offset));
    if (n == 0) errno = ENOSPC;
    if (n <= 0) return file_fail(out->path, "write");
    from += n;
    offset += (uint64_t)n;
    bytes -= (size_t)n;
  }
  return true;
}

/* A close that a signal interrupts has closed all the same. */
bool out_seal(out_file *out) {
  if (!out_flush(out)) return false;
  if (UNINTERRUPTED(fsync(out->fd)) != 0) return file_fail(out->path, "fsync");
  int fd = out->fd;
  out->fd = -1;
  return close(fd) == 0 || errno == EINTR || file_fail(out->path, "close");
}

void out_close(out_file *out) {
  if (out->fd >= 0) close(out->fd);
  free(out->path);
  free(out->buffer);
  *out = OUT_FILE_CLOSED;
}

bool out_map_ends(out_file *out, token_documents *documents) {
  if (!out_flush(out)) return false;
  *documents = (token_documents){.kind = TOKENS_ENDS, .count = out->bytes / 8};
  if (out->bytes == 0) return true;
  documents->map = documents->entries = file_map(out->fd, out->path, out->bytes);
  documents->map_bytes = (size_t)out->bytes;
  return documents->map != NULL;
}
