/* What stands beside examples/llmc_dataloader.h in llm.c's folder: its own dataloader.h, by name and shape. The DataLoader
   here is another one, and its functions end the process: nobody may come to them. */
#ifndef DATALOADER_H
#define DATALOADER_H

#include <stdint.h>
#include <stdlib.h>

#define HEADER_SIZE 256

typedef struct {
  unsigned int words[629];
} mt19937_state;

typedef struct {
  size_t B;
} DataLoader;

int64_t dataloader_load_shard_(DataLoader *loader, int shard_index) {
  (void)loader, (void)shard_index;
  abort();
}

void prepare_intra_shard_indices_(DataLoader *loader) {
  (void)loader;
  abort();
}

void dataloader_reset(DataLoader *loader) {
  (void)loader;
  abort();
}

void dataloader_advance_(DataLoader *loader) {
  (void)loader;
  abort();
}

void dataloader_init(DataLoader *loader, const char *filename_pattern, size_t B, size_t T, int process_rank,
                     int num_processes, int should_shuffle) {
  (void)loader, (void)filename_pattern, (void)B, (void)T;
  (void)process_rank, (void)num_processes, (void)should_shuffle;
  abort();
}

void dataloader_load_batch(DataLoader *loader) {
  (void)loader;
  abort();
}

void dataloader_next_batch(DataLoader *loader) {
  (void)loader;
  abort();
}

void dataloader_resume(DataLoader *loader, size_t current_shard_idx, size_t current_sample_idx) {
  (void)loader, (void)current_shard_idx, (void)current_sample_idx;
  abort();
}

void dataloader_free(DataLoader *loader) {
  (void)loader;
  abort();
}

typedef struct {
  int num_examples;
} EvalLoader;

void evalloader_reset(EvalLoader *loader) {
  loader->num_examples = 0;
}

#endif
