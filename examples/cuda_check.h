/* What a CUDA call answers. After most errors the device's context is lost, and there is nothing to go on with: so
   the program ends. */
#ifndef EXAMPLES_CUDA_CHECK_H
#define EXAMPLES_CUDA_CHECK_H

#include <cuda_runtime.h>

#include <cstdio>
#include <cstdlib>

inline void cuda_check(cudaError_t error, const char *call) {
  if (error == cudaSuccess) return;
  std::fflush(stdout);
  std::fprintf(stderr, "train_cuda: %s: %s: %s\n", call, cudaGetErrorName(error), cudaGetErrorString(error));
  std::_Exit(1); /* no exit handler, for there may be work on the device */
}

#define CUDA_CHECK(call) cuda_check(call, #call)

#endif
