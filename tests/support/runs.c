#include "support/runs.h"

#include <criterion/criterion.h>
#include <dirent.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "support/files.h"
#include "support/watchdog.h"

static char root[64] = "/dev/shm/headrace-test-XXXXXX"; /* in memory where there is one */

const char *runs_path(const char *name) {
  static char paths[16][400];
  static unsigned next;
  char *path = paths[next++ % 16];
  snprintf(path, sizeof paths[0], "%s/%s", root, name);
  return path;
}

void runs_write(const char *name, const char *content) {
  FILE *file = fopen(runs_path(name), "w");
  cr_assert_not_null(file);
  fputs(content, file);
  cr_assert_eq(fclose(file), 0);
}

const char *const run_inputs[RUN_INPUTS] = {"a.jsonl", "b.txt", "c.txt", "d.jsonl", "e.jsonl"};

void runs_begin(void) {
  watchdog_on();
  if (!mkdtemp(root)) strcpy(root, "/tmp/headrace-test-XXXXXX");
  cr_assert(access(root, W_OK) == 0 || mkdtemp(root));
  runs_write(
      "a.jsonl",
      "\xEF\xBB\xBF{\"text\":\"the first one\"}\nno json\n\n{\"text\":\"two\"}\n{\"text\":\"\"}\n"
      "{\"text\":[{\"text\":\"a longer document \"},{\"text\":\"of the first file\",\"train\":false}]}\n"
      "bad\nbad again\n");
  runs_write("b.txt", "one text, which is a document\nof two lines");
  runs_write("c.txt", "");
  runs_write("d.jsonl", "{\"text\":\"short\"}\n{\"text\":\"and the next\"}\n{\"text\":\"third of d\"}\n");
  runs_write("e.jsonl", "{\"text\":\"fourth\"}\n{\"text\":7}\n{\"text\":\"the last of all documents\"}\n\n");
  runs_empty("out");
}

static int remove_entry(const char *path, const struct stat *status, int type, struct FTW *ftw) {
  (void)status, (void)type, (void)ftw;
  return remove(path);
}

static void remove_tree(const char *path) {
  nftw(path, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}

void runs_end(void) {
  remove_tree(root);
}

void runs_empty(const char *name) {
  remove_tree(runs_path(name));
  cr_assert_eq(mkdir(runs_path(name), 0777), 0);
}

bool runs_is_there(const char *name) {
  struct stat status;
  return lstat(runs_path(name), &status) == 0;
}

test_run run_usual(batch_format format) {
  test_run r = {
      .format = format, .shard_tokens = 12, .output = "out", .inputs = run_inputs, .count = RUN_INPUTS};
  r.dataset = (batch_dataset_options)BATCH_DATASET_OPTIONS_INIT;
  r.dataset.on_bad_line = BATCH_BAD_LINE_SKIP;
  r.dataset.separator = BATCH_SEPARATOR_AFTER;
  r.dataset.end_of_text = 256;
  r.dataset.workers = 1; /* so that calls come in one order */
  return r;
}

static const char *ending(const test_run *r) {
  return r->format == BATCH_FORMAT_DATATROVE ? "ds" : "bin";
}

BatchWriter *run_create(const test_run *r) {
  batch_writer_options options = {.size = sizeof options,
                                  .format = r->format,
                                  .vocab_size = 257,
                                  .shard_tokens = r->shard_tokens,
                                  .overwrite = r->overwrite,
                                  .continue_run = r->continue_run};
  char path[40];
  snprintf(path, sizeof path, "%s/t.%s", r->output, ending(r));
  return batch_writer_create(runs_path(path), &options);
}

batch_status run_tokenize(const test_run *r, BatchWriter *writer) {
  const char *paths[RUN_INPUTS];
  for (size_t i = 0; i < r->count; i++) paths[i] = runs_path(r->inputs[i]);
  return batch_tokenize_files(paths, r->count, &r->dataset, writer, r->callback, r->context);
}

bool run_go(const test_run *r) {
  BatchWriter *writer = run_create(r);
  bool good = writer && run_tokenize(r, writer) == BATCH_OK && batch_writer_finish(writer);
  batch_writer_free(writer);
  return good;
}

void run_make_reference(const test_run *like) {
  test_run r = *like;
  runs_empty("ref");
  r.output = "ref";
  r.continue_run = r.overwrite = false;
  cr_assert(run_go(&r), "%s", batch_last_error()->message);
  cr_assert_gt(run_entries("ref", &r), 4);
}

/* Without memory to look how it is read, a file is given a companion that it could do without: where the format has
   none, these are not counted. */
size_t run_entries(const char *name, const test_run *r) {
  size_t count = 0;
  DIR *directory = opendir(runs_path(name));
  for (struct dirent *entry; (entry = readdir(directory));)
    count += strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0 &&
             (r->format == BATCH_FORMAT_DATATROVE || !strstr(entry->d_name, ".metadata"));
  closedir(directory);
  return count;
}

const char *run_record(const test_run *r) {
  return r->format == BATCH_FORMAT_DATATROVE ? "out/.t.ds.headrace/unfinished"
                                             : "out/.t.bin.headrace/unfinished";
}

bool run_has_ended(const test_run *r) {
  char name[60];
  snprintf(name, sizeof name, "out/t_000001.%s", ending(r));
  return runs_is_there(name) && !runs_is_there(run_record(r));
}

static void assert_same_file(const char *name, const char *what, unsigned n) {
  char mine[300], other[300];
  snprintf(mine, sizeof mine, "out/%s", name);
  snprintf(other, sizeof other, "ref/%s", name);
  cr_assert(runs_is_there(mine), "%s, %u: no %s", what, n, mine);
  bytes a = read_bytes(runs_path(mine)), b = read_bytes(runs_path(other));
  cr_assert(a.used == b.used && memcmp(a.data, b.data, a.used) == 0, "%s, %u: %s differs", what, n, mine);
  free_bytes(&a);
  free_bytes(&b);
}

void assert_as_reference(const test_run *r, const char *what, unsigned n) {
  DIR *directory = opendir(runs_path("ref"));
  for (struct dirent *entry; (entry = readdir(directory));)
    if (entry->d_name[0] != '.') assert_same_file(entry->d_name, what, n);
  closedir(directory);
  size_t is = run_entries("out", r), should = run_entries("ref", r);
  cr_assert_eq(is, should, "%s, %u: %zu files, not %zu", what, n, is, should);
}

/* A run that was only about to tidy up has ended. */
void assert_run_goes_on(const test_run *r, const char *what, unsigned n) {
  test_run again = *r;
  again.continue_run = true;
  bool ended = run_has_ended(r), good = run_go(&again);
  cr_assert(good || (ended && strstr(batch_last_error()->message, "exists")), "%s, %u: %s", what, n,
            batch_last_error()->message);
  assert_as_reference(r, what, n);
}
