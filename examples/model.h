/* A small language model over bytes, for the example trainers: the bytes before a place each add a
   row of their own table to a hidden layer (rectified), from which a softmax predicts the next one
   (Bengio et al. 2003, with embedding and hidden layer multiplied out). */
#ifndef EXAMPLES_MODEL_H
#define EXAMPLES_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <headrace/batch.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { MODEL_CONTEXT = 8, MODEL_HIDDEN = 128, MODEL_BYTES = 256 };

typedef struct model model;

/* The gradient of the summed loss over some tokens, and room to work in. One thread at a time. */
typedef struct gradient gradient;

/* Both return NULL without memory. */
model *model_create(uint64_t seed);
gradient *gradient_create(void);
void model_free(model *m);
void gradient_free(gradient *g);

/* Numbers of a model: tables [MODEL_CONTEXT, MODEL_BYTES + 1, MODEL_HIDDEN], the last row of each for what is
   before a row, bias of the hidden layer, output layer [MODEL_HIDDEN, MODEL_BYTES], its bias. The gradient's are
   laid out alike, with two more at the end: the summed loss in nats and the number of tokens. */
size_t model_parameters(void);
size_t gradient_length(void);
float *gradient_numbers(gradient *g);
const float *model_numbers(const model *m);

void gradient_clear(gradient *g);
double gradient_loss(const gradient *g); /* the mean */
double gradient_tokens(const gradient *g);

/* Adds the gradient over every position of an int32 batch whose mask is not 0. */
void gradient_accumulate(gradient *g, const model *m, const Batch *batch);

/* sum += part */
void gradient_add(gradient *sum, const gradient *part);

/* One step of Adam along the mean gradient. */
void model_update(model *m, const gradient *sum, float rate);

/* How many steps of Adam there have been. */
uint64_t model_updates(const model *m);

/* Writes `length` bytes that the model makes up, and a final zero. */
void model_write(const model *m, uint64_t seed, char *text, size_t length);

/* Weights and moments to and from a file; false when that fails. */
bool model_save(const model *m, FILE *file);
bool model_load(model *m, FILE *file);

#ifdef __cplusplus
}
#endif

#endif
