/* Files for tests: a directory that goes when the test ends, and bytes put together one by one. The watchdog is on.

   Usage:
       TestSuite(dataset, .init = files_begin, .fini = files_end);
       bytes b = {0};
       put_u32(&b, 20240520);
       const char *path = write_bytes("shard.bin", &b);       and frees b
*/
#ifndef HEADRACE_TESTS_FILES_H
#define HEADRACE_TESTS_FILES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

void files_begin(void);
void files_end(void);

/* A path in the test's directory; good for the whole test. "" is the directory. */
const char *path_of(const char *name);

/* Little-endian bytes, grown as needed. */
typedef struct bytes {
  uint8_t *data;
  size_t used, capacity;
} bytes;

void put(bytes *b, const void *data, size_t count);
void put_text(bytes *b, const char *text);
void put_u8(bytes *b, uint8_t value);
void put_u16(bytes *b, uint16_t value);
void put_u32(bytes *b, uint32_t value);
void put_u64(bytes *b, uint64_t value);
void put_zeros(bytes *b, size_t count);

/* Overwrites what stands at an offset. */
void set_u32(bytes *b, size_t offset, uint32_t value);
void set_u64(bytes *b, size_t offset, uint64_t value);

/* Write a file of the test's directory and return its path. */
const char *write_bytes(const char *name, bytes *b); /* frees b's bytes */
const char *write_data(const char *name, const void *data, size_t count);
const char *write_text(const char *name, const char *text);

/* The whole file; freed with free_bytes. */
bytes read_bytes(const char *path);
void free_bytes(bytes *b);

/* Files in the test's directory, hidden ones too. */
size_t files_count(void);

/* Runs a program and returns its exit status; -1 when it was not found or did not exit. Output is thrown away. */
int run_program(const char *const *arguments);

#endif
