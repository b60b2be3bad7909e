/* A stand-in for CUDA's runtime: what the example trainer calls of it, with the names, types and orders of arguments of CUDA 13,
   so that the very same files run, and are checked, where there is no GPU. stand_in.cpp does it: streams are first in,
   first out; each runs in a thread of its own, or, with STAND_IN_ORDER, all of them only while the program waits for
   one, and then the one first that comes first (forward: as they were made) or last (backward) of those that can go on.
   A device may do all of this.

   What the host has not the right to touch it cannot: device pointers point at pages that nobody may read.
   Faults, each printed when it is found, and at the end counted: status 99. STAND_IN_FAIL=cudaMalloc:2 lets
   the second call of cudaMalloc fail. */
#ifndef CUDA_STAND_IN_RUNTIME_H
#define CUDA_STAND_IN_RUNTIME_H

#include <math.h>
#include <stddef.h>
#include <stdint.h>

#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#define __global__
#define __device__
#define __host__

enum cudaError {
  cudaSuccess = 0,
  cudaErrorInvalidValue = 1,
  cudaErrorMemoryAllocation = 2,
  cudaErrorInvalidDevice = 101,
  cudaErrorInvalidResourceHandle = 400,
  cudaErrorHostMemoryAlreadyRegistered = 712,
  cudaErrorHostMemoryNotRegistered = 713,
  cudaErrorNotPermitted = 800
};
typedef enum cudaError cudaError_t;

enum cudaMemcpyKind {
  cudaMemcpyHostToHost = 0,
  cudaMemcpyHostToDevice = 1,
  cudaMemcpyDeviceToHost = 2,
  cudaMemcpyDeviceToDevice = 3,
  cudaMemcpyDefault = 4
};

#define cudaHostRegisterDefault 0x00
#define cudaStreamNonBlocking   0x01
#define cudaEventDisableTiming  0x02

struct uint3 {
  unsigned int x, y, z;
};
struct dim3 {
  unsigned int x, y, z;
  constexpr dim3(unsigned int x_ = 1, unsigned int y_ = 1, unsigned int z_ = 1) noexcept
      : x(x_), y(y_), z(z_) {}
};

typedef struct CUstream_st *cudaStream_t;
typedef struct CUevent_st *cudaEvent_t;
typedef struct cudaLaunchAttribute_st cudaLaunchAttribute;

typedef struct cudaLaunchConfig_st {
  dim3 gridDim;
  dim3 blockDim;
  size_t dynamicSmemBytes;
  cudaStream_t stream;
  cudaLaunchAttribute *attrs;
  unsigned int numAttrs;
} cudaLaunchConfig_t;

struct cudaDeviceProp {
  char name[256];
};

extern "C" {
const char *cudaGetErrorName(cudaError_t error);
const char *cudaGetErrorString(cudaError_t error);
cudaError_t cudaSetDevice(int device);
cudaError_t cudaGetDeviceProperties(struct cudaDeviceProp *prop, int device);
cudaError_t cudaDeviceSynchronize(void);

cudaError_t cudaMalloc(void **devPtr, size_t size);
cudaError_t cudaFree(void *devPtr);
cudaError_t cudaMallocHost(void **ptr, size_t size);
cudaError_t cudaFreeHost(void *ptr);
cudaError_t cudaHostRegister(void *ptr, size_t size, unsigned int flags);
cudaError_t cudaHostUnregister(void *ptr);

cudaError_t cudaMemcpy(void *dst, const void *src, size_t count, enum cudaMemcpyKind kind);
cudaError_t cudaMemcpyAsync(void *dst, const void *src, size_t count, enum cudaMemcpyKind kind,
                            cudaStream_t stream);
cudaError_t cudaMemsetAsync(void *devPtr, int value, size_t count, cudaStream_t stream);

cudaError_t cudaStreamCreateWithFlags(cudaStream_t *pStream, unsigned int flags);
cudaError_t cudaStreamDestroy(cudaStream_t stream);
cudaError_t cudaStreamSynchronize(cudaStream_t stream);
cudaError_t cudaStreamWaitEvent(cudaStream_t stream, cudaEvent_t event, unsigned int flags);

cudaError_t cudaEventCreateWithFlags(cudaEvent_t *event, unsigned int flags);
cudaError_t cudaEventDestroy(cudaEvent_t event);
cudaError_t cudaEventRecord(cudaEvent_t event, cudaStream_t stream);
cudaError_t cudaEventSynchronize(cudaEvent_t event);
}

/* Where a kernel's thread is. */
extern thread_local uint3 blockIdx, threadIdx;
extern thread_local dim3 blockDim, gridDim;

static inline float atomicAdd(float *address,
                              float value) { /* one thread of the host runs all of a kernel's */
  float before = *address;
  *address = before + value;
  return before;
}

namespace stand_in {

/* A part of the device's memory, or the host's: what a task reads or writes. */
struct range {
  uintptr_t first, bytes;
};

/* What a stream does. */
struct task {
  virtual ~task() {}
  virtual void run() = 0;
  virtual bool can_run() { return true; }
  const char *name = "";
  range host = {0, 0};           /* that a copy reads */
  std::vector<range> device;     /* that it touches */
  bool is_copy = false;          /* to the device */
  unsigned long long number = 0; /* in the order of the calls */
};

/* Gives where memory of the device really lies; a fault where it is none. */
void *reach(const void *device, task *user);
cudaError_t enqueue(cudaStream_t stream, const char *call, task *work); /* which it deletes in the end */
void run_grid(const cudaLaunchConfig_t &config, void (*thread)(void *), void *context);

template <typename T> T reach_argument(T value, task *) {
  static_assert(std::is_arithmetic<T>::value, "the stand-in takes numbers and pointers");
  return value;
}
template <typename T> T *reach_argument(T *pointer, task *user) {
  return static_cast<T *>(reach(pointer, user));
}

template <typename... Parameters> struct kernel_task : task {
  cudaLaunchConfig_t config;
  void (*kernel)(Parameters...);
  std::tuple<Parameters...> arguments;
  kernel_task(const cudaLaunchConfig_t &c, void (*k)(Parameters...), Parameters... a)
      : config(c), kernel(k), arguments{reach_argument(a, this)...} {
    name = "a kernel";
  }
  static void thread(void *self) {
    kernel_task *t = static_cast<kernel_task *>(self);
    std::apply(t->kernel, t->arguments);
  }
  void run() override { run_grid(config, thread, this); }
};

} // namespace stand_in

template <typename... ExpTypes, typename... ActTypes>
static inline cudaError_t cudaLaunchKernelEx(const cudaLaunchConfig_t *config, void (*kernel)(ExpTypes...),
                                             ActTypes &&...args) {
  return stand_in::enqueue(
      config->stream, "cudaLaunchKernelEx",
      new stand_in::kernel_task<ExpTypes...>(*config, kernel, std::forward<ActTypes>(args)...));
}

/* For the checks of release.cpp. */
void stand_in_fault(const char *what);
bool stand_in_copy_waits(const void *host, size_t bytes);

#endif
