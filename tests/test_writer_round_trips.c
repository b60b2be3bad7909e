/* What the writer writes is read with default options as what was written: every format with every
   vocabulary, under any name, over what any other run has left, or the run is refused before it begins. */
#include "support/failing_calls.h" /* for its fsync, which does not wait for the disk */

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "support/check.h"
#include "support/dataset_check.h"
#include "support/files.h"
#include "support/random.h"

static int remove_entry(const char *path, const struct stat *status, int type, struct FTW *ftw) {
  (void)status, (void)type, (void)ftw;
  return remove(path);
}

static char in_memory[] = "/dev/shm/headrace-test-XXXXXX";

static void end_test(void) {
  files_end();
  nftw(in_memory, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}

TestSuite(writer_round_trips, .init = files_begin, .fini = end_test);

enum { MOST = 4000, DOCUMENTS = 7 };

static const batch_format formats[] = {BATCH_FORMAT_HEADERLESS, BATCH_FORMAT_DATATROVE,
                                       BATCH_FORMAT_LLMC_GPT2,  BATCH_FORMAT_LLMC_LLAMA3,
                                       BATCH_FORMAT_MEGATRON,   BATCH_FORMAT_NPY};
static const uint32_t vocabularies[] = {256, 257, 65536, 65537, 128000, INT32_MAX};
static const char *const names[] = {"x.bin", "x",      "x.u16",     "x.u32",    "x.u16.bin",   "x.u32.bin",
                                    "x.txt", "x.json", "x.jsonl",   "x.npy",    "x.idx",       "x.ds",
                                    "x.v2",  "x.zst",  "x.txt.zst", "x.gz",     "x.index",     "x.metadata",
                                    "x.i32", ".x.bin", "x 1.bin",   "x.bin.md", "x_000001.bin"};
enum { FORMATS = 6, VOCABULARIES = 6, NAMES = sizeof names / sizeof *names };

/* How the ids of a case come about. */
typedef enum filling {
  RANDOM,
  SMALL,
  LLMC_MAGIC,
  ZSTD_MAGIC,
  GZIP_MAGIC,
  ZIP_MAGIC,
  TEXT,
  EVERY_SECOND_SMALL,
  FILLINGS
} filling;

typedef struct trip {
  char folder[64];
  batch_format format;
  uint32_t vocab_size;
  const char *name;
  uint64_t shard_tokens;
  filling filling;
  uint32_t count;
  int32_t ids[MOST];
  uint64_t bounds[DOCUMENTS + 1];
} trip;

static uint64_t seed = 1;
static uint32_t below(uint32_t n) {
  return random_below(&seed, n);
}

static void set_head(trip *t, uint32_t first, uint32_t second) {
  if (first >= t->vocab_size || second >= t->vocab_size || t->count < 2) return;
  t->ids[0] = first;
  t->ids[1] = second;
}

static void fill(trip *t) {
  t->count = 0;
  for (int d = 0; d < DOCUMENTS; d++) {
    t->bounds[d] = t->count;
    t->count += below(MOST / DOCUMENTS) * (d != 3); /* one of them is empty */
  }
  t->bounds[DOCUMENTS] = t->count;
  for (uint32_t i = 0; i < t->count; i++) {
    t->ids[i] = below(t->vocab_size);
    if (t->filling == SMALL) t->ids[i] %= 5;
    if (t->filling == TEXT) t->ids[i] = 0x6161 % t->vocab_size;
    if (t->filling == EVERY_SECOND_SMALL) t->ids[i] %= i % 2 ? 2 : 60000;
  }
  if (t->filling == LLMC_MAGIC)
    set_head(t, t->vocab_size > 20240520 ? 20240520 : 20240520 & 0xFFFF, 20240520 >> 16);
  if (t->filling == ZSTD_MAGIC) set_head(t, 0xB528, 0xFD2F);
  if (t->filling == GZIP_MAGIC) set_head(t, 0x8B1F, 0x0008);
  if (t->filling == ZIP_MAGIC) set_head(t, 'P' | 'K' << 8, 0x0403);
}

static bool write_trip(const trip *t, bool overwrite, bool *begun) {
  char path[128];
  batch_writer_options options = {.size = sizeof(batch_writer_options),
                                  .format = t->format,
                                  .vocab_size = t->vocab_size,
                                  .shard_tokens = t->shard_tokens,
                                  .overwrite = overwrite};
  snprintf(path, sizeof path, "%s/%s", t->folder, t->name);
  BatchWriter *writer = batch_writer_create(path, &options);
  bool good = *begun = writer;
  for (int d = 0; good && d < DOCUMENTS; d++)
    good = batch_writer_append(writer, t->ids + t->bounds[d], (size_t)(t->bounds[d + 1] - t->bounds[d])) &&
           batch_writer_end_document(writer);
  good = good && batch_writer_finish(writer);
  batch_writer_free(writer);
  return good;
}

/* Puts the suffix of the format behind the name, and a pattern for its number before it. */
static void reading_path(const trip *t, char *path, size_t room) {
  char name[64];
  bool megatron = t->format == BATCH_FORMAT_MEGATRON, trove = t->format == BATCH_FORMAT_DATATROVE,
       npy = t->format == BATCH_FORMAT_NPY;
  size_t length = strlen(t->name);
  snprintf(name, sizeof name, "%s", t->name);
  if (megatron && length > 4 && strcmp(name + length - 4, ".idx") == 0) name[length -= 4] = 0;
  const char *suffix = megatron ? ".bin" : trove ? ".ds" : npy ? ".npy" : "";
  if (length < strlen(suffix) || strcmp(name + length - strlen(suffix), suffix) != 0) strcat(name, suffix);
  char *dot = strrchr(name, '.');
  static const char *const types[] = {".u16.bin", ".u32.bin", ".i32.bin"};
  length = strlen(name);
  for (size_t i = 0; i < 3; i++)
    if (length > 8 && strcmp(name + length - 8, types[i]) == 0) dot = name + length - 8;
  if (!dot) dot = name + strlen(name);
  if (t->shard_tokens)
    snprintf(path, room, "%s/%.*s_[0-9][0-9][0-9][0-9][0-9][0-9]%s", t->folder, (int)(dot - name), name, dot);
  else
    snprintf(path, room, "%s/%s", t->folder, name);
}

static void say(const trip *t, char *text, size_t room) {
  snprintf(text, room, "%s, vocabulary %u, -o %s, %s, filling %d", batch_format_name(t->format),
           t->vocab_size, t->name, t->shard_tokens ? "shards" : "one file", t->filling);
}

static void assert_read_back(const trip *t, const char *what) {
  static int32_t ids[MOST];
  char path[256];
  const char *paths = path;
  reading_path(t, path, sizeof path);
  BatchDataset *dataset = batch_dataset_open(&paths, 1, NULL);
  cr_assert_not_null(dataset, "%s: %s", what, batch_last_error()->message);
  cr_assert_eq(batch_dataset_tokens(dataset), t->count, "%s", what);
  cr_assert(batch_dataset_read(dataset, 0, t->count, ids), "%s: %s", what, batch_last_error()->message);
  for (uint32_t i = 0; i < t->count; i++)
    cr_assert_eq(ids[i], (int32_t)t->ids[i], "%s: id %u is %d, not %u", what, i, ids[i], t->ids[i]);
  if (t->format == BATCH_FORMAT_MEGATRON || t->format == BATCH_FORMAT_DATATROVE) {
    cr_assert_eq(batch_dataset_documents(dataset), DOCUMENTS, "%s", what);
    for (uint64_t d = 0, start, end; d < DOCUMENTS; d++)
      cr_assert(batch_dataset_document(dataset, d, &start, &end) && start == t->bounds[d] &&
                    end == t->bounds[d + 1],
                "%s: document %d", what, (int)d);
  }
  batch_dataset_free(dataset);
}

static void empty_folder(const trip *t) {
  nftw(t->folder, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
  cr_assert_eq(mkdir(t->folder, 0777), 0);
}

typedef struct tally {
  unsigned read_back, refused;
} tally;

/* Writes, and reads back unless it was refused before it began. */
static void go(trip *t, bool overwrite, tally *sum) {
  char what[256];
  bool begun;
  fill(t);
  if (t->count == 0) return;
  say(t, what, sizeof what);
  bool good = write_trip(t, overwrite, &begun);
  cr_assert(good || !begun, "%s: failed late: %s", what, batch_last_error()->message);
  if (!good) assert_error(BATCH_ERROR_INVALID_ARGUMENT, "expected");
  if (good && !(t->name[0] == '.' && t->shard_tokens))
    assert_read_back(t, what); /* patterns pass hidden files over */
  sum->read_back += good;
  sum->refused += !good;
}

static void every_trip(const char *folder, unsigned *cases) {
  static trip t, earlier;
  tally sum = {0}, before = {0};
  snprintf(t.folder, sizeof t.folder, "%s", folder);
  snprintf(earlier.folder, sizeof earlier.folder, "%s", folder);
  for (unsigned i = 0; i < FORMATS * VOCABULARIES * NAMES * 2; i += CHECK_ONE_IN) {
    empty_folder(&t);
    for (int runs = (int)below(3); runs > 0; runs--) {
      earlier.format = formats[below(FORMATS)];
      earlier.vocab_size = vocabularies[below(VOCABULARIES)];
      earlier.name = names[below(2) ? below(NAMES) : i / FORMATS / VOCABULARIES % NAMES];
      earlier.shard_tokens = below(2) ? 500 : 0;
      go(&earlier, true, &before);
    }
    t.format = formats[i % FORMATS];
    t.vocab_size = vocabularies[i / FORMATS % VOCABULARIES];
    t.name = names[i / FORMATS / VOCABULARIES % NAMES];
    t.shard_tokens = i / FORMATS / VOCABULARIES / NAMES ? 900 : 0;
    t.filling = (filling)below(FILLINGS);
    go(&t, true, &sum);
  }
  printf("%s: %u read back, %u refused\n", folder, sum.read_back, sum.refused);
  cr_assert_gt(sum.read_back, sum.refused);
  *cases += sum.read_back;
}

Test(writer_round_trips, any_name_and_vocabulary_over_any_other_run) {
  unsigned cases = 0;
  every_trip(path_of("folder"), &cases);
  cr_assert_gt(cases, 500 / CHECK_ONE_IN);
}

Test(writer_round_trips, in_memory_too) {
  char folder[64];
  unsigned cases = 0;
  if (!mkdtemp(in_memory)) cr_skip_test("no /dev/shm");
  snprintf(folder, sizeof folder, "%s/folder", in_memory);
  every_trip(folder, &cases);
}
