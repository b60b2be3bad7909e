/* Options that say what batches are made of data: the same for every subcommand that makes a loader.

   Usage:
       loader_options loader = LOADER_OPTIONS_INIT;
       const struct option command_options_long[] = {LOADER_OPTIONS_LONG, {"help", no_argument, NULL, 'h'}, {0}};
       in the loop over cli_next_option's answers: if (loader_option_is(c)) status = loader_option_take(...)
       behind it: status = loader_options_settle(&loader, command)
       batch_loader_create(dataset, &loader.loader); loader_options_free(&loader) */
#ifndef HEADRACE_CLI_LOADER_OPTIONS_H
#define HEADRACE_CLI_LOADER_OPTIONS_H

#include <getopt.h>

#include "cli.h"

typedef struct loader_options {
  batch_loader_options loader;
  const char *resume; /* a file; NULL: none */
  batch_loader_state state;
  batch_loader_skip *skips; /* loader.skips */
  uint32_t given;           /* a bit for each of the options below that was on the command line */
} loader_options;

#define LOADER_OPTIONS_INIT                                                                                  \
  { .loader = BATCH_LOADER_OPTIONS_INIT }

enum {
  LOADER_BATCH_SIZE = 0x2000, /* those with a number first */
  LOADER_SEQUENCE_LENGTH,
  LOADER_VOCAB_SIZE,
  LOADER_WORKERS,
  LOADER_SEED,
  LOADER_BLOCK_ROWS,
  LOADER_RANK,
  LOADER_WORLD,
  LOADER_PACK_WINDOW,
  LOADER_MAX_SEQUENCES,
  LOADER_CONTEXT_RANK,
  LOADER_CONTEXT_WORLD,
  LOADER_SHUFFLE, /* those with a word */
  LOADER_PACK,
  LOADER_FAULTS,
  LOADER_IO,
  LOADER_DROP_LAST, /* those with nothing */
  LOADER_CU_SEQLENS,
  LOADER_NO_LOSS_ACROSS,
  LOADER_IGNORE_MASKED,
  LOADER_CONTEXT_DOCUMENTS,
  LOADER_RESUME,
  LOADER_SKIP,
  LOADER_OPTIONS_END
};

#define LOADER_OPTIONS_LONG                                                                                  \
  {"batch-size", required_argument, NULL, LOADER_BATCH_SIZE},                                                \
      {"sequence-length", required_argument, NULL, LOADER_SEQUENCE_LENGTH},                                  \
      {"vocab-size", required_argument, NULL, LOADER_VOCAB_SIZE},                                            \
      {"workers", required_argument, NULL, LOADER_WORKERS}, {"seed", required_argument, NULL, LOADER_SEED},  \
      {"block-rows", required_argument, NULL, LOADER_BLOCK_ROWS},                                            \
      {"rank", required_argument, NULL, LOADER_RANK}, {"world", required_argument, NULL, LOADER_WORLD},      \
      {"pack-window", required_argument, NULL, LOADER_PACK_WINDOW},                                          \
      {"max-sequences", required_argument, NULL, LOADER_MAX_SEQUENCES},                                      \
      {"context-rank", required_argument, NULL, LOADER_CONTEXT_RANK},                                        \
      {"context-world", required_argument, NULL, LOADER_CONTEXT_WORLD},                                      \
      {"shuffle", required_argument, NULL, LOADER_SHUFFLE}, {"pack", required_argument, NULL, LOADER_PACK},  \
      {"faults", required_argument, NULL, LOADER_FAULTS}, {"io", required_argument, NULL, LOADER_IO},        \
      {"drop-last", no_argument, NULL, LOADER_DROP_LAST},                                                    \
      {"cu-seqlens", no_argument, NULL, LOADER_CU_SEQLENS},                                                  \
      {"no-loss-across", no_argument, NULL, LOADER_NO_LOSS_ACROSS},                                          \
      {"ignore-masked", no_argument, NULL, LOADER_IGNORE_MASKED},                                            \
      {"context-documents", no_argument, NULL, LOADER_CONTEXT_DOCUMENTS},                                    \
      {"skip", required_argument, NULL, LOADER_SKIP}, {                                                      \
    "resume", required_argument, NULL, LOADER_RESUME                                                         \
  }

extern const char loader_options_help[];

static inline bool loader_option_is(int answer) {
  return answer >= LOADER_BATCH_SIZE && answer < LOADER_OPTIONS_END;
}

/* Takes one option and its argument, what it says about reading into *dataset too; returns CLI_OK or, having said why,
   another exit status. */
int loader_option_take(loader_options *options, batch_dataset_options *dataset, const char *command,
                       int answer, const char *argument);

/* What is not said: 32 rows of 1024 positions, the rank that the launcher's environment says. Reads the state to begin
   with. Returns as loader_option_take does. */
int loader_options_settle(loader_options *options, const char *command);

void loader_options_free(loader_options *options);

#endif
