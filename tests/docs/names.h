/* What a fragment of a document may be in: a mark `in: queue, batch` above it puts IN_queue IN_batch before it. Each
   declares what its name says, as a document's reader would have it. */
#ifndef HEADRACE_DOCS_NAMES_H
#define HEADRACE_DOCS_NAMES_H

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <headrace/headrace.h>

/* Ends the program with the library's error unless `object` is something. */
static void docs_need(const void *object) {
  if (object == NULL) {
    fprintf(stderr, "the fragment's surroundings: %s\n", batch_last_error()->message);
    exit(1);
  }
}

static uint16_t docs_tokens[4096];

static BatchDataset *docs_dataset(void) {
  static const uint64_t ends[] = {1000, 1500, 4000, 4096};
  for (uint16_t i = 0; i < 4096; i++) docs_tokens[i] = (uint16_t)(i * 7 % 100);
  batch_memory memory = BATCH_MEMORY_INIT;
  memory.tokens = docs_tokens;
  memory.count = 4096;
  memory.token_type = BATCH_TOKEN_U16;
  memory.document_ends = ends;
  memory.documents = 4;
  BatchDataset *dataset = batch_dataset_from_memory(&memory, NULL);
  docs_need(dataset);
  return dataset;
}

static batch_loader_options docs_options(void) {
  batch_loader_options options = BATCH_LOADER_OPTIONS_INIT;
  options.batch_size = 4;
  options.sequence_length = 32;
  options.vocab_size = 100;
  options.workers = 2;
  return options;
}

static BatchLoader *docs_loader(void) {
  batch_loader_options options = docs_options();
  BatchLoader *loader = batch_loader_create(docs_dataset(), &options);
  docs_need(loader);
  return loader;
}

static batch_loader_state docs_state(void) {
  batch_loader_state state;
  BatchLoader *loader = docs_loader();
  if (!batch_loader_get_state(loader, &state)) docs_need(NULL);
  batch_loader_free(loader);
  return state;
}

static void docs_process(void *context, uint32_t sphere, Batch *batch) {
  (void)context, (void)sphere, (void)batch;
}

static BatchSpheres *docs_spheres(void) {
  batch_spheres_options options = BATCH_SPHERES_OPTIONS_INIT;
  options.num_spheres = 2;
  options.process = docs_process;
  BatchSpheres *spheres = batch_spheres_start(&options);
  docs_need(spheres);
  return spheres;
}

/* What a trainer does with a batch, and a flag that says that it is to end. */
static void train(Batch *batch) {
  docs_need(batch);
}
static volatile bool stop;

#define DOCS_OBJECT(type, name, made)                                                                        \
  type *name = made;                                                                                         \
  docs_need(name);
#define IN_batch     DOCS_OBJECT(Batch, batch, batch_create(4, 32, 100))
#define IN_batches   Batch *batches[8] = {NULL};
#define IN_dataset   DOCS_OBJECT(BatchDataset, dataset, docs_dataset())
#define IN_decoder   DOCS_OBJECT(BatchDecoder, decoder, batch_decoder_create(batch_tokenizer_bytes(0)))
#define IN_loader    DOCS_OBJECT(BatchLoader, loader, docs_loader())
#define IN_options   batch_loader_options options = docs_options();
#define IN_path      const char *path = "/usr/share/common-licenses/GPL-3";
#define IN_pool      DOCS_OBJECT(BatchPool, pool, batch_pool_create(4, 4, 32, 100))
#define IN_queue     DOCS_OBJECT(BatchQueue, queue, batch_queue_create(4))
#define IN_spheres   DOCS_OBJECT(BatchSpheres, spheres, docs_spheres())
#define IN_state     batch_loader_state state = docs_state();
#define IN_stats     batch_loader_stats stats = BATCH_LOADER_STATS_INIT;
#define IN_tensor    DOCS_OBJECT(Tensor, tensor, tensor_create((const uint32_t[]){4, 32}, 2))
#define IN_tokenizer DOCS_OBJECT(BatchTokenizer, tokenizer, batch_tokenizer_bytes(0))
#define IN_writer    DOCS_OBJECT(BatchWriter, writer, batch_writer_create("fragment.bin", NULL))

#endif
