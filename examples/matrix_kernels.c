/* The loops themselves. Compiled once for every generation of vector units that the program may meet,
   each time with KERNELS as the name of its table; matrix.c chooses. */
#include "matrix_kernels.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

#if defined(__AVX512F__)
enum { REGISTER_BYTES = 64 };
#elif defined(__AVX__)
enum { REGISTER_BYTES = 32 };
#else
enum { REGISTER_BYTES = 16 };
#endif

/* One vector register of numbers, from anywhere in an array of them. */
typedef float lanes __attribute__((vector_size(REGISTER_BYTES), aligned(4), may_alias));

enum { LANES = REGISTER_BYTES / sizeof(float), TILE_ROWS = 4, TILE_WIDTH = LANES == 16 ? 1 : 2 };

/* A tile of c stays in registers while k runs. */
static void multiply_add(float *c, const float *a, const float *b, size_t m, size_t k, size_t n) {
  for (size_t column = 0; column < n; column += (size_t)TILE_WIDTH * LANES)
    for (size_t row = 0; row < m; row += TILE_ROWS) {
      lanes tile[TILE_ROWS][TILE_WIDTH] = {{{0}}};
      for (size_t i = 0; i < k; i++) {
        const lanes *x = (const lanes *)(b + i * n + column);
        for (size_t r = 0; r < TILE_ROWS; r++)
          for (size_t w = 0; w < TILE_WIDTH; w++) tile[r][w] += a[(row + r) * k + i] * x[w];
      }
      for (size_t r = 0; r < TILE_ROWS; r++)
        for (size_t w = 0; w < TILE_WIDTH; w++) ((lanes *)(c + (row + r) * n + column))[w] += tile[r][w];
    }
}

static void add(float *restrict y, const float *restrict x, size_t n) {
  for (size_t i = 0; i < n; i++) y[i] += x[i];
}

/* e^x for x <= 0, to 2e-7: 2^(whole part) by its exponent bits, the rest by a polynomial (the Taylor
   series of e^(r ln 2), |r| <= 1/2). A loop of calls of expf would not become vector instructions. */
static inline float exp_negative(float x) {
  float power = x * 1.44269504f;
  power = power > -125.0f ? power : -125.0f;
  int32_t whole = (int32_t)(power - 0.5f);
  float r = (power - (float)whole) * 0.693147181f;
  float series =
      1 + r * (1 + r * (0.5f + r * (0.166666667f +
                                    r * (0.0416666667f + r * (0.00833333333f + r * 0.00138888889f)))));
  uint32_t bits = (uint32_t)(whole + 127) << 23;
  float scale;
  memcpy(&scale, &bits, sizeof scale);
  return series * scale;
}

static float normalize(float *logits, size_t n, size_t target) {
  float largest = logits[0], sum = 0, sums[16] = {0};
  for (size_t i = 1; i < n; i++) largest = logits[i] > largest ? logits[i] : largest;
  float log_probability = logits[target] - largest;
  for (size_t i = 0; i < n; i++) logits[i] = exp_negative(logits[i] - largest);
  for (size_t i = 0; i < n; i += 16)
    for (size_t j = 0; j < 16; j++) sums[j] += logits[i + j];
  for (size_t j = 0; j < 16; j++) sum += sums[j];
  float scale = 1 / sum;
  for (size_t i = 0; i < n; i++) logits[i] *= scale;
  return log_probability - logf(sum);
}

static void update(const adam *a, float *restrict weights, float *restrict first, float *restrict second,
                   const float *restrict gradient, size_t n) {
  for (size_t i = 0; i < n; i++) {
    first[i] = a->decay1 * first[i] + (1 - a->decay1) * gradient[i];
    second[i] = a->decay2 * second[i] + (1 - a->decay2) * gradient[i] * gradient[i];
    weights[i] -= a->rate * first[i] * a->correct1 / (sqrtf(second[i] * a->correct2) + a->epsilon);
  }
}

const matrix_kernels KERNELS = {multiply_add, add, normalize, update};
