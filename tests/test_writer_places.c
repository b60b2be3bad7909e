/* Whose names a run owns, what it refuses before it begins, and what it may replace. */
#include <dirent.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/dataset_check.h"
#include "support/files.h"

TestSuite(writer_places, .init = files_begin, .fini = files_end);

static batch_writer_options options_for(batch_format format, uint64_t shard_tokens, bool overwrite) {
  return (batch_writer_options){.size = sizeof(batch_writer_options),
                                .format = format,
                                .shard_tokens = shard_tokens,
                                .overwrite = overwrite};
}

static bool write_ids(BatchWriter *writer, uint32_t first, uint32_t documents) {
  for (uint32_t i = 0; i < documents; i++)
    if (!batch_writer_append(writer, &(int32_t){(int32_t)(first + i)}, 1) ||
        !batch_writer_end_document(writer))
      return false;
  return batch_writer_finish(writer);
}

/* Documents of one id each. */
static void write_run(const char *path, batch_format format, uint64_t shard_tokens, uint32_t first,
                      uint32_t documents) {
  batch_writer_options options = options_for(format, shard_tokens, true);
  BatchWriter *writer = batch_writer_create(path, &options);
  cr_assert(writer && write_ids(writer, first, documents), "%s", batch_last_error()->message);
  batch_writer_free(writer);
}

static bool is_there(const char *name) {
  struct stat status;
  return lstat(path_of(name), &status) == 0;
}

static void assert_ids(const char *path, uint32_t first, uint32_t count) {
  int32_t expected[32];
  for (uint32_t i = 0; i < count; i++) expected[i] = (int32_t)(first + i);
  BatchDataset *dataset = open_dataset(path, NULL);
  assert_tokens(dataset, expected, count);
  batch_dataset_free(dataset);
}

Test(writer_places, a_shorter_run_over_a_longer_one_leaves_no_shard_of_it) {
  write_run(path_of("t.bin"), BATCH_FORMAT_MEGATRON, 1, 1, 9);
  cr_assert_eq(files_count(), 18);
  write_run(path_of("t.bin"), BATCH_FORMAT_MEGATRON, 2, 20, 4);
  cr_assert_eq(files_count(), 4);
  assert_ids(path_of(""), 20, 4);
}

Test(writer_places, one_file_over_shards_and_shards_over_one_file) {
  write_run(path_of("t.bin"), BATCH_FORMAT_HEADERLESS, 1, 1, 3);
  write_run(path_of("t.bin"), BATCH_FORMAT_HEADERLESS, 0, 10, 4);
  cr_assert_eq(files_count(), 1);
  assert_ids(path_of(""), 10, 4);
  write_run(path_of("t.bin"), BATCH_FORMAT_HEADERLESS, 2, 20, 4);
  cr_assert_eq(files_count(), 2);
  assert_ids(path_of(""), 20, 4);
}

Test(writer_places, companions_of_another_format_go) {
  static const batch_format formats[] = {BATCH_FORMAT_MEGATRON, BATCH_FORMAT_HEADERLESS,
                                         BATCH_FORMAT_LLMC_GPT2, BATCH_FORMAT_LLMC_LLAMA3};
  for (int i = 0; i < 4; i++)
    for (int k = 0; k < 4; k++) {
      write_run(path_of("t.bin"), formats[i], 0, 1, 6);
      write_run(path_of("t.bin"), formats[k], 0, 50, 5);
      cr_assert_eq(files_count(), formats[k] == BATCH_FORMAT_MEGATRON ? 2 : 1);
      assert_ids(path_of(""), 50, 5);
    }
  write_text("t.ds.loss", "of other tokens");
  write_run(path_of("t.ds"), BATCH_FORMAT_DATATROVE, 0, 1, 2);
  cr_assert_not(is_there("t.ds.loss"));
}

static const char *const strangers[] = {"t_notes.bin",   "t_00001.bin",    "t_0000001.bin", "t_000001.ds",
                                        "t_000001x.bin", "t_000001.bin.x", "u.idx",         "t.txt",
                                        "tt.bin",        "t_000001"};
enum { STRANGERS = sizeof strangers / sizeof *strangers };

Test(writer_places, names_that_only_look_alike_are_left_alone) {
  for (int i = 0; i < STRANGERS; i++) write_text(strangers[i], "precious");
  batch_writer_options options = options_for(BATCH_FORMAT_HEADERLESS, 1, false);
  BatchWriter *writer = batch_writer_create(path_of("t.bin"), &options);
  cr_assert_not_null(writer, "%s", batch_last_error()->message);
  batch_writer_free(writer);
  write_run(path_of("t.bin"), BATCH_FORMAT_HEADERLESS, 1, 1, 3);
  write_run(path_of("t.bin"), BATCH_FORMAT_MEGATRON, 0, 1, 3);
  cr_assert_eq(files_count(), STRANGERS + 2);
  for (int i = 0; i < STRANGERS; i++) cr_assert(is_there(strangers[i]), "%s", strangers[i]);
}

static const char *const owned[] = {"t.bin",         "t.idx",        "t.bin.metadata",
                                    "t.bin.index",   "t_000001.bin", "t_000007.bin",
                                    "t_1000000.bin", "t_000003.idx", "t_000002.bin.metadata"};

Test(writer_places, an_owned_name_that_is_taken_is_refused_before_the_work) {
  static const batch_format formats[] = {BATCH_FORMAT_HEADERLESS, BATCH_FORMAT_MEGATRON};
  const char *output = path_of("t.bin");
  for (size_t i = 0; i < sizeof owned / sizeof *owned; i++) {
    const char *path = write_text(owned[i], "precious");
    for (int k = 0; k < 4; k++) {
      batch_writer_options options = options_for(formats[k % 2], k / 2, false);
      assert_refused(!batch_writer_create(output, &options), BATCH_ERROR_IO, path, "exists");
      cr_assert_eq(files_count(), 1, "%s: something was left", owned[i]);
    }
    unlink(path);
  }
}

Test(writer_places, a_companion_that_appears_meanwhile_is_kept_and_refuses) {
  batch_writer_options options = options_for(BATCH_FORMAT_HEADERLESS, 0, false);
  BatchWriter *writer = batch_writer_create(path_of("t.bin"), &options);
  const char *path = write_text("t.idx", "precious");
  assert_refused(!write_ids(writer, 1, 3), BATCH_ERROR_IO, path, "exists");
  batch_writer_free(writer);
  cr_assert_eq(files_count(), 1);
}

Test(writer_places, what_is_replaced_stays_until_the_end) {
  write_run(path_of("t.bin"), BATCH_FORMAT_MEGATRON, 2, 1, 6);
  batch_writer_options options = options_for(BATCH_FORMAT_MEGATRON, 1, true);
  for (int ends = 0; ends < 2; ends++) {
    BatchWriter *writer = batch_writer_create(path_of("t.bin"), &options);
    for (int32_t id = 0; id < 4; id++)
      cr_assert(batch_writer_append(writer, &id, 1) && batch_writer_end_document(writer));
    assert_ids(path_of(""), 1, 6);
    cr_assert_eq(batch_writer_files(writer), 0, "they do not have their names");
    if (ends) cr_assert_not(batch_writer_append(writer, &(int32_t){70000}, 1));
    batch_writer_free(writer);
    cr_assert_eq(files_count(), 6, "something was left");
    assert_ids(path_of(""), 1, 6);
  }
}

Test(writer_places, what_is_no_file_is_refused) {
  batch_writer_options options = options_for(BATCH_FORMAT_HEADERLESS, 0, true);
  cr_assert_eq(mkdir(path_of("d.bin"), 0777), 0);
  cr_assert_eq(mkfifo(path_of("f.bin"), 0666), 0);
  cr_assert_eq(mkdir(path_of("t.idx"), 0777), 0);
  cr_assert_eq(symlink("nowhere.bin", path_of("l.bin")), 0);
  assert_refused(!batch_writer_create(path_of("d.bin"), &options), BATCH_ERROR_IO, path_of("d.bin"),
                 "directory");
  assert_refused(!batch_writer_create(path_of("f.bin"), &options), BATCH_ERROR_IO, path_of("f.bin"), "pipe");
  assert_refused(!batch_writer_create(path_of("t.bin"), &options), BATCH_ERROR_IO, path_of("t.idx"),
                 "directory");
  assert_refused(!batch_writer_create(path_of("l.bin"), &options), BATCH_ERROR_IO, path_of("l.bin"), "link");
  assert_refused(!batch_writer_create("/dev/full", &options), BATCH_ERROR_IO, "/dev/full", "device");
  assert_refused(!batch_writer_create("/dev/null", &options), BATCH_ERROR_IO, "/dev/null", "device");
  assert_refused(!batch_writer_create(path_of("d.bin/"), &options), BATCH_ERROR_INVALID_ARGUMENT,
                 "directory");
  options.format = BATCH_FORMAT_MEGATRON;
  assert_refused(!batch_writer_create("/dev/full", &options), BATCH_ERROR_IO, "/dev/full", "device");
  cr_assert_eq(files_count(), 4, "something was left");
}

Test(writer_places, a_name_that_is_too_long_for_a_companion_or_a_number_is_refused) {
  char name[300];
  memset(name, 'n', sizeof name);
  strcpy(name + 247, ".bin");
  const char *path = path_of("");
  char full[400];
  snprintf(full, sizeof full, "%s/%s", path, name);
  batch_writer_options options = options_for(BATCH_FORMAT_LLMC_GPT2, 0, false);
  BatchWriter *writer = batch_writer_create(full, &options);
  cr_assert(writer && write_ids(writer, 1, 2), "%s", batch_last_error()->message);
  batch_writer_free(writer);
  cr_assert_eq(unlink(full), 0);
  options.shard_tokens = 1;
  assert_refused(!batch_writer_create(full, &options), BATCH_ERROR_IO, "nnn", "File name too long");
  options.shard_tokens = 0;
  options.format = BATCH_FORMAT_HEADERLESS; /* which tokens make it need a companion is seen in the end */
  assert_refused(!batch_writer_create(full, &options), BATCH_ERROR_IO, "nnn", "File name too long");
  cr_assert_eq(files_count(), 0, "something was left");
}

/* What a user without privileges meets. Returns its exit status. */
static int as_nobody(int (*function)(const char *path), const char *path) {
  int status;
  fflush(NULL);
  pid_t child = fork();
  if (child == 0) _exit(setgid(65534) == 0 && setuid(65534) == 0 ? function(path) : 3);
  cr_assert_eq(waitpid(child, &status, 0), child);
  cr_assert(WIFEXITED(status));
  return WEXITSTATUS(status);
}

static int is_refused(const char *path) {
  batch_writer_options options = options_for(BATCH_FORMAT_LLMC_GPT2, 0, true);
  BatchWriter *writer = batch_writer_create(path, &options);
  const char *said = batch_last_error()->message;
  return writer ? 1 : strstr(said, path) && (strstr(said, "not permitted") || strstr(said, "denied")) ? 0 : 2;
}

Test(writer_places, a_directory_that_cannot_be_written_is_refused) {
  if (getuid() != 0) cr_skip_test("needs root, to become somebody else");
  cr_assert_eq(chmod(path_of(""), 0755), 0);
  cr_assert_eq(as_nobody(is_refused, path_of("t.bin")), 0);
}

Test(writer_places, a_file_of_somebody_else_in_a_sticky_directory_is_refused) {
  if (getuid() != 0) cr_skip_test("needs root, to become somebody else");
  cr_assert_eq(chmod(path_of(""), 01777), 0);
  const char *path = write_text("t.bin", "precious");
  cr_assert_eq(as_nobody(is_refused, path), 0);
  cr_assert_eq(files_count(), 1, "something was left");
}

Test(writer_places, a_link_stays_and_its_file_is_replaced) {
  cr_assert_eq(mkdir(path_of("far"), 0777), 0);
  write_text("far/real.bin", "old");
  cr_assert_eq(symlink("far/real.bin", path_of("t.bin")), 0);
  write_run(path_of("t.bin"), BATCH_FORMAT_HEADERLESS, 0, 1, 5);
  struct stat status;
  cr_assert(lstat(path_of("t.bin"), &status) == 0 && S_ISLNK(status.st_mode));
  assert_ids(path_of("t.bin"), 1, 5);
  assert_ids(path_of("far/real.bin"), 1, 5);
  cr_assert_eq(files_count(), 2);
}

Test(writer_places, a_link_is_refused_where_companions_would_stand_beside_it) {
  write_text("real.bin", "old");
  write_text("real.txt", "old");
  cr_assert_eq(symlink("real.bin", path_of("t.bin")), 0);
  cr_assert_eq(symlink("real.txt", path_of("u.bin")), 0);
  batch_writer_options options = options_for(BATCH_FORMAT_MEGATRON, 0, true);
  assert_refused(!batch_writer_create(path_of("t.bin"), &options), BATCH_ERROR_INVALID_ARGUMENT, "t.bin",
                 "link");
  options.format = BATCH_FORMAT_HEADERLESS;
  assert_refused(!batch_writer_create(path_of("u.bin"), &options), BATCH_ERROR_INVALID_ARGUMENT, "real.txt",
                 "text");
  options.vocab_size = 100000;
  assert_refused(!batch_writer_create(path_of("t.bin"), &options), BATCH_ERROR_INVALID_ARGUMENT, "t.bin",
                 "link");
  options.vocab_size = 0;
  options.shard_tokens = 10;
  assert_refused(!batch_writer_create(path_of("t.bin"), &options), BATCH_ERROR_INVALID_ARGUMENT, "t.bin",
                 "link");
  options.shard_tokens = 0;
  write_text("t.idx", "would be read with it");
  assert_refused(!batch_writer_create(path_of("t.bin"), &options), BATCH_ERROR_IO, "t.idx");
  cr_assert_eq(files_count(), 5, "something was left");
}

static mode_t mode_of(const char *name) {
  struct stat status;
  cr_assert_eq(stat(path_of(name), &status), 0);
  return status.st_mode & 07777;
}

Test(writer_places, a_file_keeps_the_mode_of_the_one_that_it_replaces) {
  umask(027);
  write_run(path_of("t.bin"), BATCH_FORMAT_MEGATRON, 0, 1, 5);
  cr_assert_eq(mode_of("t.bin"), 0640);
  cr_assert_eq(mode_of("t.idx"), 0640);
  cr_assert_eq(chmod(path_of("t.bin"), 0600), 0);
  cr_assert_eq(chmod(path_of("t.idx"), 0664), 0);
  write_run(path_of("t.bin"), BATCH_FORMAT_MEGATRON, 0, 1, 5);
  cr_assert_eq(mode_of("t.bin"), 0600);
  cr_assert_eq(mode_of("t.idx"), 0664);
}

Test(writer_places, what_replaces_a_private_file_is_private_from_the_start) {
  batch_writer_options options = options_for(BATCH_FORMAT_LLMC_GPT2, 0, true);
  const char *path = write_text("t.bin", "private");
  cr_assert_eq(chmod(path, 0600), 0);
  BatchWriter *writer = batch_writer_create(path, &options);
  cr_assert_eq(mode_of(".t.bin.headrace/new/t.bin"), 0600);
  batch_writer_free(writer);
}

Test(writer_places, a_file_that_root_replaces_stays_its_owners) {
  if (getuid() != 0) cr_skip_test("needs root");
  struct stat status;
  const char *path = write_text("t.bin", "somebody's");
  cr_assert_eq(chown(path, 65534, 65534), 0);
  write_run(path, BATCH_FORMAT_LLMC_GPT2, 0, 1, 5);
  cr_assert(stat(path, &status) == 0 && status.st_uid == 65534 && status.st_gid == 65534);
}

Test(writer_places, a_second_run_is_refused_while_the_first_lives) {
  batch_writer_options options = options_for(BATCH_FORMAT_MEGATRON, 0, true);
  BatchWriter *first = batch_writer_create(path_of("t.bin"), &options);
  assert_refused(!batch_writer_create(path_of("t.idx"), &options), BATCH_ERROR_IO, path_of("t.bin"),
                 "another run");
  BatchWriter *other = batch_writer_create(path_of("u.bin"), &options);
  cr_assert_not_null(other, "%s", batch_last_error()->message);
  batch_writer_free(other);
  cr_assert(write_ids(first, 1, 4));
  batch_writer_free(first);
  write_run(path_of("t.bin"), BATCH_FORMAT_MEGATRON, 0, 7, 4);
  assert_ids(path_of("t.bin"), 7, 4);
  cr_assert_eq(files_count(), 2);
}

Test(writer_places, a_forked_child_cannot_touch_the_run) {
  int status;
  batch_writer_options options = options_for(BATCH_FORMAT_MEGATRON, 0, true);
  BatchWriter *writer = batch_writer_create(path_of("t.bin"), &options);
  cr_assert(batch_writer_append(writer, &(int32_t){1}, 1));
  pid_t child = fork();
  if (child == 0) {
    bool refused = !batch_writer_append(writer, &(int32_t){9}, 1) && !batch_writer_end_document(writer) &&
                   !batch_writer_finish(writer);
    bool said = strstr(batch_last_error()->message, "forked");
    batch_writer_free(writer);
    _exit(refused && said ? 0 : 1);
  }
  cr_assert_eq(waitpid(child, &status, 0), child);
  cr_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0);
  assert_refused(!batch_writer_create(path_of("t.bin"), &options), BATCH_ERROR_IO, "another run");
  cr_assert(write_ids(writer, 2, 3), "%s", batch_last_error()->message);
  batch_writer_free(writer);
  assert_ids(path_of("t.bin"), 1, 4);
}

/* A child that was forked meanwhile holds the lock's descriptor, but not the lock. */
Test(writer_places, a_run_ends_although_a_child_lives_on) {
  int ends[2], status;
  batch_writer_options options = options_for(BATCH_FORMAT_LLMC_GPT2, 0, true);
  BatchWriter *first = batch_writer_create(path_of("t.bin"), &options);
  cr_assert_eq(pipe(ends), 0);
  pid_t child = fork();
  if (child == 0) {
    char byte;
    close(ends[1]);
    _exit(read(ends[0], &byte, 1) == 0 ? 0 : 1);
  }
  cr_assert(write_ids(first, 1, 4));
  batch_writer_free(first);
  write_run(path_of("t.bin"), BATCH_FORMAT_LLMC_GPT2, 0, 7, 4);
  close(ends[1]);
  cr_assert_eq(waitpid(child, &status, 0), child);
  assert_ids(path_of("t.bin"), 7, 4);
}

Test(writer_places, a_killed_run_blocks_nobody_and_its_files_go) {
  int status;
  batch_writer_options options = options_for(BATCH_FORMAT_DATATROVE, 2, false);
  pid_t child = fork();
  if (child == 0) {
    BatchWriter *writer = batch_writer_create(path_of("t.ds"), &options);
    for (int32_t id = 0; id < 3; id++)
      if (!batch_writer_append(writer, &id, 1) || !batch_writer_end_document(writer)) _exit(1);
    raise(SIGKILL);
  }
  cr_assert_eq(waitpid(child, &status, 0), child);
  cr_assert(WIFSIGNALED(status));
  cr_assert_eq(files_count(), 4, "a shard of three files, and the hidden directory");
  assert_refused(!batch_writer_create(path_of("t.ds"), &options), BATCH_ERROR_IO, "t_000001.ds", "exists");
  cr_assert_eq(files_count(), 3, "something was left");
  write_run(path_of("t.ds"), BATCH_FORMAT_DATATROVE, 0, 5, 3);
  cr_assert_eq(files_count(), 3);
  assert_ids(path_of("t.ds"), 5, 3);
}

/* How many runs of the test below are at work at once, and what they met. */
typedef struct meeting {
  atomic_int inside, most, runs, strange;
} meeting;

static void come_and_go(const char *path, meeting *m) {
  batch_writer_options options = options_for(BATCH_FORMAT_LLMC_GPT2, 0, true);
  for (int i = 0; i < 300; i++) {
    BatchWriter *writer = batch_writer_create(path, &options);
    if (!writer && !strstr(batch_last_error()->message, "another run")) m->strange++;
    if (!writer) continue;
    if (++m->inside > 1) m->most = 2;
    m->runs++;
    m->inside--;
    batch_writer_free(writer);
  }
}

/* The lock goes with the directory that it is in: who takes hold of it while it goes begins again. */
Test(writer_places, runs_that_come_and_go_are_never_two) {
  enum { PROCESSES = 4 };
  const char *path = path_of("t.bin");
  meeting *m = mmap(NULL, sizeof *m, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  cr_assert_neq(m, MAP_FAILED);
  for (int i = 0; i < PROCESSES; i++)
    if (fork() == 0) {
      come_and_go(path, m);
      _exit(0);
    }
  while (wait(NULL) > 0) continue;
  printf("%d runs\n", m->runs);
  cr_assert_gt(m->runs, 0);
  cr_assert_eq(m->most, 0, "two at once");
  cr_assert_eq(m->strange, 0, "%d refused for another reason", m->strange);
  cr_assert_eq(files_count(), 0, "something was left");
  munmap(m, sizeof *m);
}

Test(writer_places, an_input_that_would_be_replaced_is_refused) {
  batch_writer_options options = options_for(BATCH_FORMAT_HEADERLESS, 5, true);
  batch_dataset_options text = BATCH_DATASET_OPTIONS_INIT;
  text.format = BATCH_FORMAT_TEXT;
  write_text("t_000004.bin", "precious");
  write_text("u_000004.bin", "a text");
  cr_assert_eq(symlink("t_000004.bin", path_of("a.txt")), 0);
  const char *inputs[] = {path_of("t_000004.bin"), path_of("a.txt"), path_of("u_000004.bin")};
  for (int i = 0; i < 3; i++) {
    BatchWriter *writer = batch_writer_create(path_of("t.bin"), &options);
    batch_status status = batch_tokenize_files(&inputs[i], 1, &text, writer, NULL, NULL);
    if (i < 2)
      assert_error(BATCH_ERROR_INVALID_ARGUMENT, inputs[i], "t.bin", "replaced");
    else
      cr_assert_eq(status, BATCH_OK, "%s", batch_last_error()->message);
    batch_writer_free(writer);
  }
  cr_assert_eq(files_count(), 3);
}

Test(writer_places, files_without_tokens_are_read_beside_others) {
  static const batch_format formats[] = {BATCH_FORMAT_HEADERLESS, BATCH_FORMAT_LLMC_GPT2,
                                         BATCH_FORMAT_LLMC_LLAMA3, BATCH_FORMAT_MEGATRON,
                                         BATCH_FORMAT_DATATROVE};
  for (int i = 0; i < 5; i++) {
    const char *suffix = formats[i] == BATCH_FORMAT_DATATROVE ? "ds" : "bin";
    char empty[32], full[32];
    snprintf(empty, sizeof empty, "e%d.%s", i, suffix);
    snprintf(full, sizeof full, "f%d.%s", i, suffix);
    write_run(path_of(empty), formats[i], 0, 0, 0);
    write_run(path_of(full), formats[i], 0, 3, 4);
    const char *paths[] = {path_of(empty), path_of(full)};
    assert_not_opened(paths[0], NULL, BATCH_ERROR_FORMAT, paths[0], "no tokens");
    BatchDataset *dataset = batch_dataset_open(paths, 2, NULL);
    cr_assert_not_null(dataset, "%s", batch_last_error()->message);
    assert_tokens(dataset, (int32_t[]){3, 4, 5, 6}, 4);
    batch_dataset_free(dataset);
  }
}
