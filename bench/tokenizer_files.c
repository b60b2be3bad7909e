/* From a text file to a file of ids, as `headrace tokenize` does it: reader, workers, in-order hand-over, writer. Both files
   lie in memory where that can be. */
#include "bench.h"
#include "clock.h"
#include "tokenizer.h"

#include <headrace/writer.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { FULL = 16 << 20, QUICK = 1 << 20 };

static struct {
  char folder[40]; /* "": not made */
  size_t text;     /* that lies in the file just now; SIZE_MAX: none */
  uint64_t bytes;
} files = {"", SIZE_MAX, 0};

static void path_of(char *path, size_t size, const char *name) {
  snprintf(path, size, "%s/%s", files.folder, name);
}

static bool make_folder(void) {
  static const char *const folders[] = {"/dev/shm/headrace-bench-XXXXXX", "/tmp/headrace-bench-XXXXXX"};
  for (size_t i = 0; i < 2 && !files.folder[0]; i++) {
    snprintf(files.folder, sizeof files.folder, "%s", folders[i]);
    if (!mkdtemp(files.folder)) files.folder[0] = '\0';
  }
  if (!files.folder[0]) bench_wrong("no folder can be made in /dev/shm or /tmp");
  return files.folder[0];
}

/* The text, again and again. */
static bool write_text(size_t which, bool quick) {
  const tokenizer_text *text = &tokenizer_texts[which];
  char path[64];
  if (files.text == which) return true;
  if (!files.folder[0] && !make_folder()) return false;
  path_of(path, sizeof path, "text.txt");
  FILE *file = fopen(path, "wb");
  files.bytes = 0;
  while (file && !ferror(file) && files.bytes < (quick ? QUICK : FULL))
    files.bytes += fwrite(text->bytes, 1, text->count, file);
  if (file && !ferror(file) && fclose(file) == 0) {
    files.text = which;
    return true;
  }
  bench_wrong("%s cannot be written", path);
  return false;
}

static bool tokenize(BatchWriter *writer, const BatchTokenizer *tokenizer, uint32_t workers,
                     uint64_t *tokens) {
  char path[64];
  batch_dataset_options options = BATCH_DATASET_OPTIONS_INIT;
  options.format = BATCH_FORMAT_TEXT;
  options.tokenizer = tokenizer;
  options.workers = workers;
  path_of(path, sizeof path, "text.txt");
  batch_status status = batch_tokenize_files(&(const char *){path}, 1, &options, writer, NULL, NULL);
  if (status != BATCH_OK || !batch_writer_finish(writer)) {
    bench_wrong("%s", batch_last_error()->message);
    return false;
  }
  *tokens = batch_writer_tokens(writer);
  return true;
}

bool tokenizer_files_measure(size_t text, const BatchTokenizer *tokenizer, uint32_t workers, bool quick,
                             uint64_t *tokens, double *speed) {
  char path[64];
  if (!write_text(text, quick)) return false;
  batch_writer_options options = BATCH_WRITER_OPTIONS_INIT;
  options.vocab_size = batch_tokenizer_vocab_size(tokenizer);
  options.overwrite = true;
  path_of(path, sizeof path, "ids.bin");
  uint64_t begin = bench_now();
  BatchWriter *writer = batch_writer_create(path, &options);
  if (!writer) bench_wrong("%s", batch_last_error()->message);
  bool good = writer && tokenize(writer, tokenizer, workers, tokens);
  *speed = (double)files.bytes / (double)(bench_now() - begin) * 1e3;
  batch_writer_free(writer);
  return good;
}

void tokenizer_files_finish(void) {
  static const char *const names[] = {"text.txt", "ids.bin", "ids.bin.metadata"};
  char path[64];
  for (size_t i = 0; files.folder[0] && i < sizeof names / sizeof names[0]; i++) {
    path_of(path, sizeof path, names[i]);
    unlink(path);
  }
  if (files.folder[0]) rmdir(files.folder);
}
