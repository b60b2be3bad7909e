/* The trainer of train.c over Open MPI: each rank takes its slice of every batch, gradients are
   summed by MPI_Allreduce, so the model is the same in every rank, and the same to rounding for any
   number of ranks. A checkpoint holds the model and the loader's place; it may be resumed with
   another number of ranks.

   mpirun -n 2 train_mpi --steps 500 --checkpoint run.ckpt [FILE...] */
#include <errno.h>
#include <getopt.h>
#include <mpi.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <headrace/headrace.h>

#include "model.h"
#include "progress.h"

#define DEFAULT_CORPUS "/usr/share/common-licenses"

enum { LENGTH = 128, SEED = 1 };

typedef struct arguments {
  uint64_t steps, every, rows; /* rows: of a batch, over all ranks */
  const char *checkpoint;      /* NULL: none */
  const char *const *files;
  size_t num_files;
} arguments;

typedef struct trainer {
  int rank, ranks;
  BatchDataset *dataset;
  BatchLoader *loader;
  model *model;
  gradient *gradient;
  batch_loader_state place; /* of the checkpoint that was read */
  bool resumed;
  bool trained; /* a step at least */
} trainer;

static void print_help(void) {
  puts("usage: mpirun -n N train_mpi [OPTION]... [FILE]...\n"
       "Trains a small language model over the bytes of FILEs (default: " DEFAULT_CORPUS
       ") in N ranks, which\n"
       "must divide the rows of a batch.\n\n"
       "  --steps N          training steps in all (default 500)\n"
       "  --batch N          rows of a batch, over all ranks (default 16)\n"
       "  --checkpoint FILE  go on where FILE says, if it exists, and save to it\n"
       "  --every N          steps between saves (default 50)\n"
       "  --help");
}

static bool parse_count(const char *text, uint64_t *value) {
  char *end;
  errno = 0;
  *value = strtoull(text, &end, 10);
  return *text >= '1' && *text <= '9' && *end == '\0' && errno == 0;
}

/* Returns -1 to go on, or the exit status. Every rank parses, rank 0 speaks. */
static int parse_arguments(arguments *a, int argc, char **argv, bool speak) {
  static const struct option options[] = {{"steps", required_argument, NULL, 'n'},
                                          {"batch", required_argument, NULL, 'b'},
                                          {"checkpoint", required_argument, NULL, 'c'},
                                          {"every", required_argument, NULL, 'e'},
                                          {"help", no_argument, NULL, 'h'},
                                          {NULL, 0, NULL, 0}};
  static const char *const corpus[] = {DEFAULT_CORPUS};
  *a = (arguments){500, 50, 16, NULL, corpus, 1};
  opterr = speak;
  for (int c; (c = getopt_long(argc, argv, "h", options, NULL)) != -1;) {
    bool good = c != '?';
    if (c == 'h' && speak) print_help();
    if (c == 'h') return 0;
    if (c == 'c') a->checkpoint = optarg;
    if (c == 'n') good = parse_count(optarg, &a->steps);
    if (c == 'e') good = parse_count(optarg, &a->every);
    if (c == 'b') good = parse_count(optarg, &a->rows) && a->rows <= UINT32_MAX;
    if (!good && c != '?' && speak) fprintf(stderr, "train_mpi: %s is no number from 1 on\n", optarg);
    if (!good) return 2;
  }
  if (optind < argc) {
    a->files = (const char *const *)argv + optind;
    a->num_files = (size_t)(argc - optind);
  }
  return -1;
}

/* Every rank reads the file. False for one that is there but damaged, or cannot be read. */
static bool read_checkpoint(trainer *t, const arguments *a) {
  FILE *file = a->checkpoint ? fopen(a->checkpoint, "rb") : NULL;
  if (!file && a->checkpoint && errno != ENOENT) {
    fprintf(stderr, "train_mpi: %s: %s\n", a->checkpoint, strerror(errno));
    return false;
  }
  if (!file) return true;
  t->resumed = fread(&t->place, sizeof t->place, 1, file) == 1 && model_load(t->model, file);
  fclose(file);
  if (!t->resumed) fprintf(stderr, "train_mpi: %s is no checkpoint\n", a->checkpoint);
  return t->resumed;
}

/* Ranks that begin at different places, each with a file of its own machine, would wait for one another for
   ever. Returns false when they do, which rank 0 has said. */
static bool begin_at_one_place(const trainer *t) {
  uint64_t mine = t->resumed ? t->place.check : 0, least, most;
  MPI_Allreduce(&mine, &least, 1, MPI_UINT64_T, MPI_MIN, MPI_COMM_WORLD);
  MPI_Allreduce(&mine, &most, 1, MPI_UINT64_T, MPI_MAX, MPI_COMM_WORLD);
  if (least != most && t->rank == 0)
    fprintf(stderr, "train_mpi: the ranks have read different checkpoints, expected a file that all share\n");
  return least == most;
}

/* Rank 0 writes it, beside the old one, which it then replaces. */
static bool write_checkpoint(trainer *t, const arguments *a) {
  char path[4096];
  batch_loader_state place;
  if (!a->checkpoint || t->rank != 0) return true;
  snprintf(path, sizeof path, "%s.new", a->checkpoint);
  FILE *file = batch_loader_get_state(t->loader, &place) ? fopen(path, "wb") : NULL;
  bool written = file && fwrite(&place, sizeof place, 1, file) == 1 && model_save(t->model, file);
  if (file && fclose(file) != 0) written = false;
  if (written && rename(path, a->checkpoint) == 0) return true;
  fprintf(stderr, "train_mpi: %s cannot be written\n", path);
  return false;
}

static bool open_pipeline(trainer *t, const arguments *a) {
  batch_dataset_options bytes = BATCH_DATASET_OPTIONS_INIT;
  bytes.format = BATCH_FORMAT_TEXT;
  if (!(t->dataset = batch_dataset_open(a->files, a->num_files, &bytes))) return false;
  batch_loader_options loading = BATCH_LOADER_OPTIONS_INIT;
  loading.batch_size = (uint32_t)a->rows / (uint32_t)t->ranks;
  loading.sequence_length = LENGTH;
  loading.vocab_size = MODEL_BYTES;
  loading.seed = SEED;
  loading.epochs = BATCH_LOADER_ENDLESS;
  loading.rank = (uint32_t)t->rank;
  loading.world = (uint32_t)t->ranks;
  loading.resume = t->resumed ? &t->place : NULL;
  return (t->loader = batch_loader_create(t->dataset, &loading)) != NULL;
}

static bool open_all(trainer *t, const arguments *a) {
  bool made = (t->model = model_create(SEED)) && (t->gradient = gradient_create());
  if (!made) fprintf(stderr, "train_mpi: no memory for a model\n");
  if (!made || !read_checkpoint(t, a)) return false;
  if (open_pipeline(t, a)) return true;
  fprintf(stderr, "train_mpi: %s\n", batch_last_error()->message);
  return false;
}

static void close_all(trainer *t) {
  batch_loader_free(t->loader);
  batch_dataset_free(t->dataset);
  gradient_free(t->gradient);
  model_free(t->model);
}

static void sum_over_ranks(gradient *g) {
  MPI_Allreduce(MPI_IN_PLACE, gradient_numbers(g), (int)gradient_length(), MPI_FLOAT, MPI_SUM,
                MPI_COMM_WORLD);
}

/* Trains up to step a->steps. Returns false on an error, which it has said. */
static bool train(trainer *t, const arguments *a, double *loss) {
  progress p = progress_start(a->steps);
  uint64_t step = model_updates(t->model), tokens = 0;
  batch_loader_stats stats = BATCH_LOADER_STATS_INIT;
  while (step < a->steps) {
    Batch *batch = batch_loader_next(t->loader);
    if (!batch) {
      fprintf(stderr, "train_mpi: rank %d: %s\n", t->rank, batch_last_error()->message);
      return false;
    }
    gradient_clear(t->gradient);
    gradient_accumulate(t->gradient, t->model, batch);
    batch_release(batch);
    sum_over_ranks(t->gradient);
    t->trained = true;
    *loss = gradient_loss(t->gradient);
    tokens += (uint64_t)gradient_tokens(t->gradient);
    model_update(t->model, t->gradient, 0.003f);
    batch_loader_get_stats(t->loader, &stats);
    if (t->rank == 0)
      progress_step(&p, ++step, *loss, tokens, &stats);
    else
      step++;
    if ((step % a->every == 0 || step == a->steps) && !write_checkpoint(t, a)) return false;
  }
  return true;
}

static void report(const trainer *t, const arguments *a, double loss) {
  printf("train_mpi: %d rank%s, step %llu, ", t->ranks, t->ranks == 1 ? "" : "s",
         (unsigned long long)model_updates(t->model));
  if (t->trained)
    printf("loss %.5f\n", loss);
  else
    printf("nothing left to do up to step %llu: %s is that far\n", (unsigned long long)a->steps,
           a->checkpoint);
}

/* MPI_Abort ends the other ranks too, which would wait for this one for ever. What all of them know they end by
   themselves: an abort may lose what was just printed. */
static int run(int argc, char **argv, trainer *t) {
  arguments a;
  double loss = 0;
  int status = parse_arguments(&a, argc, argv, t->rank == 0);
  if (status >= 0) return status;
  if (a.rows % (unsigned)t->ranks != 0) {
    if (t->rank == 0)
      fprintf(stderr,
              "train_mpi: %d ranks do not divide a batch of %llu rows: expected --batch %d, or a multiple\n",
              t->ranks, (unsigned long long)a.rows, t->ranks);
    return 2;
  }
  if (!open_all(t, &a)) MPI_Abort(MPI_COMM_WORLD, 1);
  if (!begin_at_one_place(t)) return 1;
  if (!train(t, &a, &loss)) MPI_Abort(MPI_COMM_WORLD, 1);
  if (t->rank == 0) report(t, &a, loss);
  return 0;
}

int main(int argc, char **argv) {
  trainer t = {0};
  MPI_Init(&argc, &argv);
  MPI_Comm_rank(MPI_COMM_WORLD, &t.rank);
  MPI_Comm_size(MPI_COMM_WORLD, &t.ranks);
  int status = run(argc, argv, &t);
  close_all(&t);
  MPI_Finalize();
  return status;
}
