#include "cuda_copies.h"

#include <cstring>

#include "cuda_check.h"
#include "cuda_feed.h"
#include "progress.h"

enum { ON_THE_WAY = 16, PLAIN_ROOMS = 4, ENOUGH = 1 << 30 };

bool copy_batches(BatchLoader *loader, double seconds, copies *done) {
  feed f;
  feed_open(&f, loader, ON_THE_WAY);
  bool good = true;
  for (int i = 0; good && i < 2 * ON_THE_WAY; i++) good = feed_next(&f) != nullptr; /* all rooms are made */
  double start = progress_clock(), waited_before = feed_waited(&f);
  *done = copies{};
  while (good && progress_clock() - start < seconds) {
    const feed_block *block = feed_next(&f);
    good = block != nullptr;
    if (!good) break;
    done->bytes += static_cast<double>(block->bytes);
    done->positions += static_cast<double>(block->rows) * block->columns;
  }
  CUDA_CHECK(cudaStreamSynchronize(f.copying));
  done->seconds = progress_clock() - start;
  done->waited = feed_waited(&f) - waited_before;
  feed_close(&f);
  return good;
}

copies copy_plain(size_t bytes, unsigned blocks, double seconds) {
  cudaStream_t stream;
  unsigned char *host, *device;
  CUDA_CHECK(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking));
  CUDA_CHECK(cudaMallocHost(reinterpret_cast<void **>(&host), bytes * blocks));
  CUDA_CHECK(cudaMalloc(reinterpret_cast<void **>(&device), bytes * PLAIN_ROOMS));
  std::memset(host, 1, bytes * blocks);
  copies done = {};
  double start = progress_clock(), on_the_way = 0;
  for (size_t n = 0; progress_clock() - start < seconds; n++) {
    CUDA_CHECK(cudaMemcpyAsync(device + bytes * (n % PLAIN_ROOMS), host + bytes * (n % blocks), bytes,
                               cudaMemcpyHostToDevice, stream));
    done.bytes += static_cast<double>(bytes);
    on_the_way += static_cast<double>(bytes);
    if (on_the_way < ENOUGH)
      continue; /* so that it ends in time; what the waiting costs is little beside that */
    CUDA_CHECK(cudaStreamSynchronize(stream));
    on_the_way = 0;
  }
  CUDA_CHECK(cudaStreamSynchronize(stream));
  done.seconds = progress_clock() - start;
  CUDA_CHECK(cudaFree(device));
  CUDA_CHECK(cudaFreeHost(host));
  CUDA_CHECK(cudaStreamDestroy(stream));
  return done;
}

double copies_rate(const copies *c) {
  return c->seconds > 0 ? c->bytes / c->seconds / 1e9 : 0;
}
