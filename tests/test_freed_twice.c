/* What is freed twice aborts in the name of the call, and says nothing when it is freed once. */
#include "base/live.h"

#include <stdlib.h>

#include "support/loader.h"

TestSuite(freed_twice, .init = files_begin, .fini = files_end);

static void ignore(void *context, uint32_t sphere, Batch *batch) {
  (void)context, (void)sphere, (void)batch;
}

static void stop_spheres_twice(void *context) {
  (void)context;
  batch_spheres_options options = {
      .size = sizeof options, .num_spheres = 2, .lane_capacity = 4, .process = ignore};
  BatchSpheres *spheres = batch_spheres_start(&options);
  batch_spheres_stop(spheres);
  batch_spheres_stop(spheres);
}

static void free_queue_twice(void *context) {
  BatchQueue *queue = batch_queue_create(*(uint32_t *)context);
  batch_queue_enqueue(queue, batch_create(1, 1, 0));
  batch_queue_free(queue);
  batch_queue_free(queue);
}

static void free_arena_twice(void *context) {
  (void)context;
  BatchArena *arena = batch_arena_create(NULL);
  batch_arena_free(arena);
  batch_arena_free(arena);
}

static void free_dataset_twice(void *context) {
  (void)context;
  dataset = make_tokens("t.bin", TOKENS);
  batch_dataset_free(dataset);
  batch_dataset_free(dataset);
}

static void free_decoder_twice(void *context) {
  (void)context;
  static BatchTokenizer *volatile tokenizer; /* where valgrind finds it when the process ends */
  tokenizer = batch_tokenizer_bytes(1);
  BatchDecoder *decoder = batch_decoder_create(tokenizer);
  batch_decoder_free(decoder);
  batch_decoder_free(decoder);
}

static void free_loader_twice(void *context) {
  (void)context;
  dataset = make_tokens("t.bin", TOKENS);
  batch_loader_options options = small_options();
  BatchLoader *loader = start_loader(dataset, &options);
  batch_loader_free(loader);
  batch_loader_free(loader);
}

static void free_tokenizer_twice(void *context) {
  (void)context;
  BatchTokenizer *tokenizer = batch_tokenizer_bytes(1);
  batch_tokenizer_free(tokenizer);
  batch_tokenizer_free(tokenizer);
}

static void free_writer_twice(void *context) {
  (void)context;
  BatchWriter *writer = batch_writer_create(path_of("twice.bin"), NULL);
  batch_writer_free(writer);
  batch_writer_free(writer);
}

Test(freed_twice, aborts_and_names_the_call) {
  uint32_t bounded = 4, unlimited = 0;
  assert_aborts(free_queue_twice, &bounded, "batch_queue_free", "freed already");
  assert_aborts(free_queue_twice, &unlimited, "batch_queue_free", "freed already");
  assert_aborts(stop_spheres_twice, NULL, "batch_spheres_stop", "freed already");
  assert_aborts(free_arena_twice, NULL, "batch_arena_free", "freed already");
  assert_aborts(free_dataset_twice, NULL, "batch_dataset_free", "freed already");
  assert_aborts(free_loader_twice, NULL, "batch_loader_free", "freed already");
  assert_aborts(free_tokenizer_twice, NULL, "batch_tokenizer_free", "freed already");
  assert_aborts(free_decoder_twice, NULL, "batch_decoder_free", "freed already");
  assert_aborts(free_writer_twice, NULL, "batch_writer_free", "freed already");
}

enum { MANY = 100000 };

static void leave(void *object) {
  live_leave("a_call", object);
}

Test(freed_twice, a_thousand_objects_are_told_apart) {
  char *objects = calloc(1000, 64);
  for (int round = 0; round < 3; round++) {
    for (int i = 0; i < 1000; i++) live_enter(objects + (size_t)i * 64);
    assert_aborts(leave, objects + 1, "a_call");
    for (int i = 0; i < 1000; i++) live_leave("a_call", objects + (size_t)i * 64);
    for (int i = 0; i < 1000; i += 100) assert_aborts(leave, objects + (size_t)i * 64, "a_call");
  }
  free(objects);
}

/* With more objects than there are places nothing is told any more, and nothing aborts wrongly. */
Test(freed_twice, more_objects_than_places_abort_nothing) {
  char *objects = malloc(MANY);
  for (int i = 0; i < MANY; i++) live_enter(objects + i);
  for (int i = 0; i < MANY; i++) live_leave("a_call", objects + i);
  free(objects);
}
