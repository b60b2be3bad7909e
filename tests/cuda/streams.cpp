/* The stand-in's streams: who runs when. */
#include "stand_in.h"

#include <algorithm>
#include <chrono>
#include <climits>
#include <cstdio>
#include <cstdlib>
#include <cstring>

thread_local uint3 blockIdx, threadIdx;
thread_local dim3 blockDim, gridDim;

namespace stand_in {

static bool overlap(const range &a, const range &b) {
  return a.first < b.first + b.bytes && b.first < a.first + a.bytes;
}

static bool share_memory(const task *a, const task *b) {
  for (const range &one : a->device)
    for (const range &other : b->device)
      if (overlap(one, other)) return true;
  return false;
}

/* A device may run what is asked for later in another stream first: then nothing may depend on the order. */
static void check_order(const task *work) {
  for (cudaStream_t stream : the_world().streams)
    for (const task *other : stream->tasks)
      if (other->number < work->number && (other->is_copy || work->is_copy) && share_memory(work, other)) {
        char what[160];
        std::snprintf(what, sizeof what,
                      "%s runs before %s on the same memory that was asked for earlier, nothing waits",
                      work->name, other->name);
        stand_in_fault(what);
      }
}

/* Runs the stream's first task, if it can run. With the mutex held, but for the running. */
static bool step(std::unique_lock<std::mutex> &lock, cudaStream_t stream) {
  if (stream->is_running || stream->tasks.empty() || !stream->tasks.front()->can_run()) return false;
  task *work = stream->tasks.front();
  check_order(work);
  stream->is_running = true;
  lock.unlock();
  work->run();
  lock.lock();
  stream->is_running = false;
  stream->tasks.pop_front();
  the_world().changed.notify_all();
  delete work;
  return true;
}

/* Runs one task with a number below `end`, of the stream that comes first. */
static bool step_any(std::unique_lock<std::mutex> &lock, unsigned long long end) {
  std::vector<cudaStream_t> streams = the_world().streams;
  if (the_world().in == order::backward) std::reverse(streams.begin(), streams.end());
  for (cudaStream_t stream : streams)
    if (!stream->tasks.empty() && stream->tasks.front()->number < end && step(lock, stream)) return true;
  return false;
}

[[noreturn]] static void give_up(const char *what) {
  std::fprintf(stderr, "stand-in: %s: this never comes\n", what);
  std::_Exit(98);
}

void wait_until(std::unique_lock<std::mutex> &lock, bool (*is_so)(const void *), const void *of,
                const char *what) {
  world &w = the_world();
  if (w.in == order::eager) {
    if (!w.changed.wait_for(lock, std::chrono::seconds(120), [&] { return is_so(of); })) give_up(what);
    return;
  }
  while (!is_so(of))
    if (!step_any(lock, ULLONG_MAX)) give_up(what);
  while (step_any(lock, w.last_copies[0])) {
  } /* late, but not for ever */
}

static void work_in_thread(cudaStream_t stream) {
  std::unique_lock<std::mutex> lock(the_world().mutex);
  while (!stream->is_ending)
    if (!step(lock, stream)) the_world().changed.wait(lock);
}

void start(cudaStream_t stream) {
  the_world().streams.push_back(stream);
  if (the_world().in == order::eager) stream->thread = std::thread(work_in_thread, stream);
}

void stop(std::unique_lock<std::mutex> &lock, cudaStream_t stream) {
  world &w = the_world();
  wait_until(
      lock, [](const void *s) { return static_cast<const CUstream_st *>(s)->tasks.empty(); }, stream,
      "the end of a stream");
  w.streams.erase(std::find(w.streams.begin(), w.streams.end(), stream));
  stream->is_ending = true;
  w.changed.notify_all();
  lock.unlock();
  if (stream->thread.joinable()) stream->thread.join();
  lock.lock();
}

cudaError_t enqueue(cudaStream_t stream, const char *call, task *work) {
  cudaError_t error = enter(call);
  if (error == cudaSuccess && !stream)
    error = cudaErrorInvalidResourceHandle; /* the default stream is not done here */
  if (error != cudaSuccess) {
    delete work;
    return error;
  }
  std::lock_guard<std::mutex> lock(the_world().mutex);
  world &w = the_world();
  work->number = ++w.tasks;
  if (work->is_copy) {
    std::rotate(w.last_copies, w.last_copies + 1, w.last_copies + LATE);
    w.last_copies[LATE - 1] = work->number;
  }
  stream->tasks.push_back(work);
  the_world().changed.notify_all();
  return cudaSuccess;
}

void run_grid(const cudaLaunchConfig_t &config, void (*thread)(void *), void *context) {
  gridDim = config.gridDim;
  blockDim = config.blockDim;
  for (unsigned block = 0; block < gridDim.x; block++)
    for (unsigned i = 0; i < blockDim.x; i++) {
      blockIdx = uint3{block, 0, 0};
      threadIdx = uint3{i, 0, 0};
      thread(context);
    }
}

} // namespace stand_in

bool stand_in_copy_waits(const void *host, size_t bytes) {
  std::lock_guard<std::mutex> lock(stand_in::the_world().mutex);
  stand_in::range memory = {reinterpret_cast<uintptr_t>(host), bytes};
  for (cudaStream_t stream : stand_in::the_world().streams)
    for (const stand_in::task *work : stream->tasks)
      if (work->is_copy && stand_in::overlap(memory, work->host)) return true;
  return false;
}
