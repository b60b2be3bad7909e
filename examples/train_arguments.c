#include "train_arguments.h"

#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <unistd.h>

#include "arguments.h"

#define DEFAULT_CORPUS "/usr/share/common-licenses"

static void print_help(void) {
  puts("usage: train [OPTION]... [FILE]...\n"
       "Trains a small language model over the bytes of FILEs (default: " DEFAULT_CORPUS ").\n"
       "\n"
       "  --steps N            training steps (default 2500)\n"
       "  --seconds S          stop after so long (default 45)\n"
       "  --spheres N          threads that compute gradients, 1 to 12 (default: processors, at most 4)\n"
       "  --workers N          threads that load batches (default 1)\n"
       "  --batch-size N       rows of a batch (default 16)\n"
       "  --sequence-length N  bytes of a row (default 128)\n"
       "  --learning-rate R    at the start; it falls to a tenth (default 0.003)\n"
       "  --seed N             of weights and order (default 1)\n"
       "  --sample N           bytes of text that the model writes at the end (default 320)\n"
       "  --help\n"
       "\n"
       "Exit status: 0 when the mean loss of the last 100 steps is at most 60 % of the first step's and\n"
       "below the entropy of single bytes, 1 when not or on errors, 2 on bad usage.");
}

static const struct option long_options[] = {{"steps", required_argument, NULL, 'n'},
                                             {"seconds", required_argument, NULL, 't'},
                                             {"spheres", required_argument, NULL, 's'},
                                             {"workers", required_argument, NULL, 'w'},
                                             {"batch-size", required_argument, NULL, 'b'},
                                             {"sequence-length", required_argument, NULL, 'l'},
                                             {"learning-rate", required_argument, NULL, 'r'},
                                             {"seed", required_argument, NULL, 'e'},
                                             {"sample", required_argument, NULL, 'x'},
                                             {"help", no_argument, NULL, 'h'},
                                             {NULL, 0, NULL, 0}};

static bool set_option(arguments *a, int option, const char *text, const char **expected) {
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
  case 's':
    *expected = "1 to 12";
    return parse_small(text, 1, MAX_SPHERES, &a->spheres);
  case 'e':
    *expected = "a whole number";
    return parse_whole(text, 0, UINT64_MAX, &a->seed);
  case 'x':
    *expected = "0 to 100000";
    return parse_small(text, 0, 100000, &a->sample);
  default:
    *expected = "a positive number";
    if (option == 'r') return parse_number(text, 1e-9, 1e3, &a->rate);
    return parse_number(text, 1e-3, 1e9, &a->seconds);
  }
}

static uint32_t default_spheres(void) {
  long processors = sysconf(_SC_NPROCESSORS_ONLN);
  return processors < 1 ? 1 : processors > 4 ? 4 : (uint32_t)processors;
}

int parse_arguments(arguments *a, int argc, char **argv) {
  static const char *const corpus[] = {DEFAULT_CORPUS};
  *a = (arguments){.steps = 2500,
                   .seed = 1,
                   .seconds = 45,
                   .rate = 0.003,
                   .spheres = default_spheres(),
                   .workers = 1,
                   .batch_size = 16,
                   .sequence_length = 128,
                   .sample = 320,
                   .files = corpus,
                   .num_files = 1};
  int option, index;
  const char *expected;
  while ((option = getopt_long(argc, argv, "h", long_options, &index)) != -1) {
    if (option == '?') return 2;
    if (option == 'h') return print_help(), 0;
    if (!set_option(a, option, optarg, &expected))
      return bad_usage("train", long_options[index].name, optarg, expected);
  }
  if (optind < argc) {
    a->files = (const char *const *)argv + optind;
    a->num_files = (size_t)(argc - optind);
  }
  return -1;
}
