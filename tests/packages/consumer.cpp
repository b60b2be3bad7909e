// A user's first program in C++: a loader over a file, and a batch through a queue.
#include <headrace/headrace.hpp>

#include <cstdio>
#include <utility>

int main() { // NOLINT(bugprone-exception-escape): what it throws ends it, as it is to
  headrace::dataset text("/usr/share/common-licenses/GPL-3");
  batch_loader_options options = BATCH_LOADER_OPTIONS_INIT;
  options.batch_size = 8;
  options.sequence_length = 256;
  headrace::loader loader(text, options);
  headrace::queue queue(64);
  unsigned batches = 0;
  for (headrace::batch &batch : loader) {
    if (!queue.enqueue(std::move(batch)) || !queue.dequeue()) return 1;
    batches++;
  }
  std::printf("%u batches\n", batches);
  return batches > 0 ? 0 : 1;
}
