/* The names, signatures and fields that llm.c's programs use, with exactly these types: train_gpt2.c, train_gpt2.cu,
   train_gpt2_fp32.cu, test_gpt2.cu, train_llama3.cu and dev/test/test_dataloader.c. Compiled as C and C++, alone and beside
   a llmc/dataloader.h. */
#include "llmc_dataloader.h"

#include "llmc_dataloader.h"

#if __has_include("llmc/dataloader.h")
#include "llmc/dataloader.h"
#endif

#ifdef TYPES_CONTROL
typedef int batch_dimension;
#else
typedef size_t batch_dimension;
#endif

typedef struct llmc_calls {
  void (*init)(DataLoader *, const char *, batch_dimension, size_t, int, int, int);
  void (*load_batch)(DataLoader *);
  void (*next_batch)(DataLoader *);
  void (*reset)(DataLoader *);
  void (*advance)(DataLoader *);
  void (*resume)(DataLoader *, size_t, size_t);
  void (*free)(DataLoader *);
} llmc_calls;

extern const llmc_calls calls;
const llmc_calls calls = {dataloader_init,     dataloader_load_batch, dataloader_next_batch, dataloader_reset,
                          dataloader_advance_, dataloader_resume,     dataloader_free};

typedef struct llmc_fields {
  int *process_rank, *num_processes, *should_shuffle;
  size_t *B, *T, *num_tokens, *shard_num_samples, *current_shard_idx, *current_sample_idx, *shards;
  int **inputs, **targets, **shard_indices, **intra_shard_indices;
  char ***names;
} llmc_fields;

extern llmc_fields fields_of(DataLoader *l);
llmc_fields fields_of(DataLoader *l) {
  llmc_fields fields = {&l->process_rank,
                        &l->num_processes,
                        &l->should_shuffle,
                        &l->B,
                        &l->T,
                        &l->num_tokens,
                        &l->shard_num_samples,
                        &l->current_shard_idx,
                        &l->current_sample_idx,
                        &l->glob_result.gl_pathc,
                        &l->inputs,
                        &l->targets,
                        &l->shard_indices,
                        &l->intra_shard_indices,
                        &l->glob_result.gl_pathv};
  return fields;
}

#ifdef LLMC_DATALOADER_BESIDE
extern mt19937_state *random_of(DataLoader *l);
mt19937_state *random_of(DataLoader *l) {
  return &l->shuffle_rng;
}

extern void (*const eval_reset)(EvalLoader *);
void (*const eval_reset)(EvalLoader *) = evalloader_reset;
#elif __has_include("llmc/dataloader.h")
#error "llmc/dataloader.h was not found"
#endif
