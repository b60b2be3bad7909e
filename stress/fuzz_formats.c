/* Damages valid files of every format and opens them: each is refused with a sentence that names it,
   or read from end to end. Meant for AddressSanitizer, which must have nothing to say.

   fuzz_formats [SECONDS [THREADS [SEED]]] [control]
   There is one thread. control: expects that every file is refused, which is wrong and must be noticed. */
#include <headrace/headrace.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "support/stress.h"

enum { TOKENS = 60, MOST_BYTES = 8192, SUBJECTS = 15, READ = 4096 };

typedef struct content {
  uint8_t bytes[MOST_BYTES];
  size_t count;
} content;

/* A valid file, and its companion where the format has one. */
typedef struct subject {
  const char *name, *companion_name;
  content file, companion;
} subject;

typedef struct run {
  char directory[64];
  uint64_t random;
  bool control;
  uint64_t refused, accepted;
  subject subjects[SUBJECTS];
  size_t count;
} run;

static uint64_t next_random(run *r) {
  return stress_random(&r->random);
}

static size_t below(run *r, size_t n) {
  return stress_random_below(&r->random, (uint32_t)n);
}

static const char *path_in(const run *r, const char *name) {
  static char paths[4][128];
  static unsigned next;
  char *path = paths[next++ % 4];
  snprintf(path, sizeof paths[0], "%s/%s", r->directory, name);
  return path;
}

static _Noreturn void stop(const char *what, const char *subject_name) {
  stress_fail("%s: %s; last error: %s", subject_name, what, batch_last_error()->message);
}

static void put(content *c, const void *data, size_t count) {
  memcpy(c->bytes + c->count, data, count);
  c->count += count;
}

static void load(const run *r, const char *name, content *c) {
  FILE *file = fopen(path_in(r, name), "rb");
  if (!file) stop("cannot be opened", name);
  c->count = fread(c->bytes, 1, sizeof c->bytes, file);
  fclose(file);
}

static void store(const run *r, const char *name, const content *c) {
  FILE *file = fopen(path_in(r, name), "wb");
  if (!file || fwrite(c->bytes, 1, c->count, file) != c->count || fclose(file) != 0)
    stop("cannot be written", name);
}

/* Six documents of ten tokens each, by the library's own writer. */
static void add_written(run *r, const char *name, const char *companion, batch_format format,
                        batch_token_type type) {
  batch_writer_options options = {
      .size = sizeof(batch_writer_options), .format = format, .token_type = type, .overwrite = true};
  BatchWriter *writer = batch_writer_create(path_in(r, name), &options);
  for (int32_t i = 0; writer && i < TOKENS; i++)
    if (!batch_writer_append(writer, &i, 1) || (i % 10 == 9 && !batch_writer_end_document(writer)))
      stop("not written", name);
  if (!writer || !batch_writer_finish(writer)) stop("not written", name);
  batch_writer_free(writer);
  subject *s = &r->subjects[r->count++];
  s->name = name;
  s->companion_name = companion;
  load(r, name, &s->file);
  if (companion) load(r, companion, &s->companion);
}

static void add_npy(run *r, const char *name, uint8_t version, const char *dict, size_t width) {
  subject *s = &r->subjects[r->count++];
  uint32_t length = (uint32_t)strlen(dict);
  s->name = name;
  put(&s->file, "\x93NUMPY", 6);
  put(&s->file, (uint8_t[]){version, 0}, 2);
  put(&s->file, &length, version == 1 ? 2 : 4);
  put(&s->file, dict, length);
  for (uint64_t i = 0; i < TOKENS; i++) put(&s->file, &i, width);
}

/* Tokens of four bytes under a name that does not tell it, and the companion that does. */
static void add_told(run *r, const char *name, const char *companion) {
  subject *s = &r->subjects[r->count++];
  const char says[] = "a tokenizer|4\n60\n60 T\nheadrace of another kind\n";
  s->name = name;
  s->companion_name = companion;
  for (uint32_t i = 0; i < TOKENS; i++) put(&s->file, &i, sizeof i);
  put(&s->companion, says, sizeof says - 1);
}

/* A Megatron index of the sequences 0 to TOKENS - 1 of one token each, without document boundaries. */
static void add_merged(run *r, const char *name, const char *companion) {
  subject *s = &r->subjects[r->count++];
  uint64_t header[] = {TOKENS, 1};
  s->name = name;
  s->companion_name = companion;
  put(&s->companion, "MMIDIDX\0\0\1\0\0\0\0\0\0\0\10", 18);
  put(&s->companion, header, sizeof header);
  for (uint32_t i = 0; i < TOKENS; i++) put(&s->companion, &(uint32_t){1}, 4);
  for (uint64_t i = 0; i < TOKENS; i++) put(&s->companion, &(uint64_t){2 * i}, 8);
  put(&s->companion, &(uint64_t){0}, 8);
  for (uint16_t i = 0; i < TOKENS; i++) put(&s->file, &i, sizeof i);
}

static void add_text(run *r, const char *name, const char *text) {
  subject *s = &r->subjects[r->count++];
  s->name = name;
  put(&s->file, text, strlen(text));
}

/* A zstd frame with one block of text as it is (RFC 8878: single segment, size of one byte, raw block). */
static void add_zstd(run *r, const char *name, const char *text) {
  subject *s = &r->subjects[r->count++];
  size_t length = strlen(text), block = length << 3 | 1;
  s->name = name;
  put(&s->file, (uint8_t[]){0x28, 0xB5, 0x2F, 0xFD, 0x20, (uint8_t)length}, 6);
  put(&s->file, (uint8_t[]){(uint8_t)block, (uint8_t)(block >> 8), 0}, 3);
  put(&s->file, text, length);
}

static void make_subjects(run *r) {
  static const char lines[] =
      "{\"text\": \"one \\u00fc\"}\n{\"id\": [1, {\"a\": null}], \"text\": \"two\"}\n\n{\"text\": \"\"}\n";
  add_written(r, "headerless.bin", NULL, BATCH_FORMAT_HEADERLESS, BATCH_TOKEN_U16);
  add_written(r, "trove.ds", "trove.ds.index", BATCH_FORMAT_DATATROVE, BATCH_TOKEN_U32);
  add_written(r, "gpt2.bin", NULL, BATCH_FORMAT_LLMC_GPT2, BATCH_TOKEN_U16);
  add_written(r, "llama3.bin", NULL, BATCH_FORMAT_LLMC_LLAMA3, BATCH_TOKEN_U32);
  add_written(r, "megatron.bin", "megatron.idx", BATCH_FORMAT_MEGATRON, BATCH_TOKEN_U16);
  add_written(r, "wide.bin", "wide.idx", BATCH_FORMAT_MEGATRON, BATCH_TOKEN_I64);
  add_told(r, "told.bin", "told.bin.metadata");
  add_told(r, "told.ds", "told.ds.metadata");
  add_merged(r, "merged.bin", "merged.idx");
  add_npy(r, "one.npy", 1, "{'descr': '<u2', 'fortran_order': False, 'shape': (60,), }   \n", 2);
  add_npy(r, "three.npy", 3, "{'shape': (60,), 'fortran_order': True, 'descr': '<i8'}\n", 8);
  add_text(r, "text.txt", "A text of\n some lines\xc3\xbc, \xe6\xb0\xb4 \xf0\x9f\x92\xa7\r\n and an end");
  add_text(r, "lines.jsonl", lines);
  add_zstd(r, "packed.jsonl.zst", lines);
  add_zstd(r, "packed.txt.zst", "a text, packed");
}

static uint64_t interesting(run *r) {
  static const uint64_t values[] = {0,
                                    1,
                                    2,
                                    7,
                                    8,
                                    59,
                                    61,
                                    127,
                                    128,
                                    255,
                                    256,
                                    0x7FFF,
                                    0x8000,
                                    0xFFFF,
                                    0x10000,
                                    INT32_MAX,
                                    UINT32_MAX,
                                    UINT64_C(1) << 32,
                                    INT64_MAX,
                                    UINT64_C(1) << 63,
                                    UINT64_MAX - 1,
                                    UINT64_MAX,
                                    UINT64_MAX / 2,
                                    UINT64_MAX / 8,
                                    UINT64_MAX / 12,
                                    UINT64_MAX / 12 + 1};
  uint64_t value = values[below(r, sizeof values / sizeof *values)];
  return below(r, 4) == 0 ? value + below(r, 5) - 2 : value;
}

static void remove_bytes(content *c, size_t at, size_t count) {
  if (count > c->count - at) count = c->count - at;
  memmove(c->bytes + at, c->bytes + at + count, c->count - at - count);
  c->count -= count;
}

static void insert_bytes(run *r, content *c, size_t at, size_t count) {
  if (c->count + count > MOST_BYTES) return;
  memmove(c->bytes + at + count, c->bytes + at, c->count - at);
  for (size_t i = 0; i < count; i++) c->bytes[at + i] = (uint8_t)next_random(r);
  c->count += count;
}

static void damage_once(run *r, content *c) {
  static const size_t widths[] = {1, 2, 4, 8};
  if (c->count == 0) {
    insert_bytes(r, c, 0, 1 + below(r, 40));
    return;
  }
  size_t front = c->count < 120 || below(r, 3) == 0 ? c->count : 120, at = below(r, front),
         width = widths[below(r, 4)];
  uint64_t value = interesting(r);
  switch (below(r, 6)) {
  case 0:
    c->bytes[at] ^= (uint8_t)(1u << below(r, 8));
    break;
  case 1:
    c->bytes[at] = (uint8_t)next_random(r);
    break;
  case 2:
    memcpy(c->bytes + at, &value, width < c->count - at ? width : c->count - at);
    break;
  case 3:
    remove_bytes(c, at, 1 + below(r, 16));
    break;
  case 4:
    insert_bytes(r, c, at, 1 + below(r, 16));
    break;
  case 5:
    c->count = at;
    break;
  }
}

static void damage(run *r, content *c) {
  for (size_t n = 1 + below(r, 4); n > 0; n--) damage_once(r, c);
}

static void check_documents(const BatchDataset *dataset, const char *name) {
  uint64_t before = 0, documents = batch_dataset_documents(dataset);
  for (uint64_t i = 0; i < documents && i < READ; i++) {
    uint64_t start, end;
    if (!batch_dataset_document(dataset, i, &start, &end)) stop("a document is not there", name);
    if (start != before || end < start || end > batch_dataset_tokens(dataset))
      stop("documents do not follow each other", name);
    before = end;
  }
}

static void check_accepted(const BatchDataset *dataset, const char *name) {
  static int32_t ids[READ];
  uint64_t tokens = batch_dataset_tokens(dataset), fingerprint;
  int64_t smallest, largest;
  size_t count = tokens < READ ? (size_t)tokens : READ;
  if (tokens == 0 || tokens > MOST_BYTES * 4) stop("an impossible number of tokens", name);
  if (!batch_dataset_read(dataset, tokens - count, count, ids) &&
      batch_last_error()->code != BATCH_ERROR_OUT_OF_RANGE)
    stop("cannot be read to the end", name);
  if (!batch_dataset_id_range(dataset, &smallest, &largest) || smallest > largest)
    stop("has no range of ids", name);
  if (!batch_dataset_fingerprint(dataset, &fingerprint)) stop("has no fingerprint", name);
  check_documents(dataset, name);
}

static void check_refused(const run *r, const char *name) {
  batch_status code = batch_last_error()->code;
  if (code != BATCH_ERROR_FORMAT && code != BATCH_ERROR_IO && code != BATCH_ERROR_UNSUPPORTED)
    stop("refused for no good reason", name);
  if (!strstr(batch_last_error()->message, r->directory)) stop("the message does not name the file", name);
}

/* With text options that are good until the next call. */
static batch_dataset_options random_options(run *r) {
  static batch_text_options how = BATCH_TEXT_OPTIONS_INIT;
  batch_dataset_options options = BATCH_DATASET_OPTIONS_INIT;
  if (below(r, 4) == 0) options.io = BATCH_IO_READ;
  if (below(r, 4) == 0) options.separator = (batch_separator)(1 + below(r, 2));
  options.end_of_text = (int32_t)below(r, TOKENS);
  if (below(r, 8) == 0) options.format = (batch_format)below(r, BATCH_FORMAT_JSONL + 1);
  how.malformed = (batch_malformed)below(r, 3);
  how.squeeze_space = below(r, 4) == 0;
  options.text = &how;
  options.temporary_directory = r->directory;
  return options;
}

static void remove_files(const run *r) {
  for (size_t i = 0; i < r->count; i++) {
    unlink(path_in(r, r->subjects[i].name));
    if (r->subjects[i].companion_name) unlink(path_in(r, r->subjects[i].companion_name));
  }
  unlink(path_in(r, "trove.ds.metadata")); /* which the writer puts beside */
  stress_check(rmdir(r->directory) == 0, "files are left in %s", r->directory);
}

static bool open_and_check(run *r, const subject *s, const batch_dataset_options *options) {
  stress_step(s->name);
  const char *path = path_in(r, s->name);
  BatchDataset *dataset = batch_dataset_open(&path, 1, options);
  if (!dataset) return check_refused(r, s->name), false;
  if (r->control) {
    remove_files(r);
    stop("was accepted, which the control does not expect", s->name);
  }
  check_accepted(dataset, s->name);
  batch_dataset_free(dataset);
  return true;
}

static void store_subject(const run *r, const subject *s) {
  store(r, s->name, &s->file);
  if (s->companion_name) store(r, s->companion_name, &s->companion);
}

static void try_damaged(run *r, const subject *whole) {
  static subject s;
  s = *whole;
  damage(r, s.companion_name && below(r, 2) ? &s.companion : &s.file);
  store_subject(r, &s);
  batch_dataset_options options = random_options(r);
  if (open_and_check(r, &s, &options))
    r->accepted++;
  else
    r->refused++;
  store_subject(r, whole);
}

/* Text of random bytes, in a block of exactly its size. */
static void try_text(run *r) {
  size_t count = below(r, 24);
  char *text = malloc(count ? count : 1), out[200];
  for (size_t i = 0; i < count; i++) text[i] = (char)(below(r, 3) ? 0x80 | next_random(r) : next_random(r));
  batch_text_options options = {.size = sizeof(batch_text_options),
                                .malformed = BATCH_MALFORMED_REPLACE,
                                .normal_form = (batch_normal_form)below(r, 3),
                                .fold_case = below(r, 2),
                                .squeeze_space = below(r, 2)};
  size_t length = batch_text_normalize(text, count, &options, out, sizeof out);
  if (length == BATCH_TOKENIZER_FAILED && batch_last_error()->code != BATCH_ERROR_UNSUPPORTED)
    stop("repaired text is refused", "text");
  options = (batch_text_options){.size = sizeof(batch_text_options), .malformed = BATCH_MALFORMED_ERROR};
  if (length <= sizeof out && batch_text_normalize(out, length, &options, NULL, 0) != length)
    stop("repaired text is malformed", "text");
  free(text);
}

/* In memory where there is such a directory: thousands of small files are rewritten. */
static void make_directory(run *r) {
  strcpy(r->directory, "/dev/shm/headrace-fuzz-XXXXXX");
  if (mkdtemp(r->directory)) return;
  strcpy(r->directory, "/tmp/headrace-fuzz-XXXXXX");
  if (!mkdtemp(r->directory)) stop("cannot be created", r->directory);
}

int main(int argc, char **argv) {
  static run r;
  const batch_dataset_options usual = BATCH_DATASET_OPTIONS_INIT;
  r.control = argc > 1 && strcmp(argv[argc - 1], "control") == 0;
  stress_begin(argc - r.control, argv, 3, 1);
  r.random = stress_seed();
  make_directory(&r);
  make_subjects(&r);
  for (size_t i = 0; i < r.count; i++) store_subject(&r, &r.subjects[i]);
  for (size_t i = 0; i < r.count; i++)
    if (!open_and_check(&r, &r.subjects[i], &usual) && batch_last_error()->code != BATCH_ERROR_UNSUPPORTED)
      stop("a valid file is refused", r.subjects[i].name);
  while (stress_goes_on())
    for (int i = 0; i < 100; i++) {
      try_damaged(&r, &r.subjects[below(&r, r.count)]);
      try_text(&r);
    }
  remove_files(&r);
  stress_check(r.refused > 0 && r.accepted > 0, "%" PRIu64 " refused, %" PRIu64 " read to the end", r.refused,
               r.accepted);
  return stress_end("%" PRIu64 " damaged files tried: %" PRIu64 " refused, %" PRIu64 " read to the end",
                    r.refused + r.accepted, r.refused, r.accepted);
}
