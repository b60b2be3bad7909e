/* How fast a loader's batches get to the GPU, beside plain copies of pinned memory. */
#ifndef EXAMPLES_CUDA_COPIES_H
#define EXAMPLES_CUDA_COPIES_H

#include <headrace/loader.h>

typedef struct copies {
  double bytes, seconds;
  double positions;
  double waited; /* seconds, for batches */
} copies;

/* Copies all that the loader gives in about so many seconds. Returns false when it ends before, with its reason in
   batch_last_error. */
bool copy_batches(BatchLoader *loader, double seconds, copies *done);

/* Copies `blocks` blocks of pinned memory again and again, one after the other, with nothing in between. */
copies copy_plain(size_t bytes, unsigned blocks, double seconds);

double copies_rate(const copies *c); /* GB/s */

#endif
