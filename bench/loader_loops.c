#include "loader.h"

#include <string.h>

static int32_t *input_of(const loader_loop *loop, size_t i) {
  size_t batch = i / LOADER_ROWS % LOADER_BATCHES, row = i % LOADER_ROWS;
  return loop->out + (batch * 2 * LOADER_ROWS + row) * LOADER_LENGTH;
}

static inline void widen(const uint16_t *restrict from, int32_t *restrict input, int32_t *restrict target) {
  for (size_t j = 0; j < LOADER_LENGTH; j++) {
    input[j] = from[j];
    target[j] = from[j + 1];
  }
}

static inline void prefetch(const uint16_t *window) {
  for (size_t j = 0; j < LOADER_LENGTH + 1; j += 32) __builtin_prefetch(window + j);
}

#if defined(__x86_64__)
__attribute__((target("avx2"))) static void limit_avx2(const loader_loop *loop) {
  for (size_t i = 0; i < loop->count; i++) {
    int32_t *input = input_of(loop, i);
    if (i + 1 < loop->count) prefetch(loop->tokens + loop->windows[i + 1]);
    widen(loop->tokens + loop->windows[i], input, input + LOADER_ROWS * LOADER_LENGTH);
  }
}
#endif

static void limit_any(const loader_loop *loop) {
  for (size_t i = 0; i < loop->count; i++) {
    int32_t *input = input_of(loop, i);
    if (i + 1 < loop->count) prefetch(loop->tokens + loop->windows[i + 1]);
    widen(loop->tokens + loop->windows[i], input, input + LOADER_ROWS * LOADER_LENGTH);
  }
}

void loader_limit(const loader_loop *loop) {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx2")) {
    limit_avx2(loop);
    return;
  }
#endif
  limit_any(loop);
}

void loader_memcpy(const loader_loop *loop) {
  for (size_t i = 0; i < loop->count; i++)
    memcpy(input_of(loop, i), loop->tokens + loop->windows[i], (LOADER_LENGTH + 1) * sizeof(uint16_t));
}

void loader_fread(const loader_loop *loop) {
  static uint16_t window[LOADER_LENGTH + 1];
  for (size_t i = 0; i < loop->count; i++) {
    int32_t *input = input_of(loop, i);
    if (fseeko(loop->file, (off_t)(loop->windows[i] * sizeof *window), SEEK_SET) != 0 ||
        fread(window, sizeof *window, LOADER_LENGTH + 1, loop->file) != LOADER_LENGTH + 1)
      return;
    widen(window, input, input + LOADER_ROWS * LOADER_LENGTH);
  }
}
