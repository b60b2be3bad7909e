/* The command line of train. */
#ifndef EXAMPLES_TRAIN_ARGUMENTS_H
#define EXAMPLES_TRAIN_ARGUMENTS_H

#include <stddef.h>
#include <stdint.h>

#include <headrace/distribute.h>

enum { MAX_SPHERES = BATCH_SYMMETRY_GROUPS };

typedef struct arguments {
  uint64_t steps, seed;
  double seconds, rate;
  uint32_t spheres, workers, batch_size, sequence_length, sample;
  const char *const *files;
  size_t num_files;
} arguments;

/* Returns -1 to go on, or the exit status. */
int parse_arguments(arguments *a, int argc, char **argv);

#endif
