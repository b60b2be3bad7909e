/* Between the files of headrace show: show_options.c takes its arguments, show.c makes batches, show_batch.c, with
   show_tokens.c, and show_json.c print them. */
#ifndef HEADRACE_CLI_SHOW_H
#define HEADRACE_CLI_SHOW_H

#include "loader_options.h"
#include "screen.h"
#include "sources.h"

typedef struct show_run {
  data_options data;
  loader_options loader;
  sources sources;
  bool json, whole, ids, help;
  bool placed; /* a step or an epoch is said */
  bool epoch_said;
  uint64_t epoch, step, steps;     /* steps: so many batches */
  uint32_t rows;                   /* of a batch, at most */
  const BatchTokenizer *tokenizer; /* whose text is shown; NULL: ids are */
  BatchTokenizer *bytes;           /* it, where it is not data.tokenizer */
  int32_t letter;                  /* an id of it that has a text wherever it stands; -1: none has */
  int32_t *tokens; /* [sequence_length + 1] tokens that are to be shown, and whether they are masked */
  bool *masked;
  bool faulty;    /* a batch was */
  bool no_memory; /* for the text of tokens */
  screen screen;
} show_run;

/* A batch and where its rows are. */
typedef struct show_batch {
  const Batch *batch;
  const uint64_t *places; /* [batch_size] in the epoch */
  bool delivered;         /* in its turn, and not made again: what follows is known */
  uint64_t cropped;
} show_batch;

extern const char show_name[];

/* Takes the arguments; returns CLI_OK or, having said why, another exit status. */
int show_parse(int argc, char **argv, show_run *run);

/* Prints what --help tells; returns the exit status. */
int show_help(void);

/* Puts the first `count` of run->tokens, which it may change, on the line of the screen that is begun. */
void show_put_tokens(show_run *run, size_t count);

/* For run->letter. */
int32_t show_find_letter(show_run *run);

/* Print a batch. */
void show_batch_text(show_run *run, const show_batch *b);
void show_batch_json(const show_run *run, const show_batch *b);

#endif
