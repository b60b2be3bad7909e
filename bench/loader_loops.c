#include "loader.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static inline int32_t *input_of(const loader_loop *loop, size_t i) {
  size_t rows = loop->shape.rows, batch = i / rows % LOADER_BATCHES, row = i % rows;
  return loop->out + (batch * 2 * rows + row) * loop->shape.length;
}

static inline void widen(const uint16_t *restrict from, size_t length, int32_t *restrict input,
                         int32_t *restrict target) {
  for (size_t j = 0; j < length; j++) {
    input[j] = from[j];
    target[j] = from[j + 1];
  }
}

static inline void prefetch(const uint16_t *window, size_t length) {
  for (size_t j = 0; j < length + 1; j += 32) __builtin_prefetch(window + j);
}

__attribute__((always_inline)) static inline void limit(const loader_loop *loop) {
  size_t length = loop->shape.length;
  for (size_t i = 0; i < loop->count; i++) {
    int32_t *input = input_of(loop, i);
    if (i + 1 < loop->count) prefetch(loop->tokens + loop->windows[i + 1], length);
    widen(loop->tokens + loop->windows[i], length, input, input + loop->shape.rows * length);
  }
}

#if defined(__x86_64__)
__attribute__((target("avx2"))) static void limit_avx2(const loader_loop *loop) {
  limit(loop);
}
#define HAVE_AVX2 __builtin_cpu_supports("avx2")
#else
#define limit_avx2 limit
#define HAVE_AVX2  false
#endif

void loader_limit(const loader_loop *loop) {
  if (HAVE_AVX2)
    limit_avx2(loop);
  else
    limit(loop);
}

void loader_memcpy(const loader_loop *loop) {
  for (size_t i = 0; i < loop->count; i++)
    memcpy(input_of(loop, i), loop->tokens + loop->windows[i], (loop->shape.length + 1) * sizeof(uint16_t));
}

void loader_fread(const loader_loop *loop) {
  size_t length = loop->shape.length;
  uint16_t *window = malloc((length + 1) * sizeof *window);
  for (size_t i = 0; window && i < loop->count; i++) {
    int32_t *input = input_of(loop, i);
    if (fseeko(loop->file, (off_t)(loop->windows[i] * sizeof *window), SEEK_SET) != 0 ||
        fread(window, sizeof *window, length + 1, loop->file) != length + 1)
      break;
    widen(window, length, input, input + loop->shape.rows * length);
  }
  free(window);
}
