/* Around each batch_release of the trainer (linked with --wrap=batch_release): nothing may be about to copy it. */
#include "cuda_runtime.h"

#include <headrace/batch.h>

extern "C" void __real_batch_release(Batch *batch);
extern "C" void __wrap_batch_release(Batch *batch);

extern "C" void __wrap_batch_release(Batch *batch) {
  size_t bytes = 0;
  const void *block = batch ? batch_block(batch, &bytes) : nullptr;
  if (block && stand_in_copy_waits(block, bytes))
    stand_in_fault("a batch is released before it has been copied");
  __real_batch_release(batch);
}
