// A C++ program uses the C headers: a batch with its atomic count goes through a queue.
#include <headrace/headrace.h>

#include <cstdio>
#include <thread>

int main() {
  BatchQueue *queue = batch_queue_create(2);
  std::thread producer([queue] {
    for (uint64_t i = 0; i < 1000; i++) {
      Batch *batch = batch_create(2, 3, 100);
      batch->batch_id = i;
      batch->input.data[5] = static_cast<float>(i);
      if (!batch_queue_enqueue(queue, batch)) batch_release(batch);
    }
    batch_queue_close(queue);
  });
  uint64_t expected = 0;
  bool right = true;
  while (Batch *batch = batch_queue_dequeue(queue)) {
    right = right && batch->batch_id == expected && batch->input.data[5] == static_cast<float>(expected) &&
            batch->ref_count.load() == 1 && batch->input.shape[1] == 3;
    expected++;
    batch_release(batch);
  }
  producer.join();
  batch_queue_free(queue);
  batch_pool_options options = BATCH_POOL_OPTIONS_INIT;
  batch_spheres_options spheres = BATCH_SPHERES_OPTIONS_INIT;
  right = right && expected == 1000 && options.size == sizeof options && options.numa_node == 0 &&
          spheres.process == nullptr;
  std::printf("%llu batches, version %s\n", static_cast<unsigned long long>(expected), batch_version());
  return right ? 0 : 1;
}
