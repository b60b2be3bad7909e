/* What the calls of queue, pool, batch and tensor should do, one after the other: the model that the target api keeps
   beside the library.

   Each call begins with model_call and ends with one of the two below it. A reference that the caller has is an entry of
   m->held; what it is to is an item, which counts the references of queues and views too. */
#ifndef HEADRACE_FUZZ_MODEL_H
#define HEADRACE_FUZZ_MODEL_H

#include "support/fuzz.h"

enum { HELD = 24, QUEUES = 3, INSIDE = 64, POOLS = 2, TENSORS = 4, MOST_ELEMENTS = 64 };

/* A pool, or the pools of a loader, as long as there are batches of it. */
typedef struct model_pool {
  BatchPool *pool; /* NULL: freed, or of a loader */
  uint32_t size, out, rows, columns, vocab;
  uint64_t allocations, releases, misses;
  bool closed, is_loader, freed;
  struct model_pool *next;
} model_pool;

/* A batch. */
typedef struct model_item {
  Batch *batch;
  uint32_t references; /* held, inside queues, and of views */
  struct model_item *parent;
  model_pool *pool;
  uint32_t rows, columns, vocab, first; /* first: its first row among those of its elements */
  bool documents, sequences;
  uint64_t id;
  float *input; /* [rows * columns] of whoever keeps the elements: what input shows */
} model_item;

typedef struct model_queue {
  BatchQueue *queue;
  uint32_t capacity; /* 0: unlimited */
  model_item *inside[INSIDE];
  uint32_t count;
  bool closed;
  bool has[2]; /* descriptors, by side */
  bool told[2];
} model_queue;

typedef struct model_tensor {
  Tensor *tensor;
  uint32_t shape[TENSOR_MAX_NDIM], ndim;
  size_t elements, first; /* first: of `values` that a view shows */
  tensor_type dtype;
  struct model_values *values;
} model_tensor;

typedef struct model_values {
  unsigned users;
  Tensor *owner; /* freed with the last user: views must not outlive it */
  double at[MOST_ELEMENTS];
} model_values;

typedef struct model {
  fuzz_input in;
  const char *function; /* at hand */
  size_t live, base;    /* headers of batches of no pool; those that there were before */
  model_item *held[HELD];
  model_queue queues[QUEUES];
  model_pool *pools[POOLS], *all_pools;
  model_tensor tensors[TENSORS];
} model;

/* A call of the function begins: the last error is forgotten. */
void model_call(model *m, const char *function);
/* It has succeeded: no error. */
void model_good(const model *m);
/* It has been refused with this code, in a sentence that begins with its name. */
void model_refused(const model *m, batch_status code);
/* One of the two. */
void model_answer(const model *m, bool good, bool expected, batch_status code);

/* The live batches are those of the model, and each that is held is as it should be. */
void model_check(model *m);
/* Gives all back; nothing must be left. */
void model_end(model *m);

/* A new item, referred to once. parent: whose elements it shows, or NULL; then input gets the values that are there. */
model_item *model_item_make(model *m, Batch *batch, model_item *parent, uint32_t first, uint32_t rows,
                            uint32_t columns, uint32_t vocab);
/* One reference fewer. */
void model_item_drop(model *m, model_item *item);

/* A free entry of held, or -1; entry of a held item that the input chooses, or -1. */
int model_room(const model *m);
int model_choose(model *m);
/* Puts a reference there that the caller has got. */
void model_hold(model *m, model_item *item);

model_pool *model_pool_make(model *m, BatchPool *pool, uint32_t size);

/* What the library and the model do for one call that the input chooses. */
void model_batch_call(model *m);
void model_queue_call(model *m);
void model_pool_call(model *m);
void model_tensor_call(model *m);
void model_data_call(model *m);

/* Frees what is left of each. */
void model_queues_end(model *m);
void model_pools_end(model *m);
void model_tensors_end(model *m);

#endif
