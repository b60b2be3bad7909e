/* What the client programs share; included first. Each is one small scenario: model_prepare, up to four
   threads that run model_thread, model_check. Natively it is repeated; a model checker runs it once, with
   -DMODEL_CHECKER and the include paths stress, stress/model/stub and src (scripts/model-check). They
   include nothing but the core, <stdatomic.h>, <stdint.h>, <stdbool.h>, <pthread.h> and <assert.h>.

   MODEL_WAITS, defined before: threads of this client sleep, and where it is true none is left asleep. */
#ifndef HEADRACE_STRESS_MODEL_H
#define HEADRACE_STRESS_MODEL_H

#undef NDEBUG
#include <assert.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#define HEADRACE_PORT_HEADER "model/port_model.h"
#include "sync/port.h"

#ifdef MODEL_CHECKER
#define MODEL_ROUNDS 1
#elif !defined MODEL_ROUNDS
#define MODEL_ROUNDS 300
#endif

/* What a client defines. */
static const unsigned model_threads;
static void model_prepare(void);
static void model_thread(unsigned number);
static void model_check(void);

static void *model_run(void *number) {
  port_model_begin((unsigned)(uintptr_t)number);
  model_thread((unsigned)(uintptr_t)number);
  port_model_end();
  return 0;
}

int main(void) {
  for (unsigned round = 0; round < MODEL_ROUNDS; round++) {
    pthread_t threads[PORT_MODEL_THREADS];
    port_model_reset();
    model_prepare();
    for (unsigned i = 0; i < model_threads; i++)
      if (pthread_create(&threads[i], 0, model_run, (void *)(uintptr_t)i) != 0) assert(!"no thread");
#ifdef MODEL_WAITS
    unsigned asleep = port_model_end_sleeps(model_threads);
    assert(asleep == 0 || !(MODEL_WAITS));
#endif
    for (unsigned i = 0; i < model_threads; i++) pthread_join(threads[i], 0);
    model_check();
  }
  return 0;
}

#endif
