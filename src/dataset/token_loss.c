#include "dataset/token_loss.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/path.h"

enum { PIECE = 512 }; /* bytes of bits that are read at a time */

static uint64_t bytes_of_bits(uint64_t tokens) {
  return tokens / 8 + (tokens % 8 > 0);
}

static bool find_kind(token_file *file) {
  token_loss *loss = &file->loss;
  uint64_t bits = bytes_of_bits(file->tokens);
  if (loss->map_bytes == file->tokens)
    loss->kind = TOKEN_LOSS_BYTES;
  else if (loss->map_bytes == bits)
    loss->kind = TOKEN_LOSS_BITS;
  else
    return format_fail(
        loss->path, 0,
        "found a file of %zu bytes, expected %" PRIu64 " (a byte a token) or %" PRIu64
        " (a bit a token) for the tokens of %.200s; if it is no loss mask of theirs remove it, or "
        "say that it is not to be looked at (options.loss, --loss none)",
        loss->map_bytes, file->tokens, bits, path_name(file->path));
  return true;
}

/* The path belongs to the file from here on. */
static bool open_companion(token_file *file, char *path) {
  token_loss *loss = &file->loss;
  uint64_t bytes;
  *loss = (token_loss){.kind = TOKEN_LOSS_BYTES, .fd = -1, .path = path};
  if (!file_open(path, &loss->fd, &bytes)) return false;
  loss->map_bytes = (size_t)bytes;
  if (!find_kind(file)) return false;
  if (bytes == 0) return true;
  loss->map = loss->entries = file_map(loss->fd, path, bytes);
  return loss->map != NULL;
}

bool token_loss_open(token_file *file) {
  struct stat status;
  bool there = false;
  char *path = path_make("%s.loss", file->path);
  bool good = path && file_look_up(path, &status, &there);
  if (good && there && S_ISREG(status.st_mode)) return open_companion(file, path);
  free(path);
  return good;
}

bool token_loss_check_stayed(const token_loss *loss) {
  struct stat opened, named;
  if (!loss->kind || loss->fd < 0 || !loss->path) return true;
  if (fstat(loss->fd, &opened) != 0) return file_fail(loss->path, "fstat");
  bool there = stat(loss->path, &named) == 0;
  if (!there && errno != ENOENT) return file_fail(loss->path, "stat");
  return (there && opened.st_dev == named.st_dev && opened.st_ino == named.st_ino) ||
         error_fail(BATCH_ERROR_IO,
                    "%.700s: found %s, expected no file to be replaced while it is opened: try again",
                    loss->path, there ? "another file than before" : "it gone");
}

void token_loss_close(token_loss *loss) {
  if (!loss->kind) return;
  if (loss->fd >= 0) {
    file_unmap(loss->map, loss->map_bytes);
    close(loss->fd);
  }
  free(loss->path);
  *loss = (token_loss){.fd = -1};
}

/* Bytes of the entries, from byte `at` on. */
static bool read_entries(const token_file *file, uint64_t at, void *out, size_t bytes) {
  const token_loss *loss = &file->loss;
  if (loss->fd < 0) {
    memcpy(out, loss->entries + at, bytes);
    return true;
  }
  uint64_t offset = (uint64_t)(loss->entries - loss->map) + at;
  return file_read_at(loss->fd, loss->path ? loss->path : file->path, offset, out, bytes);
}

static bool read_bytes(const token_file *file, uint64_t first, size_t count, uint8_t *loss) {
  if (!read_entries(file, first, loss, count)) return false;
  for (size_t i = 0; i < count; i++) loss[i] = loss[i] != 0;
  return true;
}

static bool read_bits(const token_file *file, uint64_t first, size_t count, uint8_t *loss) {
  uint8_t raw[PIECE];
  for (size_t done = 0, n; done < count; done += n) {
    unsigned skip = (first + done) % 8;
    n = count - done < 8 * PIECE - skip ? count - done : 8 * PIECE - skip;
    if (!read_entries(file, (first + done) / 8, raw, (skip + n + 7) / 8)) return false;
    for (size_t i = 0; i < n; i++) loss[done + i] = raw[(skip + i) / 8] >> (skip + i) % 8 & 1;
  }
  return true;
}

bool token_loss_read(const token_file *file, uint64_t first, size_t count, uint8_t *loss) {
  if (count == 0) return true;
  switch (file->loss.kind) {
  case TOKEN_LOSS_BYTES:
    return read_bytes(file, first, count, loss);
  case TOKEN_LOSS_BITS:
    return read_bits(file, first, count, loss);
  default:
    memset(loss, 1, count);
    return true;
  }
}
