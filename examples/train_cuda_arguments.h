/* The command line of train_cuda. */
#ifndef EXAMPLES_TRAIN_CUDA_ARGUMENTS_H
#define EXAMPLES_TRAIN_CUDA_ARGUMENTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A batch's bytes for each position: input and target as uint16, mask as uint8. */
enum { CUDA_POSITION_BYTES = 5 };

typedef struct cuda_arguments {
  uint64_t steps, seed;
  double seconds, rate;
  uint32_t workers, batch_size, sequence_length;
  uint32_t group; /* batches in a copy; 0: cuda_default_group */
  int device;
  bool copy_only;
  const char *const *files;
  size_t num_files;
} cuda_arguments;

/* Returns -1 to go on, or the exit status. */
int parse_cuda_arguments(cuda_arguments *a, int argc, char **argv);

/* As many batches as make a copy of about 1 MiB, but no more than a sixteenth of an epoch of so many tokens, since
   what is left of an epoch and is less than a copy is left out; at least 1. */
uint32_t cuda_default_group(const cuda_arguments *a, uint64_t tokens);

#ifdef __cplusplus
}
#endif

#endif
