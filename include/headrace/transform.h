/* Transforms: what a loader does to each row of a batch after filling it, in the worker that
   filled it.

   Usage:
       batch_mask_options masking = BATCH_MASK_OPTIONS_INIT;
       masking.probability = 0.15f;
       masking.mask_id = 103;
       masking.vocab_size = 30522;
       batch_transform chain[] = {batch_transform_mask(&masking)};
       options.transforms = chain; // of a loader
       options.num_transforms = 1;

   A transform is a function of one row and of a stream of random numbers that is derived from
   (seed, epoch, place of the row in the epoch, place of the transform in the chain) alone: the
   result is the same whichever worker runs it, in a batch of any size, and when replayed.

   Contexts: where rows are cut for the ranks of a context (loader.h), transforms run on batches of whole
   rows, before the cut.

   Ids: those that a transform of the caller's writes are not checked: they must be ones that the element
   type holds and the model knows (batch_validate says so of a batch).

   Threads: a loader calls `apply` from several workers at once, each with a batch of its own; what
   `context` points at must allow that, and outlive the loader. The built-in ones only read their
   options. */
#ifndef HEADRACE_TRANSFORM_H
#define HEADRACE_TRANSFORM_H

#include "batch.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A stream of random numbers: splitmix64, 2^64 numbers long. A NULL stream gives 0 with an error. The
   struct stays as it is for ever. */
typedef struct batch_random {
  uint64_t state;
} batch_random;

/* Starts the stream that `key` chooses. */
HEADRACE_API batch_random batch_random_start(uint64_t key);

/* Returns the next number of the stream, any 64 bits. */
HEADRACE_API uint64_t batch_random_next(batch_random *random);

/* Returns a number in [0, bound), each as likely (Lemire 2019); 0 when bound is 0. */
HEADRACE_API uint32_t batch_random_below(batch_random *random, uint32_t bound);

/* Returns a multiple of 2^-24 in [0, 1). */
HEADRACE_API float batch_random_uniform(batch_random *random);

/* Returns a number of mean 0 and deviation 1 (Box & Muller 1958). */
HEADRACE_API float batch_random_normal(batch_random *random);

/* A function of a row, and what it needs. The struct stays as it is for ever. */
typedef struct batch_transform {
  /* Changes row `row` of the batch in place. Returns false, with nothing promised about the row, when it
     cannot: the batch's status becomes BATCH_ERROR_INVALID_ARGUMENT. It may not throw (see base.h). */
  bool (*apply)(const void *context, Batch *batch, uint32_t row, batch_random *random);
  const void *context;
} batch_transform;

/* Built-in transforms: each borrows its options, which start from their INIT, must outlive the loader and
   stay as they are; they are checked when the loader is made: ids must be from 0 on and below the loader's
   vocab_size, or ones that the element type holds exactly when that is 0, and so must vocab_size - 1; a
   probability must be a number, and counts as the nearer bound outside [0, 1]. Positions whose mask is 0 are
   left alone. They work on every element type of the loader, the last two on floats only. */

/* Masked language modelling (Devlin et al. 2019). Each position is chosen with `probability`; of
   the chosen, 80 % become mask_id, 10 % a random id below vocab_size, 10 % stay. target becomes
   what input was, mask 1 where chosen and 0 elsewhere. Ids in keep[0..num_keep-1] are never chosen. */
typedef struct batch_mask_options {
  size_t size; /* see base.h */
  float probability;
  int32_t mask_id;
  uint32_t vocab_size;
  const int32_t *keep;
  size_t num_keep;
} batch_mask_options;

#define BATCH_MASK_OPTIONS_INIT HEADRACE_OPTIONS_INIT(batch_mask_options)

/* Makes the transform, of options that must stay as they are: see Built-in transforms. */
HEADRACE_API batch_transform batch_transform_mask(const batch_mask_options *options);

/* Token dropout: each input id becomes drop_id with `probability`; targets stay. */
typedef struct batch_dropout_options {
  size_t size; /* see base.h */
  float probability;
  int32_t drop_id;
} batch_dropout_options;

#define BATCH_DROPOUT_OPTIONS_INIT HEADRACE_OPTIONS_INIT(batch_dropout_options)

/* Makes the transform, of options that must stay as they are: see Built-in transforms. */
HEADRACE_API batch_transform batch_transform_dropout(const batch_dropout_options *options);

/* Random replacement: each input id becomes a random one below vocab_size with `probability`. */
typedef struct batch_replace_options {
  size_t size; /* see base.h */
  float probability;
  uint32_t vocab_size;
} batch_replace_options;

#define BATCH_REPLACE_OPTIONS_INIT HEADRACE_OPTIONS_INIT(batch_replace_options)

/* Makes the transform, of options that must stay as they are: see Built-in transforms. */
HEADRACE_API batch_transform batch_transform_replace(const batch_replace_options *options);

/* Normalization of a float32 input: (x - mean) / deviation; deviation > 0. */
typedef struct batch_normalize_options {
  size_t size; /* see base.h */
  float mean;
  float deviation;
} batch_normalize_options;

#define BATCH_NORMALIZE_OPTIONS_INIT HEADRACE_OPTIONS_INIT(batch_normalize_options)

/* Makes the transform, of options that must stay as they are: see Built-in transforms. */
HEADRACE_API batch_transform batch_transform_normalize(const batch_normalize_options *options);

/* Noise on a float32 input: normal, of mean 0; deviation >= 0. */
typedef struct batch_noise_options {
  size_t size; /* see base.h */
  float deviation;
  uint32_t reserved; /* 0 */
} batch_noise_options;

#define BATCH_NOISE_OPTIONS_INIT HEADRACE_OPTIONS_INIT(batch_noise_options)

/* Makes the transform, of options that must stay as they are: see Built-in transforms. */
HEADRACE_API batch_transform batch_transform_noise(const batch_noise_options *options);

#ifdef __cplusplus
}
#endif
#endif
