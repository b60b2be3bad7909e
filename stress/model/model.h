/* What the client programs share. Each is one small scenario: model_prepare, up to four threads that
   run model_thread, model_check. Natively it is repeated; a model checker runs it once (compile with
   -DMODEL_ROUNDS=1 -DMODEL_CHECKER -DHEADRACE_PORT_HEADER='"model/port_model.h"', include paths stress
   and src). They include nothing but <stdatomic.h>, <stdint.h>, <stdbool.h>, <pthread.h> and <assert.h>. */
#ifndef HEADRACE_STRESS_MODEL_H
#define HEADRACE_STRESS_MODEL_H

#undef NDEBUG
#include <assert.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "sync/port.h"

#ifndef MODEL_ROUNDS
#define MODEL_ROUNDS 3000
#endif

/* What a client defines. */
enum { MODEL_MOST_THREADS = 4 };
static const unsigned model_threads;
static void model_prepare(void);
static void model_thread(unsigned number);
static void model_check(void);

static void *model_run(void *number) {
  model_thread((unsigned)(uintptr_t)number);
  return 0;
}

int main(void) {
  for (unsigned round = 0; round < MODEL_ROUNDS; round++) {
    pthread_t threads[MODEL_MOST_THREADS];
    port_model_reset();
    model_prepare();
    for (unsigned i = 0; i < model_threads; i++)
      if (pthread_create(&threads[i], 0, model_run, (void *)(uintptr_t)i) != 0) assert(!"no thread");
    for (unsigned i = 0; i < model_threads; i++) pthread_join(threads[i], 0);
    model_check();
  }
  return 0;
}

#endif
