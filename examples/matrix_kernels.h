/* The tables of loops that matrix.c chooses from. */
#ifndef EXAMPLES_MATRIX_KERNELS_H
#define EXAMPLES_MATRIX_KERNELS_H

#include "matrix.h"

typedef struct matrix_kernels {
  void (*multiply_add)(float *c, const float *a, const float *b, size_t m, size_t k, size_t n);
  void (*add)(float *y, const float *x, size_t n);
  float (*softmax)(float *logits, size_t n, size_t target);
  void (*update)(const adam *a, float *weights, float *first, float *second, const float *gradient, size_t n);
} matrix_kernels;

extern const matrix_kernels matrix_kernels_any;
extern const matrix_kernels matrix_kernels_avx2;   /* where MATRIX_X86 is defined */
extern const matrix_kernels matrix_kernels_avx512; /* the same */

#endif
