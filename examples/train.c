/* Trains a small language model over the bytes of text files: files -> loader -> spheres -> model.
   Uses Headrace's public headers only; model.c and matrix.c are the model. */
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <headrace/headrace.h>

#include "model.h"
#include "progress.h"
#include "train_arguments.h"

enum { LAST = 100, SAMPLE_COLUMNS = 72 };

/* What the spheres share. Each part of a batch has a gradient of its own, found by the part's
   symmetry group, so that sums do not depend on which sphere worked on it. */
typedef struct trainer {
  BatchDataset *dataset;
  BatchLoader *loader;
  BatchSpheres *spheres;
  model *model;
  gradient *parts[MAX_SPHERES];
  uint32_t num_parts;
} trainer;

typedef struct outcome {
  double first, last[LAST];
  uint64_t steps, tokens, errors;
  double seconds;
} outcome;

static volatile sig_atomic_t interrupted; /* the signal that asked to stop */

static void interrupt(int number) {
  interrupted = number;
}

/* In nats: what a model without any context could reach. */
static bool unigram_entropy(const BatchDataset *dataset, double *entropy) {
  enum { CHUNK = 65536 };
  static int32_t ids[CHUNK];
  uint64_t counts[MODEL_BYTES] = {0}, tokens = batch_dataset_tokens(dataset);
  for (uint64_t start = 0; start < tokens; start += CHUNK) {
    size_t n = tokens - start < CHUNK ? (size_t)(tokens - start) : CHUNK;
    if (!batch_dataset_read(dataset, start, n, ids)) return false;
    for (size_t i = 0; i < n; i++) counts[ids[i] & (MODEL_BYTES - 1)]++;
  }
  *entropy = 0;
  for (int i = 0; i < MODEL_BYTES; i++)
    if (counts[i] > 0)
      *entropy -= (double)counts[i] / (double)tokens * log((double)counts[i] / (double)tokens);
  return true;
}

/* Runs in a sphere's thread. */
static void work(void *context, uint32_t sphere, Batch *part) {
  (void)sphere;
  trainer *t = context;
  gradient *g = t->parts[batch_symmetry_group(part)];
  gradient_clear(g);
  gradient_accumulate(g, t->model, part);
}

static bool open_pipeline(trainer *t, const arguments *a) {
  batch_dataset_options bytes = BATCH_DATASET_OPTIONS_INIT;
  bytes.format = BATCH_FORMAT_TEXT;
  if (!(t->dataset = batch_dataset_open(a->files, a->num_files, &bytes))) return false;

  batch_loader_options loading = BATCH_LOADER_OPTIONS_INIT;
  loading.batch_size = a->batch_size;
  loading.sequence_length = a->sequence_length;
  loading.vocab_size = MODEL_BYTES;
  loading.workers = a->workers;
  loading.seed = a->seed;
  loading.epochs = BATCH_LOADER_ENDLESS;
  if (!(t->loader = batch_loader_create(t->dataset, &loading))) return false;

  batch_spheres_options lanes = BATCH_SPHERES_OPTIONS_INIT;
  lanes.num_spheres = a->spheres;
  lanes.process = work;
  lanes.context = t;
  return (t->spheres = batch_spheres_start(&lanes)) != NULL;
}

static bool make_model(trainer *t, const arguments *a) {
  t->model = model_create(a->seed);
  bool made = t->model;
  for (t->num_parts = 0; made && t->num_parts < a->spheres; t->num_parts++)
    made = (t->parts[t->num_parts] = gradient_create()) != NULL;
  return made;
}

static void close_all(trainer *t) {
  batch_spheres_stop(t->spheres);
  batch_loader_free(t->loader);
  batch_dataset_free(t->dataset);
  for (uint32_t i = 0; i < MAX_SPHERES; i++) gradient_free(t->parts[i]);
  model_free(t->model);
}

/* Cuts the batch into one view a sphere, or a row when there are fewer rows, and waits for their gradients;
   the sum is in parts[0]. */
static bool compute_gradient(trainer *t, Batch *batch) {
  Batch *views[MAX_SPHERES];
  bool good = true;
  uint32_t n = t->num_parts < batch->batch_size ? t->num_parts : batch->batch_size;
  if (!batch_split(batch, n, views)) return false;
  for (uint32_t i = 0; i < n; i++) {
    batch_assign_to_group(views[i], i);
    if (batch_spheres_dispatch(t->spheres, i, views[i])) continue;
    batch_release(views[i]);
    good = false;
  }
  batch_spheres_drain(t->spheres);
  for (uint32_t i = 1; i < n; i++) gradient_add(t->parts[0], t->parts[i]);
  return good;
}

static float rate_at(const arguments *a, uint64_t step) {
  return (float)(a->rate * (1 - 0.9 * (double)step / (double)a->steps));
}

/* Returns false on an error, which it has said. */
static bool train(trainer *t, const arguments *a, outcome *o) {
  progress p = progress_start(a->steps);
  batch_loader_stats stats = BATCH_LOADER_STATS_INIT;
  bool good = true;
  while (o->steps < a->steps && !interrupted && progress_clock() - p.started < a->seconds) {
    Batch *batch = batch_loader_next(t->loader);
    good = batch && compute_gradient(t, batch);
    batch_release(batch);
    if (!good) break;
    double loss = gradient_loss(t->parts[0]);
    if (o->steps == 0) o->first = loss;
    o->last[o->steps % LAST] = loss;
    o->tokens += (uint64_t)gradient_tokens(t->parts[0]);
    model_update(t->model, t->parts[0], rate_at(a, o->steps++));
    batch_loader_get_stats(t->loader, &stats);
    progress_step(&p, o->steps, loss, o->tokens, &stats);
  }
  o->seconds = progress_clock() - p.started;
  if (!good) fprintf(stderr, "train: %s\n", batch_last_error()->message);
  batch_loader_get_stats(t->loader, &stats);
  o->errors = stats.errors;
  return good;
}

static double mean_of_last(const outcome *o) {
  uint64_t n = o->steps < LAST ? o->steps : LAST;
  double sum = 0;
  for (uint64_t i = 0; i < n; i++) sum += o->last[i];
  return n ? sum / (double)n : 0;
}

static void show_sample(const model *m, const arguments *a) {
  char *text = a->sample ? malloc(a->sample + 1) : NULL;
  if (!text) return;
  model_write(m, a->seed, text, a->sample);
  puts("\nwhat the model writes:");
  char *rest;
  for (const char *line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest))
    for (int column = 0; *line; column++, line++) {
      if (column % SAMPLE_COLUMNS == 0) fputs(column ? "\n  | " : "  | ", stdout);
      putchar(*line >= ' ' && *line <= '~' ? *line : '.');
      if (!line[1]) putchar('\n');
    }
  putchar('\n');
  free(text);
}

static bool report(const outcome *o, double entropy) {
  double last = mean_of_last(o);
  printf("demo: loss %.2f -> %.2f, unigram entropy %.2f, %.1f Mtokens/s, %llu errors\n", o->first, last,
         entropy, (double)o->tokens / o->seconds / 1e6, (unsigned long long)o->errors);
  return o->steps > 0 && o->errors == 0 && last <= 0.6 * o->first && last < entropy;
}

static void introduce(const trainer *t, const arguments *a) {
  printf("headrace %s: %llu bytes in %zu files, a model of %zu parameters\n", batch_version(),
         (unsigned long long)batch_dataset_tokens(t->dataset), batch_dataset_files(t->dataset),
         model_parameters());
  printf("workers: %u -> batches: %u x %u -> spheres: %u\n", a->workers, a->batch_size, a->sequence_length,
         a->spheres);
}

int main(int argc, char **argv) {
  arguments a;
  trainer t = {0};
  outcome o = {0};
  double entropy;
  int status = parse_arguments(&a, argc, argv);
  if (status >= 0) return status;
  bool ok = make_model(&t, &a) && open_pipeline(&t, &a) && unigram_entropy(t.dataset, &entropy);
  if (!ok) {
    fprintf(stderr, "train: %s\n", t.model ? batch_last_error()->message : "no memory for a model");
  } else {
    introduce(&t, &a);
    signal(SIGINT, interrupt);
    signal(SIGTERM, interrupt);
    ok = train(&t, &a, &o);
    show_sample(t.model, &a);
    ok = report(&o, entropy) && ok;
  }
  close_all(&t);
  if (interrupted) {
    fflush(stdout);
    signal(interrupted, SIG_DFL); /* the shell sees what ended us */
    raise(interrupted);
  }
  return ok ? 0 : 1;
}
