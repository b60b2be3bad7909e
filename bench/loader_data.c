#include "bench.h"
#include "loader.h"

#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

static struct {
  FILE *file;
  int fd;
  char path[64]; /* by which it can be opened again */
  uint64_t count;
  uint64_t *order; /* of a shape and a shuffle */
  loader_shape shape;
  batch_shuffle shuffle;
} data;

static bool write_tokens(void) {
  static uint16_t block[1 << 16];
  batch_random random = {1};
  for (uint64_t done = 0; done < data.count; done += sizeof block / sizeof *block) {
    for (size_t i = 0; i < sizeof block / sizeof *block; i++)
      block[i] = (uint16_t)(batch_random_next(&random) % LOADER_VOCABULARY);
    uint64_t left = (data.count - done) * sizeof *block;
    size_t bytes = left < sizeof block ? (size_t)left : sizeof block;
    if (write(data.fd, block, bytes) != (ssize_t)bytes) return false;
  }
  return true;
}

bool loader_data_make(bool quick) {
  char path[] = "/tmp/headrace-bench-XXXXXX";
  uint64_t free_bytes = (uint64_t)sysconf(_SC_AVPHYS_PAGES) * (uint64_t)sysconf(_SC_PAGESIZE);
  data.count = quick ? 4000000 : 400000000;
  if (data.count > free_bytes / 8) data.count = free_bytes / 8;
  data.fd = mkstemp(path);
  if (data.fd < 0) return false;
  unlink(path);
  snprintf(data.path, sizeof data.path, "/proc/self/fd/%d", data.fd);
  printf("%llu M tokens in %s\n", (unsigned long long)data.count / 1000000, path);
  return write_tokens() && (data.file = fdopen(data.fd, "rb"));
}

void loader_data_free(void) {
  if (data.file) fclose(data.file);
  free(data.order);
}

uint64_t loader_data_steps(loader_shape shape) {
  return (data.count - 1) / shape.length / shape.rows;
}

BatchDataset *loader_data_open(void) {
  batch_dataset_options headerless = BATCH_DATASET_OPTIONS_INIT;
  headerless.format = BATCH_FORMAT_HEADERLESS;
  BatchDataset *dataset = batch_dataset_open(&(const char *){data.path}, 1, &headerless);
  if (!dataset) bench_wrong("no dataset: %s", batch_last_error()->message);
  return dataset;
}

const uint16_t *loader_data_map(void) {
  void *map = mmap(NULL, data.count * sizeof(uint16_t), PROT_READ, MAP_SHARED, data.fd, 0);
  if (map == MAP_FAILED) bench_wrong("the tokens cannot be mapped");
  /* cppcheck-suppress memleak; it is returned */
  return map == MAP_FAILED ? NULL : map;
}

void loader_data_unmap(const uint16_t *tokens) {
  munmap((void *)(uintptr_t)tokens, data.count * sizeof *tokens);
}

static void put_in_order(uint64_t *order, uint64_t windows) {
  batch_random random = {2};
  for (uint64_t i = 0; i < windows; i++) {
    uint64_t j = data.shuffle == BATCH_SHUFFLE_NONE ? i : batch_random_next(&random) % (i + 1);
    if (j < i) order[i] = order[j];
    order[j] = i * data.shape.length;
  }
}

const uint64_t *loader_data_order(loader_shape shape, batch_shuffle shuffle) {
  bool is_there = data.order && data.shape.rows == shape.rows && data.shape.length == shape.length;
  if (is_there && data.shuffle == shuffle) return data.order;
  uint64_t windows = loader_data_steps(shape) * shape.rows;
  free(data.order);
  data.shape = shape;
  data.shuffle = shuffle;
  data.order = malloc(windows * sizeof *data.order);
  if (data.order) put_in_order(data.order, windows);
  return data.order;
}

uint16_t loader_data_token(uint64_t index) {
  uint16_t token;
  return pread(data.fd, &token, sizeof token, (off_t)(index * sizeof token)) == sizeof token ? token
                                                                                             : UINT16_MAX;
}

FILE *loader_data_file(void) {
  return data.file;
}
