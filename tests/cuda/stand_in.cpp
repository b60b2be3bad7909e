/* The stand-in's calls, but for what its streams do: streams.cpp. */
#include "stand_in.h"

#include <sys/mman.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>

using namespace stand_in;

/* Registered first, so that it runs last: after the program's own handlers. */
static void report() {
  world &w = the_world();
  std::fprintf(stderr, "stand-in: %llu copies to the device, %llu of them not asynchronous, %llu faults\n",
               w.copies, w.unregistered, w.faults.load());
  if (!w.streams.empty() || !w.allocated.empty() || !w.registered.empty())
    std::fprintf(stderr, "stand-in: left at the end: %zu streams, %zu allocations, %zu registered ranges\n",
                 w.streams.size(), w.allocated.size(), w.registered.size());
  if (w.faults > 0) {
    std::fflush(stdout);
    std::_Exit(99);
  }
}

static world *make_world() {
  world *w = new world;
  const char *order = std::getenv("STAND_IN_ORDER");
  if (order && std::strcmp(order, "forward") == 0) w->in = order::forward;
  if (order && std::strcmp(order, "backward") == 0) w->in = order::backward;
  std::atexit(report);
  return w;
}

world &stand_in::the_world() {
  static world *w = make_world();
  return *w;
}

void stand_in_fault(const char *what) { /* the mutex is held, or it is the host's thread */
  std::fprintf(stderr, "stand-in: fault: %s\n", what);
  the_world().faults++;
}

cudaError_t stand_in::enter(const char *call) {
  static std::map<const char *, unsigned> calls;
  std::lock_guard<std::mutex> lock(the_world().mutex);
  const char *fail = std::getenv("STAND_IN_FAIL");
  size_t length = std::strlen(call);
  if (fail && std::strncmp(fail, call, length) == 0 && fail[length] == ':' &&
      ++calls[call] == std::strtoul(fail + length + 1, nullptr, 10))
    return cudaErrorMemoryAllocation;
  return cudaSuccess;
}

/* The allocation that holds an address of the device, else nullptr. */
static const std::pair<const uintptr_t, std::pair<size_t, void *>> *allocation_of(uintptr_t address) {
  auto after = the_world().allocated.upper_bound(address);
  if (after == the_world().allocated.begin()) return nullptr;
  --after;
  return address < after->first + after->second.first ? &*after : nullptr;
}

void *stand_in::reach(const void *device, task *user) {
  std::lock_guard<std::mutex> lock(the_world().mutex);
  uintptr_t address = reinterpret_cast<uintptr_t>(device);
  const auto *found = allocation_of(address);
  if (!found) {
    stand_in_fault("a kernel or copy on the device gets memory that is not the device's");
    std::_Exit(99);
  }
  user->device.push_back(range{found->first, found->second.first});
  return static_cast<unsigned char *>(found->second.second) + (address - found->first);
}

static bool is_registered(const void *memory, size_t bytes) {
  uintptr_t first = reinterpret_cast<uintptr_t>(memory);
  for (const auto &entry : the_world().registered)
    if (first >= entry.second.first && first + bytes <= entry.second.first + entry.second.bytes) return true;
  return false;
}

static unsigned long long sum_of(const void *memory, size_t bytes) {
  unsigned long long sum = bytes, word = 0;
  for (size_t i = 0; i < bytes; i += sizeof word, word = 0) {
    std::memcpy(&word, static_cast<const unsigned char *>(memory) + i, std::min(sizeof word, bytes - i));
    sum = (sum ^ word) * 0x9e3779b97f4a7c15u;
    sum ^= sum >> 32;
  }
  return sum;
}

namespace {

/* Where memory of the host is read, it must be as it was when the copy was asked for. */
struct copy_task : task {
  void *to;
  const void *from;
  size_t bytes;
  unsigned long long sum = 0;
  copy_task(void *dst, const void *src, size_t count, enum cudaMemcpyKind kind)
      : to(dst), from(src), bytes(count) {
    name = "a copy";
    is_copy = kind == cudaMemcpyHostToDevice;
    if (is_copy) {
      host = range{reinterpret_cast<uintptr_t>(src), count};
      to = reach(dst, this);
      sum = sum_of(src, count);
    } else {
      from = reach(src, this);
    }
  }
  void run() override {
    if (is_copy && sum_of(from, bytes) != sum)
      stand_in_fault("a copy finds other bytes than when it was asked for");
    std::memcpy(to, from, bytes);
  }
};

struct fill_task : task {
  void *to;
  int value;
  size_t bytes;
  fill_task(void *dst, int v, size_t count) : value(v), bytes(count) {
    name = "a memset";
    to = reach(dst, this);
  }
  void run() override { std::memset(to, value, bytes); }
};

struct record_task : task {
  cudaEvent_t event;
  unsigned long long count;
  record_task(cudaEvent_t e, unsigned long long c) : event(e), count(c) { name = "an event"; }
  void run() override {
    std::lock_guard<std::mutex> lock(the_world().mutex);
    if (event->done < count) event->done = count;
  }
};

struct wait_task : task {
  cudaEvent_t event;
  unsigned long long count;
  wait_task(cudaEvent_t e, unsigned long long c) : event(e), count(c) { name = "a wait"; }
  bool can_run() override { return event->done >= count; }
  void run() override {}
};

} // namespace

const char *cudaGetErrorName(cudaError_t error) {
  switch (error) {
  case cudaSuccess:
    return "cudaSuccess";
  case cudaErrorInvalidValue:
    return "cudaErrorInvalidValue";
  case cudaErrorMemoryAllocation:
    return "cudaErrorMemoryAllocation";
  case cudaErrorInvalidDevice:
    return "cudaErrorInvalidDevice";
  case cudaErrorInvalidResourceHandle:
    return "cudaErrorInvalidResourceHandle";
  case cudaErrorHostMemoryAlreadyRegistered:
    return "cudaErrorHostMemoryAlreadyRegistered";
  case cudaErrorHostMemoryNotRegistered:
    return "cudaErrorHostMemoryNotRegistered";
  default:
    return "cudaErrorNotPermitted";
  }
}

const char *cudaGetErrorString(cudaError_t) {
  return "as the stand-in was asked to, or for a fault of the program";
}

cudaError_t cudaSetDevice(int device) {
  cudaError_t error = enter("cudaSetDevice");
  return error != cudaSuccess ? error : device == 0 ? cudaSuccess : cudaErrorInvalidDevice;
}

cudaError_t cudaGetDeviceProperties(struct cudaDeviceProp *prop, int device) {
  std::strcpy(prop->name, "a stand-in, which is no GPU");
  return device == 0 ? enter("cudaGetDeviceProperties") : cudaErrorInvalidDevice;
}

static bool all_idle(const void *) {
  world &w = the_world();
  return std::all_of(w.streams.begin(), w.streams.end(), [](cudaStream_t s) { return s->tasks.empty(); });
}

cudaError_t cudaDeviceSynchronize(void) {
  cudaError_t error = enter("cudaDeviceSynchronize");
  if (error != cudaSuccess) return error;
  std::unique_lock<std::mutex> lock(the_world().mutex);
  wait_until(lock, all_idle, nullptr, "the end of all streams");
  return cudaSuccess;
}

/* The address is one that the host cannot touch; the bytes lie elsewhere, where AddressSanitizer watches them. */
cudaError_t cudaMalloc(void **devPtr, size_t size) {
  cudaError_t error = enter("cudaMalloc");
  if (error != cudaSuccess) return error;
  void *address = mmap(nullptr, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  void *bytes = std::malloc(size);
  if (address == MAP_FAILED || !bytes) return cudaErrorMemoryAllocation;
  std::memset(bytes, 0x7b,
              std::min(size, size_t{1} << 22)); /* CUDA does not clear it either; more would take time */
  std::lock_guard<std::mutex> lock(the_world().mutex);
  the_world().allocated[reinterpret_cast<uintptr_t>(address)] = {size, bytes};
  *devPtr = address;
  return cudaSuccess;
}

cudaError_t cudaFree(void *devPtr) {
  cudaError_t error = enter("cudaFree");
  if (error != cudaSuccess || !devPtr) return error;
  std::unique_lock<std::mutex> lock(the_world().mutex);
  wait_until(lock, all_idle, nullptr, "the end of all streams, for cudaFree");
  auto found = the_world().allocated.find(reinterpret_cast<uintptr_t>(devPtr));
  if (found == the_world().allocated.end()) return cudaErrorInvalidValue;
  munmap(devPtr, found->second.first);
  std::free(found->second.second);
  the_world().allocated.erase(found);
  return cudaSuccess;
}

static cudaError_t add_registered(void *memory, size_t bytes) {
  std::lock_guard<std::mutex> lock(the_world().mutex);
  range added = {reinterpret_cast<uintptr_t>(memory), bytes};
  for (const auto &entry : the_world().registered)
    if (added.first < entry.second.first + entry.second.bytes && entry.second.first < added.first + bytes)
      return cudaErrorHostMemoryAlreadyRegistered;
  the_world().registered[added.first] = added;
  return cudaSuccess;
}

static cudaError_t remove_registered(void *memory) {
  std::lock_guard<std::mutex> lock(the_world().mutex);
  auto found = the_world().registered.find(reinterpret_cast<uintptr_t>(memory));
  if (found == the_world().registered.end()) return cudaErrorHostMemoryNotRegistered;
  for (cudaStream_t stream : the_world().streams)
    for (const task *work : stream->tasks)
      if (work->is_copy && work->host.first >= found->second.first &&
          work->host.first < found->second.first + found->second.bytes)
        stand_in_fault("memory is unregistered while a copy of it waits");
  the_world().registered.erase(found);
  return cudaSuccess;
}

cudaError_t cudaMallocHost(void **ptr, size_t size) {
  cudaError_t error = enter("cudaMallocHost");
  if (error != cudaSuccess) return error;
  *ptr = std::malloc(size);
  return *ptr ? add_registered(*ptr, size) : cudaErrorMemoryAllocation;
}

cudaError_t cudaFreeHost(void *ptr) {
  cudaError_t error = enter("cudaFreeHost");
  if (error == cudaSuccess) error = remove_registered(ptr);
  if (error == cudaSuccess) std::free(ptr);
  return error;
}

cudaError_t cudaHostRegister(void *ptr, size_t size, unsigned int) {
  cudaError_t error = enter("cudaHostRegister");
  return error == cudaSuccess ? add_registered(ptr, size) : error;
}

cudaError_t cudaHostUnregister(void *ptr) {
  cudaError_t error = enter("cudaHostUnregister");
  return error == cudaSuccess ? remove_registered(ptr) : error;
}

cudaError_t cudaMemcpyAsync(void *dst, const void *src, size_t count, enum cudaMemcpyKind kind,
                            cudaStream_t stream) {
  if (kind != cudaMemcpyHostToDevice && kind != cudaMemcpyDeviceToHost) return cudaErrorInvalidValue;
  bool up = kind == cudaMemcpyHostToDevice;
  {
    std::lock_guard<std::mutex> lock(the_world().mutex);
    the_world().copies += up;
    if (!is_registered(up ? src : dst, count)) {
      the_world().unregistered += up;
      stand_in_fault("a copy of memory that is not registered: it is not asynchronous");
    }
  }
  return enqueue(stream, "cudaMemcpyAsync", new copy_task(dst, src, count, kind));
}

/* Of the device's memory as it is now: streams that do not block go on beside it. */
cudaError_t cudaMemcpy(void *dst, const void *src, size_t count, enum cudaMemcpyKind kind) {
  cudaError_t error = enter("cudaMemcpy");
  if (error == cudaSuccess && kind != cudaMemcpyHostToDevice) error = cudaErrorInvalidValue;
  if (error == cudaSuccess) copy_task(dst, src, count, kind).run();
  return error;
}

cudaError_t cudaMemsetAsync(void *devPtr, int value, size_t count, cudaStream_t stream) {
  return enqueue(stream, "cudaMemsetAsync", new fill_task(devPtr, value, count));
}

cudaError_t cudaStreamCreateWithFlags(cudaStream_t *pStream, unsigned int flags) {
  cudaError_t error = enter("cudaStreamCreateWithFlags");
  if (error != cudaSuccess) return error;
  std::lock_guard<std::mutex> lock(the_world().mutex);
  if (flags != cudaStreamNonBlocking) stand_in_fault("a stream that the default stream stands still for");
  start(*pStream = new CUstream_st);
  return cudaSuccess;
}

cudaError_t cudaStreamDestroy(cudaStream_t stream) {
  cudaError_t error = enter("cudaStreamDestroy");
  if (error != cudaSuccess) return error;
  std::unique_lock<std::mutex> lock(the_world().mutex);
  stop(lock, stream);
  delete stream;
  return cudaSuccess;
}

cudaError_t cudaStreamSynchronize(cudaStream_t stream) {
  cudaError_t error = enter("cudaStreamSynchronize");
  if (error != cudaSuccess) return error;
  std::unique_lock<std::mutex> lock(the_world().mutex);
  wait_until(
      lock, [](const void *s) { return static_cast<const CUstream_st *>(s)->tasks.empty(); }, stream,
      "the end of a stream");
  return cudaSuccess;
}

cudaError_t cudaStreamWaitEvent(cudaStream_t stream, cudaEvent_t event, unsigned int) {
  std::unique_lock<std::mutex> lock(the_world().mutex);
  unsigned long long count = event->recorded;
  lock.unlock();
  return enqueue(stream, "cudaStreamWaitEvent", new wait_task(event, count));
}

cudaError_t cudaEventCreateWithFlags(cudaEvent_t *event, unsigned int flags) {
  if (flags != cudaEventDisableTiming) stand_in_fault("an event that takes the time");
  *event = new CUevent_st;
  return enter("cudaEventCreateWithFlags");
}

/* Of one that nothing waits for any more: CUDA would keep it until then. */
cudaError_t cudaEventDestroy(cudaEvent_t event) {
  cudaError_t error = enter("cudaEventDestroy");
  if (error != cudaSuccess) return error;
  std::unique_lock<std::mutex> lock(the_world().mutex);
  wait_until(lock, all_idle, nullptr, "the end of all streams, for cudaEventDestroy");
  delete event;
  return cudaSuccess;
}

cudaError_t cudaEventRecord(cudaEvent_t event, cudaStream_t stream) {
  std::unique_lock<std::mutex> lock(the_world().mutex);
  unsigned long long count = ++event->recorded;
  lock.unlock();
  return enqueue(stream, "cudaEventRecord", new record_task(event, count));
}

cudaError_t cudaEventSynchronize(cudaEvent_t event) {
  cudaError_t error = enter("cudaEventSynchronize");
  if (error != cudaSuccess) return error;
  std::unique_lock<std::mutex> lock(the_world().mutex);
  wait_until(
      lock,
      [](const void *e) {
        return static_cast<const CUevent_st *>(e)->done >= static_cast<const CUevent_st *>(e)->recorded;
      },
      event, "an event");
  return cudaSuccess;
}
