#include "cuda_model.h"

#include "cuda_check.h"
#include "cuda_kernels.h"

#include <cmath>

/* Launches a kernel of n threads. */
template <typename... Parameters, typename... Arguments>
static void launch(const char *name, void (*kernel)(Parameters...), int n, cudaStream_t stream,
                   Arguments... arguments) {
  const unsigned threads = 128;
  cudaLaunchConfig_t config = {};
  config.gridDim = dim3((static_cast<unsigned>(n) + threads - 1) / threads);
  config.blockDim = dim3(threads);
  config.stream = stream;
  cuda_check(cudaLaunchKernelEx(&config, kernel, arguments...), name);
}

#define LAUNCH(kernel, ...) launch("cudaLaunchKernelEx(" #kernel ")", kernel, __VA_ARGS__)

template <typename Element> static void make_room(Element **room, size_t n, cudaStream_t stream) {
  CUDA_CHECK(cudaMalloc(reinterpret_cast<void **>(room), n * sizeof(Element)));
  CUDA_CHECK(cudaMemsetAsync(*room, 0, n * sizeof(Element), stream));
}

void cuda_model_open(cuda_model *m, const model *start, unsigned rows, unsigned columns) {
  *m = cuda_model{};
  m->rows = static_cast<int>(rows);
  m->columns = static_cast<int>(columns);
  size_t positions = static_cast<size_t>(rows) * columns, parameters = model_parameters();
  CUDA_CHECK(cudaStreamCreateWithFlags(&m->stream, cudaStreamNonBlocking));
  make_room(&m->weights, parameters, m->stream);
  make_room(&m->first, parameters, m->stream);
  make_room(&m->second, parameters, m->stream);
  make_room(&m->sum, parameters, m->stream);
  make_room(&m->input, positions, m->stream);
  make_room(&m->target, positions, m->stream);
  make_room(&m->hidden, positions * MODEL_HIDDEN, m->stream);
  make_room(&m->out, positions * MODEL_BYTES, m->stream);
  make_room(&m->losses, 2 * CUDA_MODEL_LAST, m->stream);
  CUDA_CHECK(cudaMallocHost(reinterpret_cast<void **>(&m->host_losses), 2 * CUDA_MODEL_LAST * sizeof(float)));
  CUDA_CHECK(cudaStreamSynchronize(m->stream));
  CUDA_CHECK(
      cudaMemcpy(m->weights, model_numbers(start), parameters * sizeof(float), cudaMemcpyHostToDevice));
  CUDA_CHECK(cudaDeviceSynchronize()); /* the stream does not wait for cudaMemcpy by itself */
}

void cuda_model_close(cuda_model *m) {
  CUDA_CHECK(cudaStreamSynchronize(m->stream));
  void *rooms[] = {m->weights, m->first,  m->second, m->sum,   m->input,
                   m->target,  m->hidden, m->out,    m->losses};
  for (void *room : rooms) CUDA_CHECK(cudaFree(room));
  CUDA_CHECK(cudaFreeHost(m->host_losses));
  CUDA_CHECK(cudaStreamDestroy(m->stream));
}

static void find_gradient(cuda_model *m, const uint8_t *mask, float *loss) {
  int positions = m->rows * m->columns;
  LAUNCH(hide, MODEL_HIDDEN * positions, m->stream, m->hidden, m->weights, m->input, positions, m->columns);
  LAUNCH(find_logits, MODEL_BYTES * positions, m->stream, m->out, m->weights, m->hidden, positions);
  LAUNCH(find_errors, positions, m->stream, m->out, loss, m->target, mask, positions);
  LAUNCH(find_out_gradient, (MODEL_HIDDEN + 1) * MODEL_BYTES, m->stream, m->sum, m->hidden, m->out,
         positions);
  LAUNCH(add_table_gradient, MODEL_HIDDEN * positions, m->stream, m->sum, m->weights, m->hidden, m->out,
         m->input, positions, m->columns);
}

void cuda_model_step(cuda_model *m, const feed_block *block, unsigned row, float rate) {
  int positions = m->rows * m->columns, parameters = static_cast<int>(model_parameters());
  size_t first = static_cast<size_t>(row) * block->columns;
  const uint16_t *input = reinterpret_cast<const uint16_t *>(block->device + block->input) + first;
  const uint16_t *target = reinterpret_cast<const uint16_t *>(block->device + block->target) + first;
  float *loss = m->losses + 2 * (m->steps++ % CUDA_MODEL_LAST), power = static_cast<float>(m->steps);
  CUDA_CHECK(cudaMemsetAsync(loss, 0, 2 * sizeof(float), m->stream));
  LAUNCH(widen, positions, m->stream, m->input, input, positions);
  LAUNCH(widen, positions, m->stream, m->target, target, positions);
  find_gradient(m, block->device + block->mask + first, loss);
  LAUNCH(adam, parameters, m->stream, m->weights, m->first, m->second, m->sum, loss, rate,
         1 - std::pow(0.9f, power), 1 - std::pow(0.99f, power), parameters);
}

double cuda_model_loss(cuda_model *m, unsigned n) {
  if (n > m->steps) n = static_cast<unsigned>(m->steps);
  CUDA_CHECK(cudaMemcpyAsync(m->host_losses, m->losses, 2 * CUDA_MODEL_LAST * sizeof(float),
                             cudaMemcpyDeviceToHost, m->stream));
  CUDA_CHECK(cudaStreamSynchronize(m->stream));
  double sum = 0;
  for (unsigned long long step = m->steps - n; step < m->steps; step++) {
    const float *loss = m->host_losses + 2 * (step % CUDA_MODEL_LAST);
    if (loss[1] > 0) sum += static_cast<double>(loss[0]) / static_cast<double>(loss[1]);
  }
  return n ? sum / n : 0;
}
