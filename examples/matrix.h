/* The few dense loops that a small neural network needs, written so that the compiler turns them
   into vector instructions. All matrices are row-major and dense. */
#ifndef EXAMPLES_MATRIX_H
#define EXAMPLES_MATRIX_H

#include <stddef.h>

/* c[m][n] += a[m][k] * b[k][n]; m a multiple of 4, n of 16. */
void matrix_multiply_add(float *c, const float *a, const float *b, size_t m, size_t k, size_t n);

/* out[n][m] = in[m][n] */
void matrix_transpose(float *out, const float *in, size_t m, size_t n);

/* y[n] += x[n] */
void vector_add(float *y, const float *x, size_t n);

/* Turns logits[n], n a multiple of 16, into probabilities, in place; returns the logarithm of the
   one at `target`. */
float softmax(float *logits, size_t n, size_t target);

typedef struct adam {
  float rate, decay1, decay2, epsilon;
  float correct1, correct2; /* 1 / (1 - decay^updates) */
} adam;

/* Adam (Kingma & Ba 2015): moves weights[n] against gradient[n]. */
void adam_update(const adam *a, float *weights, float *first, float *second, const float *gradient, size_t n);

#endif
