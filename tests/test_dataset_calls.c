/* Each system call on the way to the tokens fails once, at every place where it is made: an error that
   names a file, or the right tokens; never fewer. */
#include "support/dataset_check.h"
#include "support/failing_calls.h"
#include "support/files.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

TestSuite(dataset_calls, .init = files_begin, .fini = files_end);

typedef struct subject {
  const char *path;
  batch_dataset_options options;
} subject;

typedef struct facts {
  uint64_t tokens, documents, fingerprint;
  int32_t first, last;
  uint8_t loss[12]; /* of up to so many tokens */
} facts;

/* All that is known of a dataset, or an error. */
static bool learn(const subject *s, facts *f) {
  memset(f, 0, sizeof *f);
  BatchDataset *dataset = batch_dataset_open(&s->path, 1, &s->options);
  bool good = dataset && batch_dataset_fingerprint(dataset, &f->fingerprint) &&
              batch_dataset_read(dataset, 0, 1, &f->first) &&
              batch_dataset_read(dataset, batch_dataset_tokens(dataset) - 1, 1, &f->last);
  f->tokens = good ? batch_dataset_tokens(dataset) : 0;
  size_t masked = f->tokens < sizeof f->loss ? (size_t)f->tokens : sizeof f->loss;
  good = good && batch_dataset_read_loss(dataset, 0, masked, f->loss);
  if (good) {
    f->documents = batch_dataset_documents(dataset);
  }
  batch_dataset_free(dataset);
  return good;
}

static const char *directory;

/* Returns how often the call failed. */
static unsigned fail_each(const subject *s, const facts *right, const char *call, int number) {
  for (unsigned n = 1;; n++) {
    facts found;
    check_forget_error();
    calls_fail_at(call, n, number);
    bool good = learn(s, &found);
    unsigned made = calls_made();
    calls_end();
    cr_assert(good ? memcmp(&found, right, sizeof found) == 0
                   : batch_last_error()->code == BATCH_ERROR_IO &&
                         strstr(batch_last_error()->message, directory),
              "%s %u of %s: %s tokens %llu: %s", call, n, s->path, good ? "read," : "refused,",
              (unsigned long long)found.tokens, batch_last_error()->message);
    if (made < n) return n - 1;
    cr_assert(!good || number == EINTR, "%s %u of %s: EIO went unnoticed", call, n, s->path);
  }
}

static const char *const calls[] = {"open",    "fstat", "stat", "lstat", "opendir",
                                    "readdir", "pread", "mmap", NULL};

static void fail_all(const char *path, const batch_dataset_options *options) {
  subject s = {path, *options};
  facts right;
  unsigned failed = 0;
  directory = path_of("");
  cr_assert(learn(&s, &right), "%s", batch_last_error()->message);
  for (size_t i = 0; calls[i]; i++) failed += fail_each(&s, &right, calls[i], EIO);
  cr_assert_gt(failed, 4);
  fail_each(&s, &right, "pread", EINTR);
  fail_each(&s, &right, "open", EINTR);
}

static const batch_dataset_options usual = BATCH_DATASET_OPTIONS_INIT;

static void write_some(const char *name, uint16_t first) {
  uint16_t tokens[] = {first, (uint16_t)(first + 1), (uint16_t)(first + 2)};
  write_data(name, tokens, sizeof tokens);
}

Test(dataset_calls, a_directory) {
  write_some("a.bin", 1);
  write_some("b.bin", 4);
  write_some("c.u16", 7);
  cr_assert_eq(symlink("a.bin", path_of("link.bin")), 0);
  fail_all(path_of(""), &usual);
  batch_dataset_options options = usual;
  options.io = BATCH_IO_READ;
  options.separator = BATCH_SEPARATOR_AFTER;
  options.end_of_text = 5;
  options.temporary_directory = path_of("");
  fail_all(path_of(""), &options);
}

Test(dataset_calls, a_pattern_over_directories) {
  cr_assert(mkdir(path_of("one"), 0700) == 0 && mkdir(path_of("two"), 0700) == 0);
  write_some("one/a.bin", 1);
  write_some("one/b.bin", 4);
  write_some("two/a.bin", 7);
  write_some("two/c.bin", 10);
  fail_all(path_of("*/[ab].bin"), &usual);
  fail_all(path_of("*/a.bin"), &usual);
  fail_all(path_of("{one,two}/?.bin"), &usual);
}

Test(dataset_calls, files_with_companions) {
  write_some("x.ds", 1);
  write_some("y.ds", 4);
  write_data("x.ds.index", (uint64_t[]){1, 3}, 16);
  write_data("y.ds.index", (uint64_t[]){3}, 8);
  write_text("x.ds.metadata", "a tokenizer|2\n3\n3 T");
  fail_all(path_of(""), &usual);
}

Test(dataset_calls, loss_masks) {
  write_some("x.bin", 1);
  write_some("y.bin", 4);
  write_data("x.bin.loss", "\0\1\1", 3);
  write_data("y.bin.loss", "\5", 1);
  fail_all(path_of(""), &usual);
}

Test(dataset_calls, a_subset) {
  batch_dataset_options options = usual;
  options.subset = BATCH_SUBSET_TRAIN;
  options.validation_fraction = 0.1;
  write_some("x.ds", 1);
  write_some("y.bin", 4);
  write_data("x.ds.index", (uint64_t[]){1, 3}, 16);
  fail_all(path_of("x.ds"), &options);
  fail_all(path_of("y.bin"), &options);
}

/* Where O_TMPFILE is unknown a file that has lost its name takes its place, and none is left. */
static void text_without_nameless_files(int number) {
  batch_dataset_options options = usual;
  options.temporary_directory = path_of("tmp");
  subject s = {write_text("a.jsonl", "{\"text\":\"some text\"}\n"), options};
  facts right, found;
  unsigned done_without = 0, n = 0, made;
  cr_assert(mkdir(options.temporary_directory, 0700) == 0 && learn(&s, &right));
  do {
    calls_fail_at("open", ++n, number);
    bool good = learn(&s, &found);
    made = calls_made();
    calls_end();
    cr_assert(!good || memcmp(&found, &right, sizeof found) == 0);
    done_without += good && made >= n;
  } while (made >= n);
  cr_assert_eq(done_without, 2, "%u opens", done_without); /* of tokens, and of where documents end */
  cr_assert_eq(rmdir(options.temporary_directory), 0);
}

Test(dataset_calls, text_on_a_file_system_without_nameless_files) {
  text_without_nameless_files(EOPNOTSUPP);
  text_without_nameless_files(EISDIR);
  text_without_nameless_files(EINVAL);
}

Test(dataset_calls, text) {
  write_text("a.txt", "some text");
  write_text("b.txt", "more text");
  fail_all(path_of("*.txt"), &usual);
  write_text("a.jsonl", "{\"text\":\"some text\"}\n{\"text\":\"more\"}\n");
  batch_dataset_options options = usual;
  options.temporary_directory = path_of("");
  fail_all(path_of("a.jsonl"), &options);
}
