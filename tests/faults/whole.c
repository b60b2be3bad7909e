#include "whole.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>

uint64_t whole_sum(uint64_t sum, const void *data, size_t bytes) {
  const uint8_t *from = data;
  for (size_t i = 0; i < bytes; i++) sum = (sum ^ from[i]) * UINT64_C(0x100000001B3);
  return sum;
}

static uint64_t sum_tensor(uint64_t sum, const Tensor *tensor) {
  return whole_sum(sum, tensor->data, tensor->total_size * tensor_type_size(tensor->dtype));
}

uint64_t whole_sum_batch(uint64_t sum, const Batch *batch) {
  return sum_tensor(sum_tensor(sum_tensor(sum, &batch->input), &batch->target), &batch->mask);
}

bool whole_poll(int fd) {
  struct pollfd look = {.fd = fd, .events = POLLIN};
  return fd >= 0 && poll(&look, 1, 20000) == 1;
}

bool whole_resumes;

int main(int argc, char **argv) {
  static const struct {
    const char *name;
    bool (*run)(void);
  } parts[] = {{"tensors", whole_tensors},
               {"batches", whole_batches},
               {"queue", whole_queue},
               {"unlimited-queue", whole_unlimited_queue},
               {"pool", whole_pool},
               {"arena", whole_arena},
               {"spheres", whole_spheres},
               {"loader", whole_loader},
               {"mixed-loader", whole_mixed_loader},
               {"faulty-loader", whole_faulty_loader},
               {"packed-loader", whole_packed_loader},
               {"memory", whole_memory},
               {"writer", whole_writer},
               {"texts", whole_texts},
               {"tokenizer", whole_tokenizer},
               {"byte-tokenizer", whole_byte_tokenizer},
               {"custom-tokenizer", whole_custom_tokenizer},
               {"sentencepiece", whole_sentencepiece},
               {"queue-ways", whole_queue_ways},
               {"pool-ways", whole_pool_ways},
               {"float-loader", whole_float_loader},
               {"answers", whole_answers},
               {"control-leaks", control_leaks},
               {"control-ignores", control_ignores},
               {"control-says-nothing", control_says_nothing},
               {"control-loses", control_loses},
               {"control-ignores-disk", control_ignores_disk},
               {"control-leaks-text", control_leaks_text},
               {"control-leaves-folder", control_leaves_folder},
               {"control-leaves-temporary", control_leaves_temporary},
               {"control-is-vague", control_is_vague},
               {"control-skips", control_skips},
               {"control-writes-in-place", control_writes_in_place},
               {"control-hangs", control_hangs},
               {"control-crashes", control_crashes}};
  whole_resumes = argc > 2;
  for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
    if (argc > 1 && strcmp(argv[1], parts[i].name) == 0) {
      bool good = parts[i].run();
      const char *message = good ? "" : batch_last_error()->message;
      if (*message) fprintf(stderr, "whole: %s\n", message); /* controls say it themselves, or nothing */
      fflush(stdout);
      return !good;
    }
  fprintf(stderr, "usage: whole PART\n");
  return 2;
}
