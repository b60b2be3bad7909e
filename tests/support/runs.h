/* Runs of shards from text, for tests that interrupt them: five inputs, with a span that is not learnt from the second shard on, `out` where they write, and `ref`, where the same
   run has written without a break.

   Usage:
       TestSuite(continue, .init = runs_begin, .fini = runs_end);
       test_run r = run_usual(BATCH_FORMAT_MEGATRON);
       run_make_reference(&r);
       runs_empty("out");
       ... interrupt run_go(&r) ...
       assert_run_goes_on(&r, "killed", n);
*/
#ifndef HEADRACE_TESTS_RUNS_H
#define HEADRACE_TESTS_RUNS_H

#include <headrace/headrace.h>

void runs_begin(void);
void runs_end(void);

/* A path in the test's directory, good for the next 15 calls. */
const char *runs_path(const char *name);

void runs_write(const char *name, const char *content);
bool runs_is_there(const char *name);

/* Makes an empty directory of it. */
void runs_empty(const char *name);

enum { RUN_INPUTS = 5 };
extern const char *const run_inputs[RUN_INPUTS];

typedef struct test_run {
  batch_format format;
  uint64_t shard_tokens;
  bool continue_run, overwrite;
  batch_dataset_options dataset;
  const char *output;        /* the directory */
  const char *const *inputs; /* [count] */
  size_t count;
  batch_tokenize_callback callback;
  void *context;
} test_run;

/* All inputs, bad lines passed over, shards of a few documents. */
test_run run_usual(batch_format format);

BatchWriter *run_create(const test_run *r);
batch_status run_tokenize(const test_run *r, BatchWriter *writer);

/* Both, and the end. */
bool run_go(const test_run *r);

void run_make_reference(const test_run *r);

/* Files of a directory, hidden ones too. */
size_t run_entries(const char *directory, const test_run *r);

/* The name in `out` of what is kept of a run. */
const char *run_record(const test_run *r);

/* Nothing is kept any longer, since all shards are there. */
bool run_has_ended(const test_run *r);

/* `out` holds what `ref` holds, and nothing else. what, n: for messages. */
void assert_as_reference(const test_run *r, const char *what, unsigned n);

/* A run that continues comes to that. */
void assert_run_goes_on(const test_run *r, const char *what, unsigned n);

#endif
