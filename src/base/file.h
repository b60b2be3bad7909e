/* Files opened for reading: exact reads, mappings, and the sentences that say what is wrong. */
#ifndef HEADRACE_BASE_FILE_H
#define HEADRACE_BASE_FILE_H

#include <errno.h>
#include <inttypes.h>
#include <sys/stat.h>

#include "base/error.h"

/* A file is not what it claims to be: path, offset, and a text that says what was found and what
   was expected. */
__attribute__((format(printf, 3, 4))) bool format_fail(const char *path, uint64_t offset, const char *text,
                                                       ...);

/* What a system call answers, which is made again as long as a signal interrupts it. */
#define UNINTERRUPTED(call)                                                                                  \
  __extension__({                                                                                            \
    long answer_;                                                                                            \
    do answer_ = (call);                                                                                     \
    while (answer_ == -1 && errno == EINTR);                                                                 \
    answer_;                                                                                                 \
  })

/* A system call on a file failed: its name, and errno. */
bool file_fail(const char *path, const char *call);

/* Opens a regular file; never waits on a FIFO. */
bool file_open(const char *path, int *fd, uint64_t *bytes);

/* Says whether there is something under this name, and what. That it cannot be told, or that it is a link to
   what is not there, is an error. When nothing is there errno says why. */
bool file_look_up(const char *path, struct stat *status, bool *there);

/* Reads exactly `bytes` bytes at `offset`, or fails. */
bool file_read_at(int fd, const char *path, uint64_t offset, void *out, size_t bytes);

/* Reads up to `bytes` bytes at `offset`; *got is less only at the end of the file. */
bool file_read_some(int fd, const char *path, uint64_t offset, void *out, size_t bytes, size_t *got);

/* Writes all of it. */
bool file_write_all(int fd, const char *path, const void *data, size_t bytes);

/* Whether an error of fchmod or fchown says that the file system, or a sandbox, has no such call at all. */
bool file_cannot_change(int number);

/* As fchmod. Where modes cannot be changed (some of the network, and of FUSE) a file keeps the one that it was made with,
   unless that lets do more than `mode`, which is an error then. */
int file_set_mode(int fd, mode_t mode);

/* Makes new names in an open directory survive a loss of power, where its file system can. path: for messages. */
bool file_sync_directory(int fd, const char *path);

/* Moves a name from one open directory to another, where it must be new; 0, or -1 and errno. EINVAL and ENOSYS: it
   cannot be done in one step here. */
int file_rename_new(int from, int to, const char *name);

/* Maps the first `bytes` >= 1 bytes for reading; NULL on failure. */
const uint8_t *file_map(int fd, const char *path, uint64_t bytes);

void file_unmap(const uint8_t *map, size_t bytes);

/* Little-endian loads from any address. */
static inline uint16_t load_u16(const uint8_t *p) {
  return (uint16_t)(p[0] | p[1] << 8);
}
static inline uint32_t load_u32(const uint8_t *p) {
  return load_u16(p) | (uint32_t)load_u16(p + 2) << 16;
}
static inline uint64_t load_u64(const uint8_t *p) {
  return load_u32(p) | (uint64_t)load_u32(p + 4) << 32;
}

#endif
