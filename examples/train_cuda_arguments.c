#include "train_cuda_arguments.h"

#include <getopt.h>
#include <stdio.h>
#include <unistd.h>

#include "arguments.h"

#define DEFAULT_CORPUS "/usr/share/common-licenses"

enum { MAX_POSITIONS = 1 << 22, COPY_BYTES = 1 << 20, MAX_WORKERS = 14 };

static void print_help(void) {
  puts("usage: train_cuda [OPTION]... [FILE]...\n"
       "Trains a small language model over the bytes of FILEs (default: " DEFAULT_CORPUS ")\n"
       "on a GPU, each batch copied from pinned memory while the one before it is computed with.\n"
       "\n"
       "  --steps N            training steps (default 2500)\n"
       "  --seconds S          stop after so long (default 45; 3 with --copy-only)\n"
       "  --workers N          threads that load batches (default 1; with --copy-only processors - 2, at "
       "most 14)\n"
       "  --batch-size N       rows of a batch (default 32)\n"
       "  --sequence-length N  bytes of a row (default 256)\n"
       "  --group N            batches in a copy (default: as make 1 MiB, at most a sixteenth of an epoch)\n"
       "  --learning-rate R    at the start; it falls to a tenth (default 0.003)\n"
       "  --seed N             of weights and order (default 1)\n"
       "  --device N           the GPU, by CUDA's numbers (default 0)\n"
       "  --copy-only          train nothing: how fast batches of FILEs of tokens, below 65536, get to the "
       "GPU,\n"
       "                       beside plain copies of pinned memory\n"
       "  --help\n"
       "\n"
       "Exit status: 0 when the mean loss of the last 100 steps is below the first step's (with --copy-only: "
       "when\n"
       "it could be measured), 1 when not or on errors, 2 on bad usage.");
}

static const struct option long_options[] = {{"steps", required_argument, NULL, 'n'},
                                             {"seconds", required_argument, NULL, 't'},
                                             {"workers", required_argument, NULL, 'w'},
                                             {"batch-size", required_argument, NULL, 'b'},
                                             {"sequence-length", required_argument, NULL, 'l'},
                                             {"group", required_argument, NULL, 'g'},
                                             {"learning-rate", required_argument, NULL, 'r'},
                                             {"seed", required_argument, NULL, 'e'},
                                             {"device", required_argument, NULL, 'd'},
                                             {"copy-only", no_argument, NULL, 'c'},
                                             {"help", no_argument, NULL, 'h'},
                                             {NULL, 0, NULL, 0}};

static bool set_option(cuda_arguments *a, int option, const char *text, const char **expected) {
  uint32_t device = 0;
  bool good;
  *expected = "a whole number from 1 on";
  switch (option) {
  case 'n':
    return parse_whole(text, 1, UINT64_MAX, &a->steps);
  case 'w':
    return parse_small(text, 1, UINT32_MAX, &a->workers);
  case 'b':
    return parse_small(text, 1, UINT32_MAX, &a->batch_size);
  case 'l':
    return parse_small(text, 1, UINT32_MAX, &a->sequence_length);
  case 'g':
    return parse_small(text, 1, UINT32_MAX, &a->group);
  case 'e':
    *expected = "a whole number";
    return parse_whole(text, 0, UINT64_MAX, &a->seed);
  case 'd':
    *expected = "a whole number";
    good = parse_small(text, 0, INT32_MAX, &device);
    a->device = (int)device;
    return good;
  case 'r':
    *expected = "a positive number";
    return parse_number(text, 1e-9, 1e3, &a->rate);
  default:
    *expected = "a positive number";
    return parse_number(text, 1e-3, 1e9, &a->seconds);
  }
}

static uint32_t default_workers(const cuda_arguments *a) {
  long processors = sysconf(_SC_NPROCESSORS_ONLN);
  if (!a->copy_only || processors <= 3) return 1;
  return processors > MAX_WORKERS + 2 ? MAX_WORKERS : (uint32_t)processors - 2;
}

/* What depends on other options; and whether all of them go together. */
static int complete(cuda_arguments *a) {
  uint64_t positions = (uint64_t)a->batch_size * a->sequence_length;
  if (a->workers == 0) a->workers = default_workers(a);
  if (a->seconds == 0) a->seconds = a->copy_only ? 3 : 45;
  if (positions <= MAX_POSITIONS && positions * (a->group ? a->group : 1) <= INT32_MAX &&
      (uint64_t)a->batch_size * a->group <= UINT32_MAX)
    return -1;
  fprintf(stderr,
          "train_cuda: a batch of %u x %u, %u in a copy, is too large, expected at most %d positions in a "
          "batch and "
          "%d in a copy\n",
          a->batch_size, a->sequence_length, a->group ? a->group : 1, MAX_POSITIONS, INT32_MAX);
  return 2;
}

int parse_cuda_arguments(cuda_arguments *a, int argc, char **argv) {
  static const char *const corpus[] = {DEFAULT_CORPUS};
  *a = (cuda_arguments){.steps = 2500,
                        .seed = 1,
                        .rate = 0.003,
                        .batch_size = 32,
                        .sequence_length = 256,
                        .files = corpus,
                        .num_files = 1};
  int option, index;
  const char *expected;
  while ((option = getopt_long(argc, argv, "h", long_options, &index)) != -1) {
    if (option == '?') return 2;
    if (option == 'h') return print_help(), 0;
    if (option == 'c')
      a->copy_only = true;
    else if (!set_option(a, option, optarg, &expected))
      return bad_usage("train_cuda", long_options[index].name, optarg, expected);
  }
  if (optind < argc) {
    a->files = (const char *const *)argv + optind;
    a->num_files = (size_t)(argc - optind);
  }
  return complete(a);
}

uint32_t cuda_default_group(const cuda_arguments *a, uint64_t tokens) {
  uint64_t positions = (uint64_t)a->batch_size * a->sequence_length;
  uint64_t group = COPY_BYTES / (positions * CUDA_POSITION_BYTES), most = tokens / positions / 16;
  if (group > most) group = most;
  return group > 1 ? (uint32_t)group : 1;
}
