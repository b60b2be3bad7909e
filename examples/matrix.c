#include "matrix.h"

#include "matrix_kernels.h"

static const matrix_kernels *best(void) {
#ifdef MATRIX_X86
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") &&
      __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") &&
      __builtin_cpu_supports("avx512cd"))
    return &matrix_kernels_avx512;
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("bmi2"))
    return &matrix_kernels_avx2;
#endif
  return &matrix_kernels_any;
}

void matrix_multiply_add(float *c, const float *a, const float *b, size_t m, size_t k, size_t n) {
  best()->multiply_add(c, a, b, m, k, n);
}

void vector_add(float *y, const float *x, size_t n) {
  best()->add(y, x, n);
}

float softmax(float *logits, size_t n, size_t target) {
  return best()->softmax(logits, n, target);
}

void adam_update(const adam *a, float *weights, float *first, float *second, const float *gradient,
                 size_t n) {
  best()->update(a, weights, first, second, gradient, n);
}

void matrix_transpose(float *out, const float *in, size_t m, size_t n) {
  for (size_t i = 0; i < m; i++)
    for (size_t j = 0; j < n; j++) out[j * m + i] = in[i * n + j];
}
