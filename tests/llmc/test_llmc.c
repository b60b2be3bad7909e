/* examples/llmc_dataloader.h beside what llm.c's own loader gives, and where it is to be otherwise. */
#include <headrace/loader.h>

static batch_loader_options *asked; /* what a program's statement sets */
static void set_options(batch_loader_options *options) {
  if (!asked) return;
  options->id_type = asked->id_type;
  options->as_they_come = asked->as_they_come;
  options->seed = asked->seed;
}
#define LLMC_DATALOADER_OPTIONS(options) set_options(options)

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wmissing-prototypes" /* what is beside has none, as in llm.c */
#include "llmc_dataloader.h"
#pragma GCC diagnostic pop

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "llmc/dataloader.h"
#include "support/check.h"
#include "support/files.h"

TestSuite(llmc, .init = files_begin, .fini = files_end);

enum { MOST_IDS = 70000 };

/* A shard of `count` tokens first, first + 1 ...: of GPT-2 where they fit, else of Llama 3. */
static const char *write_shard(const char *name, uint32_t first, uint32_t count) {
  bool wide = first + count > UINT16_MAX;
  bytes b = {0};
  put_u32(&b, wide ? 20240801 : 20240520);
  put_u32(&b, wide ? 7 : 1);
  put_u32(&b, count);
  put_zeros(&b, HEADER_SIZE * sizeof(int) - b.used);
  for (uint32_t i = 0; i < count; i++)
    if (wide)
      put_u32(&b, first + i);
    else
      put_u16(&b, (uint16_t)(first + i));
  return write_bytes(name, &b);
}

static void assert_ids(const int *ids, size_t count, int first, const char *what) {
  for (size_t i = 0; i < count; i++)
    cr_assert_eq(ids[i], first + (int)i, "%s %zu is %d, not %d", what, i, ids[i], first + (int)i);
}

/* llm.c's order of one shard of the tokens 0, 1, 2 ...: sample after sample of all processes, as many as are whole, again
   and again. */
static int first_of(size_t batch, size_t tokens, const DataLoader *l) {
  size_t sample = (size_t)l->num_processes * l->B * l->T, samples = (tokens - 1) / sample;
  return (int)(batch % samples * sample + (size_t)l->process_rank * l->B * l->T);
}

static void assert_as_llmc(size_t tokens, size_t B, size_t T, int processes) {
  const char *shard = write_shard("shard.bin", 0, (uint32_t)tokens);
  for (int rank = 0; rank < processes; rank++) {
    DataLoader loader;
    dataloader_init(&loader, shard, B, T, rank, processes, 0);
    cr_assert_eq(loader.num_tokens, tokens);
    for (size_t i = 0; i < 60; i++) {
      dataloader_next_batch(&loader);
      assert_ids(loader.inputs, B * T, first_of(i, tokens, &loader), "input");
      assert_ids(loader.targets, B * T, first_of(i, tokens, &loader) + 1, "target");
    }
    dataloader_free(&loader);
  }
}

Test(llmc, one_shard_gives_the_batches_that_its_own_loader_gives) {
  assert_as_llmc(5000, 4, 16, 1);
  assert_as_llmc(5000, 4, 16, 3);
  assert_as_llmc(2 * 3 * 4 * 16 + 1, 4, 16, 3); /* just whole samples */
  assert_as_llmc(2 * 3 * 4 * 16, 4, 16, 3);     /* a token less */
  assert_as_llmc(33, 4, 8, 1);                  /* one batch */
  assert_as_llmc(MOST_IDS, 2, 100, 2);          /* ids beyond 16 bits */
}

/* Its own dataloader.h is there, and its names lead to ours. */
Test(llmc, what_is_beside_stays) {
  EvalLoader eval = {.num_examples = 3};
  evalloader_reset(&eval);
  cr_assert_eq(eval.num_examples, 0);
  cr_assert_eq(sizeof(mt19937_state), sizeof((DataLoader *)0)->shuffle_rng);
}

Test(llmc, shards_are_one_stream_of_which_only_the_end_is_left_out) {
  write_shard("s_1.bin", 140, 141);
  write_shard("s_0.bin", 0, 140);
  write_shard("s_2.bin", 281, 60);
  DataLoader loader;
  dataloader_init(&loader, path_of("s_?.bin"), 2, 16, 0, 1, 0);
  cr_assert_eq(loader.num_tokens, 341);
  cr_assert_eq(loader.glob_result.gl_pathc, 3);
  cr_assert_str_eq(strrchr(loader.glob_result.gl_pathv[1], '/'), "/s_1.bin");
  for (int i = 0; i < 25; i++) {
    dataloader_next_batch(&loader);
    assert_ids(loader.inputs, 32, i % 10 * 32, "input");
    assert_ids(loader.targets, 32, i % 10 * 32 + 1, "target");
  }
  dataloader_free(&loader);
}

/* Rows of T tokens, as they come: the number of the row that each one is. */
typedef struct rows {
  size_t count;
  int number[4096];
} rows;

enum { T = 8 };

static void note(rows *r, const DataLoader *l) {
  for (size_t row = 0; row < l->B; row++) {
    int first = l->inputs[row * T];
    cr_assert_eq(first % T, 0);
    assert_ids(l->inputs + row * T, T, first, "input");
    assert_ids(l->targets + row * T, T, first + 1, "target");
    r->number[r->count++] = first / T;
  }
}

static void start(DataLoader *loaders, const char *shards, size_t B, int processes, int shuffle) {
  for (int rank = 0; rank < processes; rank++)
    dataloader_init(&loaders[rank], shards, B, T, rank, processes, shuffle);
}

static void step(rows *r, DataLoader *loaders, int processes) {
  for (int rank = 0; rank < processes; rank++) {
    dataloader_next_batch(&loaders[rank]);
    note(r, &loaders[rank]);
    cr_assert_eq(loaders[rank].current_shard_idx, loaders[0].current_shard_idx);
    cr_assert_eq(loaders[rank].current_sample_idx, loaders[0].current_sample_idx);
  }
}

static void stop(DataLoader *loaders, int processes) {
  for (int rank = 0; rank < processes; rank++) dataloader_free(&loaders[rank]);
}

static const char *write_rows(uint32_t number) {
  write_shard("r_0.bin", 0, 100);
  write_shard("r_1.bin", 100, number * T + 1 - 100);
  return path_of("r_*.bin");
}

static bool is_each_once(const int *numbers, size_t count) {
  char seen[4096] = {0};
  for (size_t i = 0; i < count; i++)
    if (numbers[i] < 0 || numbers[i] >= (int)count || seen[numbers[i]]++) return false;
  return true;
}

Test(llmc, shuffled_every_row_of_all_shards_comes_once_an_epoch_in_an_order_of_its_own) {
  enum { ROWS = 120, PROCESSES = 3, B = 4, STEPS = ROWS / (PROCESSES * B) };
  const char *shards = write_rows(ROWS);
  static rows both[2];
  for (int run = 0; run < 2; run++) {
    DataLoader loaders[PROCESSES];
    start(loaders, shards, B, PROCESSES, 1);
    for (int i = 0; i < 3 * STEPS; i++) step(&both[run], loaders, PROCESSES);
    stop(loaders, PROCESSES);
  }
  const int *epochs = both[0].number;
  for (int epoch = 0; epoch < 3; epoch++) cr_assert(is_each_once(epochs + epoch * ROWS, ROWS));
  cr_assert_neq(memcmp(epochs, epochs + ROWS, ROWS * sizeof(int)), 0, "two epochs in one order");
  cr_assert_eq(memcmp(&both[0], &both[1], sizeof both[0]), 0, "two runs in two orders");
}

/* What train_gpt2.cu writes of a loader into its state file, and how it reads it. */
static void save(const DataLoader *l, FILE *file) {
  cr_assert_eq(fwrite(&l->current_shard_idx, sizeof(size_t), 1, file), 1);
  cr_assert_eq(fwrite(&l->current_sample_idx, sizeof(size_t), 1, file), 1);
  cr_assert_eq(fwrite(&l->glob_result.gl_pathc, sizeof(size_t), 1, file), 1);
  cr_assert_eq(fwrite(l->shard_indices, sizeof(int), l->glob_result.gl_pathc, file), l->glob_result.gl_pathc);
  cr_assert_eq(fwrite(&l->shard_num_samples, sizeof(size_t), 1, file), 1);
  cr_assert_eq(fwrite(l->intra_shard_indices, sizeof(int), l->shard_num_samples, file), l->shard_num_samples);
  cr_assert_eq(fwrite(&l->shuffle_rng, sizeof(mt19937_state), 1, file), 1);
}

static void load(DataLoader *l, FILE *file) {
  size_t shard, sample, shards, samples;
  cr_assert_eq(fread(&shard, sizeof(size_t), 1, file), 1);
  cr_assert_eq(fread(&sample, sizeof(size_t), 1, file), 1);
  cr_assert_eq(fread(&shards, sizeof(size_t), 1, file), 1);
  cr_assert_eq(shards, l->glob_result.gl_pathc);
  free(l->shard_indices); /* llm.c does not */
  l->shard_indices = malloc(shards * sizeof(int));
  cr_assert_eq(fread(l->shard_indices, sizeof(int), shards, file), shards);
  cr_assert_eq(fread(&samples, sizeof(size_t), 1, file), 1);
  cr_assert_eq(samples, l->shard_num_samples);
  free(l->intra_shard_indices);
  l->intra_shard_indices = malloc(samples * sizeof(int));
  cr_assert_eq(fread(l->intra_shard_indices, sizeof(int), samples, file), samples);
  cr_assert_eq(fread(&l->shuffle_rng, sizeof(mt19937_state), 1, file), 1);
  dataloader_resume(l, shard, sample);
}

/* The rest of a run of other processes with another B: the rows that come next, in their order. */
static void assert_goes_on(const char *shards, int shuffle, FILE *state, const rows *whole, size_t had,
                           size_t B, int processes) {
  static DataLoader loaders[8];
  static rows rest;
  rest.count = 0;
  start(loaders, shards, B, processes, shuffle);
  for (int rank = 0; rank < processes; rank++) {
    rewind(state);
    load(&loaders[rank], state);
  }
  while (had + rest.count + processes * B <= whole->count) step(&rest, loaders, processes);
  cr_assert_gt(rest.count, 0);
  for (size_t i = 0; i < rest.count; i++)
    cr_assert_eq(rest.number[i], whole->number[had + i], "after %zu rows, %d x %zu: row %zu", had, processes,
                 B, i);
  stop(loaders, processes);
}

/* 2 x 3 rows a step; 240 rows an epoch, of which each of the others takes all too. */
Test(llmc, what_its_trainers_save_goes_on_with_any_number_of_processes_and_any_batch) {
  enum { ROWS = 240, EPOCHS = 2, PROCESSES = 2, B = 3 };
  const char *shards = write_rows(ROWS);
  for (int shuffle = 0; shuffle < 2; shuffle++) {
    static rows whole;
    DataLoader loaders[PROCESSES];
    FILE *states[EPOCHS * ROWS / (PROCESSES * B)];
    size_t saved = 0;
    whole.count = 0;
    start(loaders, shards, B, PROCESSES, shuffle);
    while (whole.count < EPOCHS * ROWS) {
      states[saved] = tmpfile();
      save(&loaders[1], states[saved++]);
      step(&whole, loaders, PROCESSES);
    }
    stop(loaders, PROCESSES);
    for (size_t i = 0; i < saved; i++) {
      size_t had = i * PROCESSES * B;
      if (i % 7 == 0 || had % ROWS < PROCESSES * B) { /* also where an epoch begins and ends */
        assert_goes_on(shards, shuffle, states[i], &whole, had, 6, 1);
        assert_goes_on(shards, shuffle, states[i], &whole, had, 1, 3);
        assert_goes_on(shards, shuffle, states[i], &whole, had, B, PROCESSES);
      }
      fclose(states[i]);
    }
  }
}

Test(llmc, a_batch_is_shown_as_often_as_one_likes_and_a_reset_begins_again) {
  DataLoader loader;
  dataloader_init(&loader, write_rows(100), 4, T, 0, 1, 0);
  for (int round = 0; round < 3; round++) {
    for (int i = 0; i < 30; i++) {
      dataloader_load_batch(&loader);
      const int *inputs = loader.inputs;
      cr_assert_eq(loader.current_sample_idx, i == 0 ? 0 : (size_t)(i - 1) % 25 * 4 + 4);
      dataloader_load_batch(&loader);
      dataloader_next_batch(&loader);
      cr_assert_eq(inputs, loader.inputs, "without a copy");
      assert_ids(inputs, 4 * T, i % 25 * 4 * T, "input");
    }
    cr_assert(loader.current_shard_idx == 1 && loader.current_sample_idx == 20);
    dataloader_reset(&loader);
    cr_assert(loader.current_shard_idx == 0 && loader.current_sample_idx == 0);
  }
  dataloader_next_batch(&loader);
  dataloader_advance_(&loader);
  cr_assert(loader.current_shard_idx == 1 && loader.current_sample_idx == 0);
  dataloader_next_batch(&loader);
  assert_ids(loader.inputs, 4 * T, 0, "input");
  dataloader_free(&loader);
}

Test(llmc, a_program_sets_other_options_but_not_what_the_fields_are_made_of) {
  const char *shard = write_shard("shard.bin", 0, 1000);
  batch_loader_options options = BATCH_LOADER_OPTIONS_INIT;
  options.id_type = BATCH_IDS_UINT16;
  options.as_they_come = true;
  options.seed = 7;
  asked = &options;
  assert_as_llmc(1000, 2, 8, 2);
  int first[2];
  for (int i = 0; i < 2; i++, asked = NULL) {
    DataLoader loader;
    dataloader_init(&loader, shard, 2, 8, 0, 1, 1);
    dataloader_next_batch(&loader);
    first[i] = loader.inputs[0];
    dataloader_free(&loader);
  }
  cr_assert_neq(first[0], first[1], "the seed that the program set is not the loader's");
}

/* As many tokens as a header can say, most of them zeros that take no room: 4 GiB. */
Test(llmc, a_shard_may_have_as_many_tokens_as_its_header_can_say) {
  if (SIZE_MAX < UINT64_MAX) cr_skip("no file has 4 GiB here");
  const uint64_t count = INT32_MAX, row = (UINT64_C(3) << 30) / (2 * T), head = HEADER_SIZE * sizeof(int);
  const uint32_t header[] = {20240520, 1, (uint32_t)count};
  uint16_t ids[2 * T + 1];
  for (int i = 0; i <= 2 * T; i++) ids[i] = (uint16_t)(40000 + i);
  const char *path = write_data("large.bin", header, sizeof header);
  int fd = open(path, O_WRONLY);
  cr_assert(fd >= 0);
  if (ftruncate(fd, (off_t)(head + 2 * count)) != 0) cr_skip("no sparse files of this size here");
  cr_assert_eq(pwrite(fd, ids, sizeof ids, (off_t)(head + row * 2 * T)), (ssize_t)sizeof ids);
  close(fd);
  for (int processes = 1; processes <= 2; processes++) {
    DataLoader loader;
    int rank = processes - 1;
    dataloader_init(&loader, path, 2 / (size_t)processes, T, rank, processes, 0);
    cr_assert_eq(loader.num_tokens, count);
    dataloader_resume(&loader, 0, row);
    dataloader_next_batch(&loader);
    assert_ids(loader.inputs, loader.B * T, 40000 + rank * T, "input");
    assert_ids(loader.targets, loader.B * T, 40001 + rank * T, "target");
    cr_assert_eq(loader.current_sample_idx, row + 2);
    dataloader_free(&loader);
  }
}

/* What is said on stderr by a process that ends with EXIT_FAILURE. */
static void assert_ends(void (*call)(void), const char *words) {
  char said[512] = "";
  int ends[2], status;
  cr_assert_eq(pipe(ends), 0);
  pid_t child = fork();
  if (child == 0) {
    if (dup2(ends[1], STDERR_FILENO) >= 0) call();
    _exit(EXIT_SUCCESS);
  }
  close(ends[1]);
  for (ssize_t used = 0, got; (got = read(ends[0], said + used, sizeof said - 1 - (size_t)used)) > 0;)
    used += got;
  close(ends[0]);
  cr_assert_eq(waitpid(child, &status, 0), child);
  cr_assert(WIFEXITED(status) && WEXITSTATUS(status) == EXIT_FAILURE, "%s: status %d, %s", words, status,
            said);
  cr_assert(strstr(said, words), "'%s' is not in '%s'", words, said);
}

static DataLoader refused;
static const char *shard;

static void no_file(void) {
  dataloader_init(&refused, path_of("none_*.bin"), 4, T, 0, 1, 0);
}

static void no_shard(void) {
  dataloader_init(&refused, write_text("model.bin", "ids without a header"), 4, T, 0, 1, 0);
}

static void text(void) {
  dataloader_init(&refused, write_text("a.jsonl", "{\"text\": \"many words are in it\"}\n"), 1, T, 0, 1, 0);
}

static void cut_shard(void) {
  cr_assert_eq(truncate(shard, 1100), 0);
  dataloader_init(&refused, shard, 4, T, 0, 1, 0);
}

static void no_rows(void) {
  dataloader_init(&refused, shard, 0, T, 0, 1, 0);
}

static void long_rows(void) {
  dataloader_init(&refused, shard, 1, SIZE_MAX, 0, 1, 0);
}

static void no_such_rank(void) {
  dataloader_init(&refused, shard, 4, T, 2, 2, 0);
}

static void many_rows(void) {
  dataloader_init(&refused, shard, 5, T, 0, 2, 0);
}

static void far_away(void) {
  dataloader_init(&refused, shard, 4, T, 0, 1, 0);
  dataloader_resume(&refused, 3, 10);
}

static void shrinks(void) {
  dataloader_init(&refused, shard, 4, T, 0, 1, 0);
  cr_assert_eq(truncate(shard, 1050), 0);
  dataloader_reset(&refused);
  dataloader_next_batch(&refused);
}

Test(llmc, errors_are_said_and_end_the_program) {
  char longest[80];
  shard = write_shard("shard.bin", 0, 80);
  assert_ends(no_file, "none_*.bin: no file matches, expected at least one");
  assert_ends(no_shard, "model.bin: found format headerless, expected a shard of tokens with a header");
  assert_ends(text, "a.jsonl: found format jsonl, expected a shard of tokens with a header");
  assert_ends(no_rows, "dataloader_init: B is 0, expected 1 to 2^32 - 1");
  snprintf(longest, sizeof longest, "dataloader_init: T is %zu, expected 1 to 2^31 - 1", SIZE_MAX);
  assert_ends(long_rows, longest);
  assert_ends(no_such_rank,
              "dataloader_init: process_rank is 2 of num_processes 2, expected 0 to below that");
  assert_ends(many_rows, "drop_last with 9 rows an epoch, expected at least the 10 of a step");
  assert_ends(far_away,
              "dataloader_resume: batch_loader_state_at: rows is 10, expected at most 9, those of epoch 3");
  assert_ends(shrinks, "dataloader_load_batch: ");
  shard = write_shard("shard.bin", 0, 80);
  assert_ends(cut_shard, "shard.bin: at byte 8: found 80 tokens in a file of 1100 bytes");
}
