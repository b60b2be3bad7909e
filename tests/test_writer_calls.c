/* Whatever call of the writer fails, at whatever point, or is the last one of its process: what is read
   afterwards is what was there or what was written, whole, and a failure is reported. */
#include "support/failing_calls.h"

#include <dirent.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "support/dataset_check.h"
#include "support/watchdog.h"

/* A directory, in memory where there is one, and in it another and the file that is written. */
static char root[64] = "/dev/shm/headrace-test-XXXXXX", data_path[80], output_path[96];
static const char *const data = data_path, *const output = output_path;

static void begin_test(void) {
  watchdog_on();
  if (!mkdtemp(root)) strcpy(root, "/tmp/headrace-test-XXXXXX");
  cr_assert(access(root, W_OK) == 0 || mkdtemp(root));
  snprintf(data_path, sizeof data_path, "%s/data", root);
  snprintf(output_path, sizeof output_path, "%s/t.bin", data);
}

static int remove_entry(const char *path, const struct stat *status, int type, struct FTW *ftw) {
  (void)status, (void)type, (void)ftw;
  return remove(path);
}

static void end_test(void) {
  nftw(root, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}

TestSuite(writer_calls, .init = begin_test, .fini = end_test);

enum { DOCUMENTS = 4, LONGEST = 8, MOST_IDS = DOCUMENTS * LONGEST };

/* A run of the writer: documents of `length` ids that begin with `first`. */
typedef struct run {
  batch_format format;
  uint64_t shard_tokens;
  uint32_t vocab_size, first, length;
} run;

/* What is there before, if anything, and the run that replaces it or comes beside nothing. */
typedef struct scene {
  const char *name;
  run before, run;
  bool overwrite;
} scene;

#define EMPTY                                                                                                \
  { BATCH_FORMAT_AUTO, 0, 0, 0, 0 }
static const scene scenes[] = {
    {"one file, new", EMPTY, {BATCH_FORMAT_LLMC_GPT2, 0, 0, 200, 5}, false},
    {"one file over one",
     {BATCH_FORMAT_LLMC_GPT2, 0, 0, 100, 3},
     {BATCH_FORMAT_HEADERLESS, 0, 0, 200, 5},
     true},
    {"a pair, new", EMPTY, {BATCH_FORMAT_MEGATRON, 0, 0, 200, 5}, false},
    {"a pair over a pair",
     {BATCH_FORMAT_MEGATRON, 0, 0, 100, 5},
     {BATCH_FORMAT_MEGATRON, 0, 0, 200, 5},
     true},
    {"one file over a pair",
     {BATCH_FORMAT_MEGATRON, 0, 0, 100, 5},
     {BATCH_FORMAT_HEADERLESS, 0, 0, 200, 5},
     true},
    {"shards, new", EMPTY, {BATCH_FORMAT_MEGATRON, 6, 0, 200, 5}, false},
    {"shards over more shards",
     {BATCH_FORMAT_MEGATRON, 3, 0, 100, 3},
     {BATCH_FORMAT_MEGATRON, 9, 0, 200, 5},
     true},
    {"shards without companions over more shards",
     {BATCH_FORMAT_HEADERLESS, 3, 0, 100, 3},
     {BATCH_FORMAT_HEADERLESS, 9, 0, 200, 5},
     true},
    {"shards over a file",
     {BATCH_FORMAT_LLMC_GPT2, 0, 0, 100, 3},
     {BATCH_FORMAT_LLMC_GPT2, 9, 0, 200, 5},
     true},
};
enum { SCENES = sizeof scenes / sizeof *scenes };

static void ids_of(const run *r, uint32_t document, int32_t *ids) {
  for (uint32_t i = 0; i < r->length; i++) ids[i] = r->first + document * r->length + i;
}

static BatchWriter *begin(const run *r, bool overwrite) {
  batch_writer_options options = {.size = sizeof(batch_writer_options),
                                  .format = r->format,
                                  .vocab_size = r->vocab_size,
                                  .shard_tokens = r->shard_tokens,
                                  .overwrite = overwrite};
  return batch_writer_create(output, &options);
}

static bool write_documents(BatchWriter *writer, const run *r) {
  int32_t ids[LONGEST];
  for (uint32_t d = 0; d < DOCUMENTS; d++) {
    ids_of(r, d, ids);
    if (!batch_writer_append(writer, ids, r->length) || !batch_writer_end_document(writer)) return false;
  }
  return batch_writer_finish(writer);
}

static bool write_run(const run *r, bool overwrite) {
  BatchWriter *writer = begin(r, overwrite);
  bool good = writer && write_documents(writer, r);
  batch_writer_free(writer);
  return good;
}

/* Files and directories in data/, hidden ones or those that are seen. */
static unsigned entries(bool hidden) {
  unsigned count = 0;
  DIR *directory = opendir(data);
  for (struct dirent *entry; (entry = readdir(directory));)
    count += strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0 &&
             (entry->d_name[0] == '.') == hidden;
  closedir(directory);
  return count;
}

/* What data/ is read as. */
typedef enum state { NOTHING, BEFORE, AFTER, PART_OF_AFTER, REFUSED, MIXED } state;
static const char *const state_names[] = {
    "nothing", "what was there", "what was written", "whole shards of it", "an error", "a mixture"};

static size_t matches(const run *r, const int32_t *ids, size_t count) {
  size_t same = 0;
  for (uint32_t id = r->first; same < count && ids[same] == (int32_t)(id + same); same++) continue;
  return same == count ? count : 0;
}

/* The documents that a run's files have; those of other formats have none. */
static uint64_t documents_of(const run *r, size_t count) {
  return r->format == BATCH_FORMAT_MEGATRON ? count / r->length : 0;
}

static state state_of(const scene *s, const int32_t *ids, size_t count, uint64_t documents) {
  size_t was = s->before.length * DOCUMENTS, is = s->run.length * DOCUMENTS;
  if (was && count == was && matches(&s->before, ids, count))
    return documents == documents_of(&s->before, count) ? BEFORE : MIXED;
  if (!matches(&s->run, ids, count) || documents != documents_of(&s->run, count)) return MIXED;
  if (count == is) return AFTER;
  return count < is && count % s->run.length == 0 && s->run.shard_tokens ? PART_OF_AFTER : MIXED;
}

static state find_state(const scene *s) {
  int32_t ids[MOST_IDS];
  if (entries(false) == 0) return NOTHING;
  BatchDataset *dataset = batch_dataset_open(&data, 1, NULL);
  if (!dataset) return REFUSED;
  uint64_t count = batch_dataset_tokens(dataset), documents = batch_dataset_documents(dataset);
  bool read = count <= MOST_IDS && batch_dataset_read(dataset, 0, (size_t)count, ids);
  batch_dataset_free(dataset);
  return read ? state_of(s, ids, (size_t)count, documents) : MIXED;
}

static void set_scene(const scene *s) {
  nftw(data, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
  cr_assert_eq(mkdir(data, 0777), 0);
  if (s->before.length) cr_assert(write_run(&s->before, false), "%s", batch_last_error()->message);
}

static bool is_settled(const scene *s, state found) {
  if (found == AFTER || found == (s->before.length ? BEFORE : NOTHING)) return true;
  return found == PART_OF_AFTER && !s->overwrite;
}

/* The next run with the output ends what the one before began, and leaves nothing hidden. */
static void assert_recovers(const scene *s, const char *call, unsigned n) {
  static const run any = {BATCH_FORMAT_LLMC_GPT2, 0, 0, 300, 4};
  BatchWriter *writer = begin(&any, true);
  cr_assert_not_null(writer, "%s, call %u (%s): %s", s->name, n, call, batch_last_error()->message);
  batch_writer_free(writer);
  cr_assert_eq(entries(true), 0, "%s, call %u (%s): hidden files are left", s->name, n, call);
  state found = find_state(s);
  cr_assert(is_settled(s, found), "%s, call %u (%s): after the next run there is %s", s->name, n, call,
            state_names[found]);
}

/* Makes call n of a scene fail. Returns false when there were fewer. */
static bool fail_at(const scene *s, calls_fault fault, unsigned n) {
  char said[1024];
  set_scene(s);
  check_forget_error();
  calls_go_wrong(fault, n);
  bool good = write_run(&s->run, s->overwrite), reached = calls_end();
  const char *call = calls_wrong();
  snprintf(said, sizeof said, "%s", good ? "" : batch_last_error()->message);
  state found = find_state(s);
  if (good) {
    cr_assert_eq(found, AFTER, "%s, call %u (%s): success, but there is %s", s->name, n, call,
                 state_names[found]);
  } else if (strstr(said, "is whole and in its place")) {
    cr_assert(found == AFTER || (found == PART_OF_AFTER && !s->overwrite),
              "%s, call %u (%s): \"%s\", but there is %s", s->name, n, call, said, state_names[found]);
  } else if (fault == CALLS_FAIL) {
    cr_assert(is_settled(s, found) && found != AFTER, "%s, call %u (%s): \"%s\", and there is %s", s->name, n,
              call, said, state_names[found]);
  } else {
    cr_assert(found != MIXED, "%s, call %u (%s): \"%s\", and there is a mixture", s->name, n, call, said);
  }
  bool named =
      strstr(said, output) || strstr(said, "/t_00000") || strstr(said, "/t.idx") || strstr(said, "memory");
  cr_assert(good || (named && !strstr(said, "Success")), "%s, call %u (%s): \"%s\"", s->name, n, call, said);
  /* Without an answer, whether another run is at work or something of a killed one is there, all of it
     stays. */
  bool unknown = strcmp(call, "flock") == 0 || strcmp(call, "fstatat") == 0;
  if (fault == CALLS_FAIL && !good && !unknown && !strstr(said, "is whole and in its place"))
    cr_assert_eq(entries(true), 0, "%s, call %u (%s): \"%s\", and hidden files are left", s->name, n, call,
                 said);
  assert_recovers(s, call, n);
  return reached;
}

static unsigned fail_everywhere(const scene *s, calls_fault fault) {
  unsigned n = 1;
  while (fail_at(s, fault, n)) n++;
  cr_assert_gt(n, 40, "%s: %u calls", s->name, n);
  return n - 1;
}

Test(writer_calls, whichever_call_fails_the_old_or_the_new_is_there) {
  for (size_t i = 0; i < SCENES; i++)
    printf("%s: %u failures\n", scenes[i].name, fail_everywhere(&scenes[i], CALLS_FAIL));
}

/* Then what was moved cannot be moved back: but nothing is lost, nothing is mixed, and the next run mends
   it. */
Test(writer_calls, when_all_calls_fail_from_one_on_nothing_is_lost) {
  for (size_t i = 0; i < SCENES; i++)
    printf("%s: %u failures\n", scenes[i].name, fail_everywhere(&scenes[i], CALLS_FAIL_ON));
}

static bool write_scene(const void *of) {
  const scene *s = of;
  return write_run(&s->run, s->overwrite);
}

static bool die_at(const scene *s, unsigned n) {
  set_scene(s);
  int ending = calls_kill_child(n, write_scene, s);
  cr_assert(ending == CALLS_KILLED || ending == 0, "%s, killed before call %u: %d", s->name, n, ending);
  state found = find_state(s);
  cr_assert(found != MIXED, "%s, killed before call %u: there is a mixture", s->name, n);
  cr_assert(is_settled(s, found) || s->overwrite || s->run.format == BATCH_FORMAT_MEGATRON,
            "%s, killed before call %u: there is %s", s->name, n, state_names[found]);
  assert_recovers(s, "killed", n);
  return ending == CALLS_KILLED;
}

Test(writer_calls, wherever_the_process_dies_the_next_run_finds_the_old_or_the_new) {
  for (size_t i = 0; i < SCENES; i++) {
    unsigned n = 1;
    while (die_at(&scenes[i], n)) n += CHECK_ONE_IN;
    cr_assert_gt(n, 40);
    printf("%s: before its end at call %u\n", scenes[i].name, n);
  }
}

static void assert_unharmed(calls_fault fault, const char *call) {
  for (size_t i = 0; i < SCENES; i++) {
    set_scene(&scenes[i]);
    calls_go_wrong(fault, 1);
    bool good = write_run(&scenes[i].run, scenes[i].overwrite), reached = calls_end();
    cr_assert(good, "%s: %s", scenes[i].name, batch_last_error()->message);
    cr_assert_eq(find_state(&scenes[i]), AFTER, "%s", scenes[i].name);
    cr_assert(reached || !call, "%s: no %s", scenes[i].name, call);
    cr_assert_eq(entries(true), 0);
  }
}

Test(writer_calls, short_writes_go_on) {
  assert_unharmed(CALLS_SHORT, "write");
}

Test(writer_calls, interrupted_calls_are_called_again) {
  assert_unharmed(CALLS_INTERRUPT, "write");
}

Test(writer_calls, a_kernel_without_renameat2_does) {
  assert_unharmed(CALLS_NO_RENAME_NEW, NULL);
}
