/* The first calls of a process make what is kept for ever: without memory for some of it they are refused, and the next
   ones succeed. Each is tried in a child, which has made nothing yet. */
#include "support/failing_memory.h"

#include <stdio.h>
#include <unistd.h>

#include "support/check.h"
#include "support/files.h"

TestSuite(first_calls, .init = files_begin, .fini = files_end);

static bool limited_queue(void) {
  BatchQueue *queue = batch_queue_create(2);
  batch_queue_free(queue);
  return queue;
}

static bool unlimited_queue(void) {
  BatchQueue *queue = batch_queue_create(0);
  batch_queue_free(queue);
  return queue;
}

static bool polled_queue(void) {
  BatchQueue *queue = batch_queue_create(2);
  bool done = queue && batch_queue_fd(queue, BATCH_QUEUE_DEQUEUE) >= 0;
  batch_queue_free(queue);
  return done;
}

static bool batch(void) {
  Batch *made = batch_create(2, 3, 4);
  batch_free(made);
  return made;
}

static bool pool(void) {
  BatchPool *made = batch_pool_create(2, 2, 3, 4);
  batch_pool_free(made);
  return made;
}

static void ignore(void *context, uint32_t sphere, Batch *given) {
  (void)context, (void)sphere, (void)given;
}

static bool spheres(void) {
  batch_spheres_options options = {
      .size = sizeof options, .num_spheres = 2, .lane_capacity = 2, .process = ignore};
  BatchSpheres *made = batch_spheres_start(&options);
  batch_spheres_stop(made);
  return made;
}

static BatchDataset *open_tokens(void) {
  return batch_dataset_open((const char *[]){path_of("t.bin")}, 1, NULL);
}

static bool loader(void) {
  batch_loader_options options = BATCH_LOADER_OPTIONS_INIT;
  options.batch_size = 2;
  options.sequence_length = 3;
  BatchDataset *tokens = open_tokens();
  BatchLoader *made = tokens ? batch_loader_create(tokens, &options) : NULL;
  batch_loader_free(made);
  batch_dataset_free(tokens);
  return made;
}

static bool writer(void) {
  BatchWriter *made = batch_writer_create(path_of("o.bin"), &(batch_writer_options)BATCH_WRITER_OPTIONS_INIT);
  batch_writer_free(made);
  return made;
}

typedef struct first_call {
  const char *name;
  bool (*call)(void);
  unsigned failing; /* which allocation does */
} first_call;

enum { AS_IT_SHOULD = 0, NOT_REACHED = 2, UNSAID = 3, NEVER_AGAIN = 4 };

static void fail_first(void *context) {
  const first_call *c = context;
  memory_fails_at(c->failing, false);
  bool done = c->call(), reached = memory_allocations() >= c->failing;
  memory_fails_at(0, false);
  batch_status code = batch_last_error()->code;
  _exit(!reached                                     ? NOT_REACHED
        : !done && code != BATCH_ERROR_OUT_OF_MEMORY ? UNSAID
        : !c->call()                                 ? NEVER_AGAIN
                                                     : AS_IT_SHOULD);
}

Test(first_calls, without_memory_are_refused_and_the_next_succeed) {
  static first_call calls[] = {{"limited queue", limited_queue, 0},
                               {"unlimited queue", unlimited_queue, 0},
                               {"polled queue", polled_queue, 0},
                               {"batch", batch, 0},
                               {"pool", pool, 0},
                               {"spheres", spheres, 0},
                               {"loader", loader, 0},
                               {"writer", writer, 0}};
  write_data("t.bin", "\1\0\2\0\3\0\4\0\5\0\6\0\7\0", 14);
  for (size_t i = 0; i < sizeof calls / sizeof *calls; i++) {
    int status;
    do {
      calls[i].failing++;
      check_ending ending = check_end_of(fail_first, &calls[i]);
      status = ending.status;
      cr_assert(status == AS_IT_SHOULD || status == NOT_REACHED, "%s with allocation %u failing: %d %s",
                calls[i].name, calls[i].failing, status, ending.message);
    } while (status == AS_IT_SHOULD);
    cr_assert_gt(calls[i].failing, 1, "%s: nothing failed", calls[i].name);
    printf("%s: %u allocations failed\n", calls[i].name, calls[i].failing - 1);
  }
}
