// Compiled with -fno-exceptions -fno-rtti: the calls that answer a status, and adopt, are enough for a trainer; what would throw
// aborts (the test's argument says so: no_exceptions abort). And beside macros that some C headers have.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <functional>
#include <iterator>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#define min(a, b) ((a) < (b) ? (a) : (b))
#define max(a, b) ((a) > (b) ? (a) : (b))
#define Success   0
#include <headrace/headrace.hpp>

static bool trains() {
  const uint8_t tokens[] = {0, 1, 2, 3, 4, 5, 6, 7, 8};
  batch_memory memory = BATCH_MEMORY_INIT;
  memory.tokens = tokens;
  memory.count = sizeof tokens;
  memory.token_type = BATCH_TOKEN_U8;
  headrace::dataset data = headrace::dataset::adopt(batch_dataset_from_memory(&memory, nullptr));
  batch_loader_options options = BATCH_LOADER_OPTIONS_INIT;
  options.batch_size = 1;
  options.sequence_length = 4;
  if (headrace::loader::adopt(batch_loader_create(nullptr, &options))) return false;
  headrace::loader loader = headrace::loader::adopt(batch_loader_create(data.get(), &options));
  if (!loader) return false;
  headrace::queue queue(4);
  headrace::batch batch;
  batch_status status;
  while ((status = loader.next_until(batch, BATCH_FOREVER)) == BATCH_OK)
    if (queue.try_enqueue(std::move(batch)) != BATCH_OK) return false;
  queue.close();
  int batches = 0;
  for (headrace::batch &each : queue) batches += each.target<int32_t>().size() == 4;
  return status == BATCH_END && batches == 2;
}

int main(int argc, char **) {
  if (argc > 1) headrace::dataset none("/nonexistent/headrace.bin");
  return trains() ? 0 : 1;
}
