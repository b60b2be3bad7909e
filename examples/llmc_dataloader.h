/* llm.c's DataLoader (llmc/dataloader.h) over Headrace: the names, signatures and fields that its trainers use, so that they
   compile as they are. Batches are read ahead by a thread, inputs and targets are not copied, shards may have any size, and
   what a trainer saves of its place is enough to go on with other numbers of processes and another B.

   Usage, in llm.c's folder; not a line of it changes:
       cc -O3 -I. -include PREFIX/share/headrace/examples/llmc_dataloader.h train_gpt2.c -o train_gpt2 \
         $(pkg-config --cflags --libs headrace) -lm
   In a file of one's own: #include it in place of "llmc/dataloader.h", or before. Where that can be found by this name
   (-I.), all else of it stays: EvalLoader, rand.h, utils.h.

   The same as llm.c's: without shuffling, of one shard, the ids of every batch, of each process, epoch after epoch;
   num_tokens; that an error is printed and ends the program. The sentence is Headrace's, on stderr.

   Not the same:
   - Several shards are one stream. llm.c leaves out the end of each, what is too little for a batch of all processes: here
     rows go on from shard to shard, and only the end of the last one is left out. So rows begin elsewhere from the second
     shard on.
   - Shuffled, all rows of all shards are in one permutation (seed 42), another one each epoch. llm.c permutes the shards, and
     in each the batches of all processes, in each process otherwise.
   - No target comes twice in an epoch, and none but those left out at its end is missing, whatever the processes do.
   - current_shard_idx is the epoch, current_sample_idx how many rows of it all processes together have had: a place that does
     not depend on B and num_processes. One that llm.c's loader saved means something else: begin anew with the model alone.
   - shard_num_samples is 0 and shard_indices 0, 1, 2 ...: nothing of the order has to be saved.
   - dataloader_reset goes back to the beginning of epoch 0, to the same order also where it is shuffled.
   - inputs and targets are others after each call, and gone at the next one: copy from them before (cudaMemcpy does).
   - Shards may also be files of other formats that say what they are: Megatron's, NumPy's, datatrove's. A process may have
     several loaders; a child that was forked makes its own. */
#ifndef HEADRACE_EXAMPLES_LLMC_DATALOADER_H
#define HEADRACE_EXAMPLES_LLMC_DATALOADER_H

#ifdef DATALOADER_H
#error "include llmc_dataloader.h before llmc/dataloader.h, or in place of it"
#endif

#include <glob.h>
#include <headrace/dataset.h>
#include <headrace/loader.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* llm.c's own, under other names: what it has beside the DataLoader. */
#if __has_include("llmc/dataloader.h")
#define DataLoader                   llmc_own_DataLoader
#define dataloader_load_shard_       llmc_own_dataloader_load_shard_
#define prepare_intra_shard_indices_ llmc_own_prepare_intra_shard_indices_
#define dataloader_reset             llmc_own_dataloader_reset
#define dataloader_advance_          llmc_own_dataloader_advance_
#define dataloader_init              llmc_own_dataloader_init
#define dataloader_load_batch        llmc_own_dataloader_load_batch
#define dataloader_next_batch        llmc_own_dataloader_next_batch
#define dataloader_resume            llmc_own_dataloader_resume
#define dataloader_free              llmc_own_dataloader_free
#include "llmc/dataloader.h"
#undef DataLoader
#undef dataloader_load_shard_
#undef prepare_intra_shard_indices_
#undef dataloader_reset
#undef dataloader_advance_
#undef dataloader_init
#undef dataloader_load_batch
#undef dataloader_next_batch
#undef dataloader_resume
#undef dataloader_free
#endif
#ifdef DATALOADER_H
#define LLMC_DATALOADER_BESIDE
#else
#define DATALOADER_H /* it was not found, or this is it: whoever includes it later has it */
#endif

/* A statement in which a program sets other options: not what the fields are made of (batch_size, sequence_length, rank, world,
   id_type, drop_last, as_they_come). Of data larger than memory:
       -D'LLMC_DATALOADER_OPTIONS(o)=if ((o)->shuffle == BATCH_SHUFFLE_ALL) (o)->shuffle = BATCH_SHUFFLE_BLOCKS' */
#ifndef LLMC_DATALOADER_OPTIONS
#define LLMC_DATALOADER_OPTIONS(options) ((void)(options))
#endif

typedef struct {
  int process_rank;
  int num_processes;
  size_t B;
  size_t T;
  size_t num_tokens;         /* of all shards */
  size_t shard_num_samples;  /* 0: intra_shard_indices has no entries */
  glob_t glob_result;        /* gl_pathv[gl_pathc]: the shards */
  size_t current_shard_idx;  /* the epoch */
  size_t current_sample_idx; /* rows of it that all processes have had */
  int *inputs;               /* [B * T] until the next call; NULL before the first */
  int *targets;
#ifdef LLMC_DATALOADER_BESIDE
  mt19937_state shuffle_rng; /* zeros */
#endif
  int should_shuffle;
  int *shard_indices; /* [gl_pathc] */
  int *intra_shard_indices;
  BatchDataset *dataset;
  BatchLoader *loader;
  Batch *batch; /* whose input and target those are */
  int is_ahead; /* it was loaded, and is the next one still */
} DataLoader;

static inline void llmc_dataloader_fail(const char *function, const char *message) {
  fprintf(stderr, "%s: %s\n", function, message);
  exit(EXIT_FAILURE);
}

static inline BatchLoader *llmc_dataloader_make(const DataLoader *loader, const batch_loader_state *place) {
  batch_loader_options options = BATCH_LOADER_OPTIONS_INIT;
  options.mask_type = TENSOR_UINT8;
  options.seed = 42;
  options.shuffle = loader->should_shuffle ? BATCH_SHUFFLE_ALL : BATCH_SHUFFLE_NONE;
  options.epochs = BATCH_LOADER_ENDLESS;
  LLMC_DATALOADER_OPTIONS(&options);
  options.id_type = BATCH_IDS_INT32; /* inputs and targets */
  options.as_they_come = false;      /* else a number of rows were no place */
  options.batch_size = (uint32_t)loader->B;
  options.sequence_length = (uint32_t)loader->T;
  options.rank = (uint32_t)loader->process_rank;
  options.world = (uint32_t)loader->num_processes;
  options.drop_last = true;
  options.resume = place;
  return batch_loader_create(loader->dataset, &options);
}

/* Has the loader begin at a place, for `function`. */
static inline void llmc_dataloader_begin(DataLoader *loader, const char *function, size_t epoch, size_t row) {
  batch_loader_state place;
  batch_release(loader->batch);
  batch_loader_free(loader->loader);
  loader->batch = NULL;
  loader->inputs = loader->targets = NULL;
  loader->is_ahead = 0;
  loader->current_shard_idx = epoch;
  loader->current_sample_idx = row;
  loader->loader = llmc_dataloader_make(loader, NULL);
  if (loader->loader && (epoch || row)) {
    int known = batch_loader_state_at(loader->loader, epoch, row, &place);
    batch_loader_free(loader->loader);
    loader->loader = known ? llmc_dataloader_make(loader, &place) : NULL;
  }
  if (!loader->loader) llmc_dataloader_fail(function, batch_last_error()->message);
}

/* As llm.c's: begins again. */
static inline void dataloader_reset(DataLoader *loader) {
  llmc_dataloader_begin(loader, "dataloader_reset", 0, 0);
}

/* Leaves out what is left of the epoch. */
static inline void dataloader_advance_(DataLoader *loader) {
  llmc_dataloader_begin(loader, "dataloader_advance_", loader->current_shard_idx + 1, 0);
}

/* Goes on at the place that current_shard_idx and current_sample_idx said, of any loader with this T, should_shuffle and these
   shards. */
static inline void dataloader_resume(DataLoader *loader, size_t current_shard_idx,
                                     size_t current_sample_idx) {
  llmc_dataloader_begin(loader, "dataloader_resume", current_shard_idx, current_sample_idx);
}

/* What the options could not hold, or would be taken for something else. */
static inline void llmc_dataloader_check(const DataLoader *loader) {
  char message[160] = "";
  if (loader->B < 1 || loader->B > UINT32_MAX)
    snprintf(message, sizeof message, "B is %zu, expected 1 to 2^32 - 1", loader->B);
  else if (loader->T < 1 || loader->T > INT32_MAX)
    snprintf(message, sizeof message, "T is %zu, expected 1 to 2^31 - 1", loader->T);
  else if (loader->process_rank < 0 || loader->process_rank >= loader->num_processes)
    snprintf(message, sizeof message, "process_rank is %d of num_processes %d, expected 0 to below that",
             loader->process_rank, loader->num_processes);
  if (*message) llmc_dataloader_fail("dataloader_init", message);
}

/* Notes a shard; as in llm.c, what does not say that it is one is no shard. */
static inline void llmc_dataloader_take_shard(DataLoader *loader, size_t index) {
  batch_dataset_file file = BATCH_DATASET_FILE_INIT;
  if (!batch_dataset_get_file(loader->dataset, index, &file))
    llmc_dataloader_fail("dataloader_init", batch_last_error()->message);
  if (file.tokenized || file.format == BATCH_FORMAT_HEADERLESS || file.format == BATCH_FORMAT_TEXT) {
    fprintf(stderr, "dataloader_init: %s: found format %s, expected a shard of tokens with a header\n",
            file.path, batch_format_name(file.format));
    exit(EXIT_FAILURE);
  }
  loader->glob_result.gl_pathv[index] = (char *)file.path;
  loader->shard_indices[index] = (int)index;
}

static inline void llmc_dataloader_open(DataLoader *loader, const char *filename_pattern) {
  batch_dataset_options options = BATCH_DATASET_OPTIONS_INIT;
  options.loss = BATCH_LOSS_NONE; /* llm.c's trainers learn all targets */
  loader->dataset = batch_dataset_open(&filename_pattern, 1, &options);
  if (!loader->dataset) llmc_dataloader_fail("dataloader_init", batch_last_error()->message);
  size_t shards = batch_dataset_files(loader->dataset);
  loader->num_tokens = batch_dataset_tokens(loader->dataset);
  loader->glob_result.gl_pathc = shards;
  loader->glob_result.gl_pathv = (char **)calloc(shards, sizeof(char *));
  loader->shard_indices = (int *)calloc(shards, sizeof(int));
  loader->intra_shard_indices = (int *)calloc(1, sizeof(int));
  if (!loader->glob_result.gl_pathv || !loader->shard_indices || !loader->intra_shard_indices)
    llmc_dataloader_fail("dataloader_init", "no memory");
  for (size_t i = 0; i < shards; i++) llmc_dataloader_take_shard(loader, i);
}

static inline void dataloader_init(DataLoader *loader, const char *filename_pattern, size_t B, size_t T,
                                   int process_rank, int num_processes, int should_shuffle) {
  memset(loader, 0, sizeof *loader);
  loader->process_rank = process_rank;
  loader->num_processes = num_processes;
  loader->B = B;
  loader->T = T;
  loader->should_shuffle = should_shuffle;
  llmc_dataloader_check(loader);
  llmc_dataloader_open(loader, filename_pattern);
  llmc_dataloader_begin(loader, "dataloader_init", 0, 0);
}

/* Shows the next batch and does not go on. */
static inline void dataloader_load_batch(DataLoader *loader) {
  if (loader->is_ahead) return;
  batch_release(loader->batch);
  loader->batch = batch_loader_next(loader->loader);
  if (!loader->batch) llmc_dataloader_fail("dataloader_load_batch", batch_last_error()->message);
  loader->inputs = loader->batch->input.i32;
  loader->targets = loader->batch->target.i32;
  loader->is_ahead = 1;
}

static inline void dataloader_next_batch(DataLoader *loader) {
  dataloader_load_batch(loader);
  if (loader->batch->epoch_id != loader->current_shard_idx) loader->current_sample_idx = 0;
  loader->current_shard_idx = loader->batch->epoch_id;
  loader->current_sample_idx += (size_t)loader->num_processes * loader->B;
  loader->is_ahead = 0;
}

static inline void dataloader_free(DataLoader *loader) {
  batch_release(loader->batch);
  batch_loader_free(loader->loader);
  batch_dataset_free(loader->dataset);
  free(loader->glob_result.gl_pathv);
  free(loader->shard_indices);
  free(loader->intra_shard_indices);
}

#endif
