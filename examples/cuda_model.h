/* The model of model.h on the GPU: the same numbers, steps and losses. The kernels are plain, each thread with one
   number to find, so that they can be read; what they are fed by is what the example is about. */
#ifndef EXAMPLES_CUDA_MODEL_H
#define EXAMPLES_CUDA_MODEL_H

#include "cuda_feed.h"
#include "model.h"

enum { CUDA_MODEL_LAST = 100 };

typedef struct cuda_model {
  cudaStream_t stream;
  int rows, columns;                     /* of a step */
  float *weights, *first, *second, *sum; /* [model_parameters()]: Adam's moments, the gradient */
  int32_t *input, *target;               /* [positions], widened */
  float *hidden;                         /* [MODEL_HIDDEN, positions] */
  float *out;                            /* [MODEL_BYTES, positions]: logits, then errors */
  float *losses, *host_losses; /* [CUDA_MODEL_LAST, 2]: summed loss and positions of the last steps */
  unsigned long long steps;
} cuda_model;

/* Copies the model to the device and makes room for steps of rows x columns positions. */
void cuda_model_open(cuda_model *m, const model *start, unsigned rows, unsigned columns);
void cuda_model_close(cuda_model *m);

/* Begins one step of training on the block's rows from `row` on, in m->stream. */
void cuda_model_step(cuda_model *m, const feed_block *block, unsigned row, float rate);

/* Wait for all steps. The mean loss of the last n <= CUDA_MODEL_LAST steps; 0 before the first. */
double cuda_model_loss(cuda_model *m, unsigned n);

#endif
