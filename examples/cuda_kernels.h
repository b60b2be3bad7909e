/* The kernels of cuda_model.cu: a thread a number. What is [n, positions] has its positions side by side, so that
   neighbouring threads read neighbouring numbers. */
#ifndef EXAMPLES_CUDA_KERNELS_H
#define EXAMPLES_CUDA_KERNELS_H

#include <cuda_runtime.h>

#include <cstdint>

#include "model.h"

/* The parts of [model_parameters()] numbers, as model.c lays them out. */
enum {
  TABLE_ROWS = MODEL_BYTES + 1, /* the last one stands for what is before a row */
  HIDDEN_BIAS = MODEL_CONTEXT * TABLE_ROWS * MODEL_HIDDEN,
  OUT = HIDDEN_BIAS + MODEL_HIDDEN,
  OUT_BIAS = OUT + MODEL_HIDDEN * MODEL_BYTES
};

static __device__ inline int thread_index() {
  return static_cast<int>(blockIdx.x * blockDim.x + threadIdx.x);
}

/* Where in the weights the row lies that byte `k` before a position adds to the hidden layer. */
static __device__ inline int table_row(const int32_t *input, int position, int columns, int k) {
  int byte = position % columns >= k ? input[position - k] : MODEL_BYTES;
  return (k * TABLE_ROWS + byte) * MODEL_HIDDEN;
}

static __global__ void widen(int32_t *to, const uint16_t *from, int n) {
  int i = thread_index();
  if (i < n) to[i] = from[i];
}

static __global__ void hide(float *hidden, const float *weights, const int32_t *input, int positions,
                            int columns) {
  int i = thread_index();
  if (i >= MODEL_HIDDEN * positions) return;
  int unit = i / positions, position = i % positions;
  float sum = weights[HIDDEN_BIAS + unit];
  for (int k = 0; k < MODEL_CONTEXT; k++) sum += weights[table_row(input, position, columns, k) + unit];
  hidden[i] = sum > 0 ? sum : 0;
}

static __global__ void find_logits(float *out, const float *weights, const float *hidden, int positions) {
  int i = thread_index();
  if (i >= MODEL_BYTES * positions) return;
  int byte = i / positions, position = i % positions;
  float sum = weights[OUT_BIAS + byte];
  for (int unit = 0; unit < MODEL_HIDDEN; unit++)
    sum += hidden[unit * positions + position] * weights[OUT + unit * MODEL_BYTES + byte];
  out[i] = sum;
}

/* Logits become errors: probability minus 1 for the byte that came, minus 0 for others; 0 where the mask is 0. */
static __global__ void find_errors(float *out, float *loss, const int32_t *target, const uint8_t *mask,
                                   int positions) {
  int position = thread_index();
  if (position >= positions) return;
  float most = out[position], sum = 0;
  for (int byte = 1; byte < MODEL_BYTES; byte++) most = fmaxf(most, out[byte * positions + position]);
  for (int byte = 0; byte < MODEL_BYTES; byte++) sum += expf(out[byte * positions + position] - most);
  float counts = mask[position] ? 1.0f : 0.0f;
  atomicAdd(&loss[0], counts * (logf(sum) + most - out[target[position] * positions + position]));
  atomicAdd(&loss[1], counts);
  for (int byte = 0; byte < MODEL_BYTES; byte++) {
    float *x = &out[byte * positions + position];
    *x = counts * (expf(*x - most) / sum - (byte == target[position] ? 1.0f : 0.0f));
  }
}

/* The gradient of the output layer, and behind it of its bias. */
static __global__ void find_out_gradient(float *sum, const float *hidden, const float *out, int positions) {
  int i = thread_index();
  if (i >= (MODEL_HIDDEN + 1) * MODEL_BYTES) return;
  int unit = i / MODEL_BYTES, byte = i % MODEL_BYTES;
  float found = 0;
  for (int position = 0; position < positions; position++)
    found +=
        (unit < MODEL_HIDDEN ? hidden[unit * positions + position] : 1.0f) * out[byte * positions + position];
  sum[OUT + i] = found;
}

static __global__ void add_table_gradient(float *sum, const float *weights, const float *hidden,
                                          const float *out, const int32_t *input, int positions,
                                          int columns) {
  int i = thread_index();
  if (i >= MODEL_HIDDEN * positions || hidden[i] <= 0) return;
  int unit = i / positions, position = i % positions;
  float error = 0;
  for (int byte = 0; byte < MODEL_BYTES; byte++)
    error += out[byte * positions + position] * weights[OUT + unit * MODEL_BYTES + byte];
  atomicAdd(&sum[HIDDEN_BIAS + unit], error);
  for (int k = 0; k < MODEL_CONTEXT; k++)
    atomicAdd(&sum[table_row(input, position, columns, k) + unit], error);
}

/* Adam (Kingma and Ba 2015) along the mean gradient; `rest` is 1 minus the power of the decay. The sum is 0 then. */
static __global__ void adam(float *weights, float *first, float *second, float *sum, const float *loss,
                            float rate, float rest1, float rest2, int n) {
  const float decay1 = 0.9f, decay2 = 0.99f, epsilon = 1e-8f;
  int i = thread_index();
  if (i >= n || loss[1] == 0) return;
  float slope = sum[i] / loss[1];
  first[i] = decay1 * first[i] + (1 - decay1) * slope;
  second[i] = decay2 * second[i] + (1 - decay2) * slope * slope;
  weights[i] -= rate * (first[i] / rest1) / (sqrtf(second[i] / rest2) + epsilon);
  sum[i] = 0;
}

#endif
