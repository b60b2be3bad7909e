/* A run of shards that was interrupted, at whatever call, goes on after its last whole shard, and what it leaves is byte
   for byte that of a run that was not. */
#include "support/failing_calls.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "support/check.h"
#include "support/files.h"
#include "support/packages.h"
#include "support/runs.h"

/* Of the calls of a run that each die or fail in turn: scripts/test --full tries all of them. */
enum { STEP = CHECK_LONG_OR_SHORT(1, 17 * CHECK_ONE_IN) };

TestSuite(writer_continue, .init = runs_begin, .fini = runs_end);

static const batch_format formats[] = {BATCH_FORMAT_HEADERLESS, BATCH_FORMAT_DATATROVE,
                                       BATCH_FORMAT_LLMC_GPT2, BATCH_FORMAT_LLMC_LLAMA3,
                                       BATCH_FORMAT_MEGATRON};
enum { FORMATS = sizeof formats / sizeof *formats };

static bool go(const void *run) {
  return run_go(run);
}

/* Kills a run in a process of its own before its n-th call. Returns whether it came that far. */
static bool die_at(const test_run *r, unsigned n) {
  bool ended = run_has_ended(r);
  int ending = calls_kill_child(n, go, r);
  cr_assert(ending == CALLS_KILLED || ending == ended, "before call %u: %d", n, ending);
  return ending == CALLS_KILLED;
}

static void die_everywhere(const test_run *r) {
  unsigned n = 1;
  run_make_reference(r);
  for (runs_empty("out"); die_at(r, n); n += STEP) {
    assert_run_goes_on(r, batch_format_name(r->format), n);
    runs_empty("out");
  }
  printf("%s: one of %d in %u deaths\n", batch_format_name(r->format), STEP, n - 1);
  cr_assert_gt(n, 200);
}

static void die_everywhere_in(batch_format format) {
  test_run r = run_usual(format);
  die_everywhere(&r);
}

Test(writer_continue, wherever_the_process_dies_the_next_one_ends_its_run_headerless) {
  die_everywhere_in(BATCH_FORMAT_HEADERLESS);
}

Test(writer_continue, wherever_the_process_dies_the_next_one_ends_its_run_datatrove) {
  die_everywhere_in(BATCH_FORMAT_DATATROVE);
}

Test(writer_continue, wherever_the_process_dies_the_next_one_ends_its_run_llmc) {
  die_everywhere_in(BATCH_FORMAT_LLMC_GPT2);
}

Test(writer_continue, wherever_the_process_dies_the_next_one_ends_its_run_llama) {
  die_everywhere_in(BATCH_FORMAT_LLMC_LLAMA3);
}

Test(writer_continue, wherever_the_process_dies_the_next_one_ends_its_run_megatron) {
  die_everywhere_in(BATCH_FORMAT_MEGATRON);
}

Test(writer_continue, wherever_the_process_dies_the_next_one_ends_its_run_of_compressed_files) {
  static const char *const inputs[] = {"a.jsonl.gz", "b.txt.gz", "c.txt", "d.jsonl", "e.jsonl.gz"};
  need_package(PACKAGE_ZLIB);
  test_run r = run_usual(BATCH_FORMAT_HEADERLESS);
  r.inputs = inputs;
  const char *gzip[] = {"gzip", runs_path("a.jsonl"), runs_path("b.txt"), runs_path("e.jsonl"), NULL};
  cr_assert_eq(run_program(gzip), 0);
  die_everywhere(&r);
}

/* Each process comes a little further: none comes to the end by itself. */
Test(writer_continue, a_run_that_dies_again_and_again_comes_to_its_end) {
  for (size_t i = 0; i < FORMATS; i++) {
    test_run r = run_usual(formats[i]);
    unsigned deaths = 0;
    run_make_reference(&r);
    runs_empty("out");
    r.continue_run = true;
    for (unsigned n = 100; die_at(&r, n); n += 3) cr_assert_lt(++deaths, 1000);
    printf("%s: %u deaths\n", batch_format_name(formats[i]), deaths);
    cr_assert_gt(deaths, 2);
    assert_as_reference(&r, "again and again", deaths);
  }
}

/* A call in the middle of a run, with a record of what is kept; how many calls there are is the compiler's, too. */
static unsigned in_the_middle(const test_run *r) {
  for (unsigned n = 220;; n += 3) {
    runs_empty("out");
    cr_assert(die_at(r, n));
    if (runs_is_there(run_record(r))) return n;
  }
}

Test(writer_continue, a_run_that_goes_on_and_dies_goes_on) {
  test_run r = run_usual(BATCH_FORMAT_MEGATRON);
  run_make_reference(&r);
  r.continue_run = true;
  unsigned middle = in_the_middle(&r);
  bool died = true;
  for (unsigned n = 1; died; n += STEP) {
    runs_empty("out");
    cr_assert(die_at(&r, middle) && runs_is_there(run_record(&r)));
    died = die_at(&r, n);
    if (died) assert_run_goes_on(&r, "died twice", n);
  }
}

/* Makes the n-th call fail, or all from there on; the run goes on when they do not. Returns whether there was one. */
static bool fail_at(const test_run *r, calls_fault fault, unsigned n) {
  check_forget_error();
  calls_go_wrong(fault, n);
  bool good = run_go(r), reached = calls_end();
  if (good)
    assert_as_reference(r, calls_wrong(), n);
  else if (!strstr(batch_last_error()->message, "is whole and in its place") || runs_is_there(run_record(r)))
    assert_run_goes_on(r, calls_wrong(), n);
  return reached;
}

static void fail_everywhere(batch_format format, calls_fault fault) {
  test_run r = run_usual(format);
  unsigned n = 1;
  run_make_reference(&r);
  for (runs_empty("out"); fail_at(&r, fault, n); n += STEP) runs_empty("out");
  printf("%s: one of %d in %u failures\n", batch_format_name(format), STEP, n - 1);
  cr_assert_gt(n, 200);
}

/* A full disk among them: a write fails with ENOSPC. */
Test(writer_continue, whichever_call_fails_the_run_goes_on_afterwards) {
  for (size_t i = 0; i < FORMATS; i++) fail_everywhere(formats[i], CALLS_FAIL);
}

Test(writer_continue, when_all_calls_fail_from_one_on_the_run_goes_on_afterwards) {
  fail_everywhere(BATCH_FORMAT_LLMC_GPT2, CALLS_FAIL_ON);
  fail_everywhere(BATCH_FORMAT_MEGATRON, CALLS_FAIL_ON);
}

/* Whatever fails while a run goes on, what was kept is kept. */
Test(writer_continue, a_run_that_goes_on_and_fails_goes_on) {
  static const calls_fault faults[] = {CALLS_FAIL, CALLS_FAIL_ON};
  for (int i = 0; i < 4; i++) {
    test_run r = run_usual(i < 2 ? BATCH_FORMAT_MEGATRON : BATCH_FORMAT_HEADERLESS);
    run_make_reference(&r);
    r.continue_run = true;
    unsigned middle = in_the_middle(&r);
    bool reached = true;
    for (unsigned n = 1; reached; n += STEP) {
      runs_empty("out");
      cr_assert(die_at(&r, middle) && runs_is_there(run_record(&r)));
      reached = fail_at(&r, faults[i % 2], n);
    }
  }
}

Test(writer_continue, short_writes_and_interrupted_calls_go_on) {
  static const calls_fault faults[] = {CALLS_SHORT, CALLS_INTERRUPT, CALLS_NO_RENAME_NEW};
  for (size_t i = 0; i < 3; i++) {
    test_run r = run_usual(BATCH_FORMAT_DATATROVE);
    run_make_reference(&r);
    r.continue_run = true;
    in_the_middle(&r);
    calls_go_wrong(faults[i], 1);
    bool good = run_go(&r);
    cr_assert(calls_end());
    cr_assert(good, "%s", batch_last_error()->message);
    assert_as_reference(&r, calls_wrong(), 0);
  }
}

/* A call at which a run dies behind three shards: they hold a.jsonl and b.txt. */
static unsigned behind_three(const test_run *r) {
  for (unsigned n = 150;; n += 5) {
    runs_empty("out");
    cr_assert(die_at(r, n));
    if (!runs_is_there("out/t_000003.bin")) continue;
    cr_assert(runs_is_there(run_record(r)) && !runs_is_there("out/t_000004.bin"));
    return n;
  }
}

/* The new shards have the number and the sizes of the old ones: only that nothing is kept any longer tells them apart. */
Test(writer_continue, a_run_that_replaces_an_unfinished_one_and_dies_is_not_gone_on_with_as_that) {
  unsigned gone_on = 0, refused = 0;
  test_run r = run_usual(BATCH_FORMAT_LLMC_GPT2), other = r;
  other.overwrite = true;
  other.dataset.end_of_text = 255;
  other.count = 2;
  run_make_reference(&r);
  r.continue_run = true;
  unsigned third = behind_three(&r);
  bool died = true;
  for (unsigned n = 1; died; n += STEP) {
    runs_empty("out");
    cr_assert(die_at(&r, third));
    died = die_at(&other, n);
    bool good = run_go(&r);
    *(good ? &gone_on : &refused) += 1;
    if (good) assert_as_reference(&r, "replaced", n);
  }
  printf("%u gone on with, %u refused\n", gone_on, refused);
  cr_assert(gone_on > 50 / STEP && refused > 5 / STEP);
}

/* Kills a run where all of its shards are in their places, and that is still to be noted. */
static void die_at_the_end(const test_run *r) {
  calls_go_wrong(CALLS_FAIL, UINT_MAX);
  cr_assert(run_go(r), "%s", batch_last_error()->message);
  calls_end();
  for (unsigned n = calls_made(); !runs_is_there(run_record(r)); n--) {
    runs_empty("out");
    die_at(r, n);
  }
}

/* Each call that brings a document. */
static bool add_to(BatchWriter *writer, const test_run *r, int how) {
  if (how == 0) return batch_writer_append(writer, &(int32_t){1}, 1);
  return how == 1 ? batch_writer_end_document(writer) : run_tokenize(r, writer) == BATCH_OK;
}

Test(writer_continue, a_run_of_which_all_is_written_takes_no_more_documents) {
  for (int how = 0; how < 3; how++) {
    test_run r = run_usual(formats[how]);
    run_make_reference(&r);
    die_at_the_end(&r);
    r.continue_run = true;
    BatchWriter *writer = run_create(&r);
    cr_assert_eq(run_tokenize(&r, writer), BATCH_OK, "%s", batch_last_error()->message);
    assert_refused(!add_to(writer, &r, how), BATCH_ERROR_INVALID_ARGUMENT, "t.",
                   "all of its run is written, expected batch_writer_finish");
    batch_writer_free(writer);
    assert_as_reference(&r, "appended to", 0);
  }
}
