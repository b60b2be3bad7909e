/* The losses that train_cuda must have: the same batches, cut from the loader's in the same way, and the model on the
   processor, by model.c. Usage: reference STEPS ROWS COLUMNS GROUP SEED FILE... */
#include <headrace/headrace.h>

#include <stdio.h>
#include <stdlib.h>

#include "model.h"

enum { LAST = 100, MAX_GROUP = 64 };

typedef struct run {
  unsigned steps, done;
  double first, last[LAST];
} run;

static void train_on(run *r, model *m, gradient *g, const Batch *part) {
  gradient_clear(g);
  gradient_accumulate(g, m, part);
  r->last[r->done % LAST] = gradient_loss(g);
  if (r->done == 0) r->first = r->last[0];
  model_update(m, g, (float)(0.003 * (1 - 0.9 * r->done / r->steps)));
  r->done++;
}

static double mean_of_last(const run *r) {
  unsigned n = r->done < LAST ? r->done : LAST;
  double sum = 0;
  for (unsigned i = 0; i < n; i++) sum += r->last[i];
  return sum / n;
}

static void train(run *r, BatchLoader *loader, unsigned group, uint64_t seed) {
  model *m = model_create(seed);
  gradient *g = gradient_create();
  for (Batch *batch; r->done < r->steps && (batch = batch_loader_next(loader)); batch_release(batch)) {
    Batch *parts[MAX_GROUP];
    if (!batch_split(batch, group, parts)) break;
    for (unsigned i = 0; i < group; i++) {
      if (r->done < r->steps) train_on(r, m, g, parts[i]);
      batch_release(parts[i]);
    }
  }
  gradient_free(g);
  model_free(m);
}

int main(int argc, char **argv) {
  if (argc < 7) return 2;
  run r = {.steps = (unsigned)atoi(argv[1])};
  unsigned rows = (unsigned)atoi(argv[2]), group = (unsigned)atoi(argv[4]);
  batch_dataset_options bytes = BATCH_DATASET_OPTIONS_INIT;
  bytes.format = BATCH_FORMAT_TEXT;
  BatchDataset *data = batch_dataset_open((const char *const *)argv + 6, (size_t)argc - 6, &bytes);
  batch_loader_options options = BATCH_LOADER_OPTIONS_INIT;
  options.batch_size = rows * group;
  options.sequence_length = (uint32_t)atoi(argv[3]);
  options.vocab_size = MODEL_BYTES;
  options.seed = (uint64_t)atoi(argv[5]);
  options.epochs = BATCH_LOADER_ENDLESS;
  options.drop_last = true;
  BatchLoader *loader = data ? batch_loader_create(data, &options) : NULL;
  if (loader) train(&r, loader, group, options.seed);
  if (r.done == r.steps)
    printf("%.4f %.4f\n", r.first, mean_of_last(&r));
  else
    fprintf(stderr, "reference: %s\n", batch_last_error()->message);
  batch_loader_free(loader);
  batch_dataset_free(data);
  return r.done == r.steps ? 0 : 1;
}
