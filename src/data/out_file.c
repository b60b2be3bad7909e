#include "data/out_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "data/file.h"
#include "data/token_type.h"

enum { BUFFER = 1 << 18 };

static bool out_of_memory(out_file *out, const char *path) {
  out_close(out);
  return error_fail(BATCH_OUT_OF_MEMORY, "%.700s: no memory to write it", path);
}

/* Length of the directory part of a path, with its slash. */
static size_t directory_length(const char *path) {
  const char *slash = strrchr(path, '/');
  return slash ? (size_t)(slash - path) + 1 : 0;
}

/* A hidden file in the same directory, with the mode that the process's umask leaves. The number at the
   end steps over what a killed process with the same id left behind. */
static int create_hidden(const char *path, char **name) {
  int stem = (int)directory_length(path), fd = -1;
  for (unsigned attempt = 0; attempt < 100; attempt++) {
    if (asprintf(name, "%.*s.%s.%ld-%u", stem, path, path + stem, (long)getpid(), attempt) < 0)
      return *name = NULL, -1;
    fd = open(*name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (fd >= 0) return fd;
    free(*name);
    *name = NULL;
    if (errno != EEXIST) return -1;
  }
  return -1;
}

bool out_open(out_file *out, const char *path) {
  *out = (out_file){.fd = -1, .path = strdup(path), .buffer = malloc(BUFFER)};
  if (!out->path || !out->buffer) return out_of_memory(out, path);
  out->fd = create_hidden(path, &out->temporary);
  if (out->fd < 0) return file_fail(path, "create"), out_close(out), false;
  return true;
}

static int open_nameless(const char *directory) {
  int fd = open(directory, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
  if (fd >= 0 || (errno != EOPNOTSUPP && errno != EISDIR && errno != EINVAL)) return fd;
  char *name; /* a file system without O_TMPFILE */
  if (asprintf(&name, "%s/.headrace.XXXXXX", directory) < 0) return -1;
  fd = mkostemp(name, O_CLOEXEC);
  if (fd >= 0) unlink(name);
  free(name);
  return fd;
}

bool out_open_nameless(out_file *out, const char *directory) {
  const char *environment = getenv("TMPDIR");
  if (!directory) directory = environment && *environment ? environment : "/tmp";
  *out = (out_file){.fd = -1, .path = strdup(directory), .buffer = malloc(BUFFER)};
  if (!out->path || !out->buffer) return out_of_memory(out, directory);
  out->fd = open_nameless(directory);
  if (out->fd < 0) return file_fail(directory, "create a temporary file"), out_close(out), false;
  return true;
}

static bool write_all(out_file *out, const uint8_t *data, size_t bytes) {
  while (bytes > 0) {
    ssize_t n = write(out->fd, data, bytes);
    if (n < 0 && errno != EINTR) return file_fail(out->path, "write");
    if (n < 0) continue;
    data += n;
    bytes -= (size_t)n;
  }
  return true;
}

bool out_flush(out_file *out) {
  size_t used = out->used;
  out->used = 0;
  return write_all(out, out->buffer, used);
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

static bool ids_fit(const out_file *out, batch_token_type type, const uint32_t *ids, size_t count) {
  uint64_t most = token_type_max(type);
  uint32_t largest = 0;
  for (size_t i = 0; i < count; i++) largest = ids[i] > largest ? ids[i] : largest;
  return largest <= most ||
         error_fail(BATCH_OUT_OF_RANGE,
                    "%.700s: found id %" PRIu32 ", expected at most %" PRIu64 " (tokens are %s)", out->path,
                    largest, most, batch_token_type_name(type));
}

bool out_write_tokens(out_file *out, batch_token_type type, const uint32_t *ids, size_t count) {
  enum { PIECE = 4096 };
  uint64_t raw[PIECE];
  if (!ids_fit(out, type, ids, count)) return false;
  for (size_t first = 0; first < count; first += PIECE) {
    size_t n = count - first < PIECE ? count - first : PIECE;
    token_narrow(type, ids + first, n, raw);
    if (!out_write(out, raw, n * batch_token_type_size(type))) return false;
  }
  return true;
}

bool out_seal(out_file *out, const void *header, size_t header_bytes) {
  if (!out_flush(out)) return false;
  if (header_bytes > 0 && pwrite(out->fd, header, header_bytes, 0) != (ssize_t)header_bytes)
    return file_fail(out->path, "write");
  return fsync(out->fd) == 0 || file_fail(out->path, "fsync");
}

/* RENAME_NOREPLACE where the file system has it; else look first. */
static int rename_new(const char *from, const char *to) {
  if (renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE) == 0) return 0;
  if (errno != EINVAL && errno != ENOSYS) return -1;
  if (access(to, F_OK) == 0) return errno = EEXIST, -1;
  return rename(from, to);
}

/* Makes the new name survive a loss of power. */
static bool sync_directory(const char *path) {
  size_t length = directory_length(path);
  char *directory = length ? strndup(path, length) : strdup(".");
  int fd = directory ? open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
  bool good = fd >= 0 && (fsync(fd) == 0 || errno == EINVAL);
  if (!good) file_fail(path, "fsync of its directory");
  if (fd >= 0) close(fd);
  free(directory);
  return good;
}

bool out_publish(out_file *out, bool overwrite) {
  if ((overwrite ? rename(out->temporary, out->path) : rename_new(out->temporary, out->path)) != 0)
    return file_fail(out->path, "rename to it");
  free(out->temporary);
  out->temporary = NULL;
  return sync_directory(out->path);
}

void out_close(out_file *out) {
  if (out->fd >= 0) close(out->fd);
  if (out->temporary) unlink(out->temporary);
  free(out->temporary);
  free(out->path);
  free(out->buffer);
  *out = OUT_FILE_CLOSED;
}

bool out_map_ends(out_file *out, source_documents *documents) {
  if (!out_flush(out)) return false;
  *documents = (source_documents){.kind = SOURCE_ENDS, .count = out->bytes / 8};
  if (out->bytes == 0) return true;
  documents->map = documents->entries = file_map(out->fd, out->path, out->bytes);
  documents->map_bytes = (size_t)out->bytes;
  return documents->map != NULL;
}
