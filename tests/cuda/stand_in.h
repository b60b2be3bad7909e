/* What the stand-in's two files share. */
#ifndef CUDA_STAND_IN_H
#define CUDA_STAND_IN_H

#include "cuda_runtime.h"

#include <atomic>
#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>
#include <thread>

struct CUevent_st {
  unsigned long long recorded = 0,
                     done = 0; /* calls of cudaEventRecord, and those that the stream has come to */
};

struct CUstream_st {
  std::deque<stand_in::task *> tasks; /* the first one may be running */
  bool is_running = false, is_ending = false;
  std::thread thread;
};

namespace stand_in {

enum class order { eager, forward, backward };

enum { LATE = 3 }; /* what waits with no need is done when so many copies have been asked for after it */

struct world {
  std::mutex mutex; /* for all of it */
  std::condition_variable changed;
  std::vector<cudaStream_t> streams;                        /* as they were made */
  std::map<uintptr_t, range> registered;                    /* of the host */
  std::map<uintptr_t, std::pair<size_t, void *>> allocated; /* of the device: bytes, where they really lie */
  unsigned long long last_copies[LATE] = {};                /* their numbers, the oldest first */
  order in = order::eager;
  unsigned long long tasks = 0, copies = 0, unregistered = 0;
  std::atomic<unsigned long long> faults{0}; /* found with or without the mutex */
};

world &the_world(); /* made by the first call, never destroyed: threads may still be there */

/* Whether the call may go on: not where STAND_IN_FAIL says so. */
cudaError_t enter(const char *call);

/* With the mutex held. Both end the process, saying what was waited for, when that cannot come. */
void wait_until(std::unique_lock<std::mutex> &lock, bool (*is_so)(const void *), const void *of,
                const char *what);
void start(cudaStream_t stream);
void stop(std::unique_lock<std::mutex> &lock, cudaStream_t stream);

} // namespace stand_in

#endif
