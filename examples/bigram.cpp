// Trains the smallest language model that there is, which byte follows which, over the bytes of text files, in C++: two datasets of one
// text, a loader, the loop. Ctrl-C ends it as the end does; what it learnt is told by documents that it has not seen.
//
//   usage: bigram [--steps N] FILE...

#include <headrace/headrace.hpp>

#include <cmath>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

namespace {

constexpr size_t BYTES = 256;

volatile std::sig_atomic_t interrupted;

// The logits of the next byte, a row for each byte, and Adagrad's sums of squared gradients.
class bigram {
public:
  // How often `next` follows `byte` in a batch, where the mask counts it.
  class counts {
  public:
    explicit counts(const headrace::batch &batch) : table_(BYTES * BYTES), rows_(BYTES) {
      headrace::elements<const int32_t> input = batch.input<int32_t>(), target = batch.target<int32_t>();
      headrace::elements<const float> mask = batch.mask<float>();
      for (size_t i = 0; i < input.size(); i++) {
        if (mask[i] == 0) continue;
        table_[size_t(input[i]) * BYTES + size_t(target[i])]++;
        rows_[size_t(input[i])]++;
        total_++;
      }
    }
    const float *of(size_t byte) const { return &table_[byte * BYTES]; }
    float row(size_t byte) const { return rows_[byte]; }
    float total() const { return total_; }

  private:
    std::vector<float> table_, rows_;
    float total_ = 0;
  };

  bigram() : logits_(BYTES * BYTES), squares_(BYTES * BYTES, 1e-8f) {}

  // In nats a byte.
  double loss(const counts &seen) const {
    double sum = 0;
    for (size_t byte = 0; byte < BYTES; byte++)
      if (seen.row(byte) > 0) sum += loss_of(byte, seen, probabilities(byte));
    return sum / seen.total();
  }

  // One step down the gradient; gives the loss before it.
  double learn(const counts &seen, float rate) {
    double sum = 0;
    for (size_t byte = 0; byte < BYTES; byte++) {
      if (seen.row(byte) == 0) continue;
      std::vector<float> p = probabilities(byte);
      sum += loss_of(byte, seen, p);
      for (size_t next = 0; next < BYTES; next++) {
        float slope = (seen.row(byte) * p[next] - seen.of(byte)[next]) / seen.total();
        float &square = squares_[byte * BYTES + next];
        square += slope * slope;
        logits_[byte * BYTES + next] -= rate * slope / std::sqrt(square);
      }
    }
    return sum / seen.total();
  }

private:
  std::vector<float> probabilities(size_t byte) const {
    std::vector<float> p(&logits_[byte * BYTES], &logits_[byte * BYTES] + BYTES);
    float sum = 0;
    for (float &x : p) sum += x = std::exp(x);
    for (float &x : p) x /= sum;
    return p;
  }

  static double loss_of(size_t byte, const counts &seen, const std::vector<float> &p) {
    double sum = 0;
    for (size_t next = 0; next < BYTES; next++)
      if (seen.of(byte)[next] > 0) sum -= double(seen.of(byte)[next]) * std::log(double(p[next]));
    return sum;
  }

  std::vector<float> logits_, squares_;
};

headrace::dataset part(const std::vector<std::string> &files, batch_subset subset) {
  batch_dataset_options options = BATCH_DATASET_OPTIONS_INIT;
  options.format = BATCH_FORMAT_TEXT;
  options.subset = subset;
  options.validation_fraction = 0.1;
  return headrace::dataset(files, options);
}

headrace::loader feed(const headrace::dataset &data, uint64_t steps) {
  batch_loader_options options = BATCH_LOADER_OPTIONS_INIT;
  options.batch_size = 16;
  options.sequence_length = 128;
  options.vocab_size = BYTES;
  options.workers = 2;
  options.epochs = steps > 0 ? BATCH_LOADER_ENDLESS : 1;
  options.steps = steps;
  return headrace::loader(data, options);
}

double validation_loss(const bigram &model, const headrace::dataset &data) {
  headrace::loader loader = feed(data, 0);
  double sum = 0, tokens = 0;
  for (const headrace::batch &batch : loader) {
    bigram::counts seen(batch);
    sum += model.loss(seen) * double(seen.total());
    tokens += double(seen.total());
  }
  return sum / tokens;
}

void train(const std::vector<std::string> &files, uint64_t steps) {
  headrace::dataset training = part(files, BATCH_SUBSET_TRAIN), held = part(files, BATCH_SUBSET_VALIDATION);
  std::printf("%llu tokens to learn, %llu held back\n", static_cast<unsigned long long>(training.tokens()),
              static_cast<unsigned long long>(held.tokens()));
  bigram model;
  headrace::loader loader = feed(training, steps);
  uint64_t step = 0;
  for (headrace::batch &batch : loader) {
    double loss = model.learn(bigram::counts(batch), 0.5f);
    if (step++ % 100 == 0)
      std::printf("step %5llu  loss %.3f\n", static_cast<unsigned long long>(step), loss);
    if (interrupted) break;
  }
  batch_loader_stats stats = loader.get_stats();
  std::printf("step %5llu  loss %.3f of what was held back; waits: %s\n",
              static_cast<unsigned long long>(step), validation_loss(model, held),
              batch_bottleneck_name(stats.bottleneck));
}

} // namespace

int main(int argc, char **argv) {
  uint64_t steps = 500;
  std::vector<std::string> files;
  for (int i = 1; i < argc; i++) {
    if (std::strcmp(argv[i], "--steps") == 0 && i + 1 < argc)
      steps = std::strtoull(argv[++i], nullptr, 10);
    else
      files.push_back(argv[i]);
  }
  if (files.empty() || steps == 0) {
    std::fprintf(stderr, "usage: bigram [--steps N] FILE...\n");
    return 2;
  }
  std::signal(SIGINT, [](int) { interrupted = 1; });
  try {
    train(files, steps);
  } catch (const std::exception &e) { // headrace::error names the file, what was found and what was expected
    std::fprintf(stderr, "bigram: %s\n", e.what());
    return 1;
  }
}
