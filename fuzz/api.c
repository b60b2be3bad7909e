/* The calls of queue, pool, batch, tensor, dataset and loader in any order, with good arguments and bad ones that are
   answered, beside a sequential model: results, counts, the last error, the elements; and nothing is left in the end. */
#include <string.h>

#include "support/model.h"

enum { CALLS = 300 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static void (*const calls[])(model *) = {model_batch_call,  model_queue_call, model_batch_call,
                                           model_queue_call,  model_pool_call,  model_pool_call,
                                           model_tensor_call, model_data_call};
  static model m;
  m = (model){.in = fuzz_begin(data, size), .base = batch_count_live()};
  for (unsigned i = 0; i < CALLS && m.in.size > 0; i++) {
    calls[fuzz_take_below(&m.in, sizeof calls / sizeof *calls)](&m);
    model_check(&m);
  }
  model_end(&m);
  return fuzz_end();
}
