/* From text to batches: any bytes, as files of text or lines of .jsonl, with options of the input's choice, are tokenized
   into shards, opened, and fed through a loader. The ids are those of each document at once, in whatever pieces and by
   however many threads it was read; opening the text itself gives the same. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "support/contents.h"
#include "support/files.h"
#include "support/fuzz.h"
#include "support/mutate.h"
#include "support/outputs.h"
#include "support/random.h"
#include "support/random_text.h"
#include "support/sentencepieces.h"
#include "support/vocabularies.h"
#include "text/pipeline/job.h"

enum {
  HEAD = 12,
  MOST = 3000,
  MOST_DOCUMENTS = 4,
  FIRST_PIECES = 2 + 26,
  TOKENIZERS = FIRST_PIECES + 16,
  WHOLE_STEP = 1 << 18
};

typedef struct flow {
  unsigned how;
  bool jsonl, raw; /* raw: the lines are as the input has them */
  batch_text_options text;
  batch_dataset_options options;
  batch_writer_options writer;
  fuzz_part documents[MOST_DOCUMENTS];
  size_t count;
  char paths[MOST_DOCUMENTS][200];
  size_t num_paths;
  size_t step; /* bytes of a piece */
} flow;

/* Ids that depend on all that came before: any cut changes them. */
static size_t hash_encode(void *context, const char *text, size_t count, int32_t *id, size_t capacity) {
  uint64_t hash = 2166136261u;
  (void)context;
  for (size_t i = 0; i < count; i++) {
    hash = ((hash ^ (uint8_t)text[i]) * 16777619u) & UINT32_MAX;
    if (i < capacity) id[i] = (int32_t)(hash % 50000);
  }
  return count;
}

static size_t no_text(void *context, const int32_t *id, size_t count, char *text, size_t capacity) {
  (void)context, (void)id, (void)count, (void)text, (void)capacity;
  return BATCH_TOKENIZER_FAILED;
}

/* Added tokens of tokenizer.json that strip, stand alone, are normalized, or hold blanks. */
static fuzz_token added[][4] = {
    {{"<|a|>", "s", 0}, {"<|a|>b", "", 0}, {"ab", "", 0}, {"abab", "s", 0}},
    {{"<think>", "l", 0}, {"</think>", "r", 0}, {"<mask>", "lrws", 0}, {"word", "wn", 0}},
    {{"  ", "n", 0}, {"   ", "n", 0}, {"r w", "n", 0}, {"caf\xC3\xA9 ", "n", 0}},
    {{"(c)word", "wn", 0}, {"a  b", "", 0}, {"\xE2\x84\xAB ", "n", 0}, {"<|endoftext|>", "s", 0}}};

static BatchTokenizer *make_bpe(unsigned number) {
  static const char *const normalizers[] = {"null", "{\"type\":\"NFC\"}", "{\"type\":\"NFKC\"}"};
  batch_tokenizer_options options = BATCH_TOKENIZER_OPTIONS_INIT;
  bpe_reference *r = calloc(1, sizeof *r);
  uint64_t state = number * 0x9E3779B97F4A7C15 + 1;
  bool ranks = number >= 24;
  bpe_reference_make(r, &state, 120, 5, ranks);
  options.specials = number % 2 ? BATCH_SPECIALS_ALLOW : BATCH_SPECIALS_IGNORE;
  options.split = !ranks ? BATCH_SPLIT_OF_FILE : number == 24 ? BATCH_SPLIT_CL100K : BATCH_SPLIT_O200K;
  if (!ranks) fuzz_number(r);
  fuzz_number_added(r, added[number % 4], 4);
  const char *path = ranks ? fuzz_write_ranks(r)
                           : fuzz_write_json(r, added[number % 4], 4, normalizers[number / 4 % 3],
                                             number < 12 ? FUZZ_SPLIT_GPT2 : FUZZ_SPLIT_LLAMA3);
  BatchTokenizer *tokenizer = batch_tokenizer_open(path, &options);
  free(r);
  return tokenizer;
}

static BatchTokenizer *make_pieces(unsigned number) {
  const fuzz_pieces how = {.bpe = number & 1,
                           .byte_fallback = number & 2,
                           .line_feeds = number & 4,
                           .squeezes = number & 8,
                           .prefix = number % 3 > 0,
                           .seed = number + 1};
  BatchTokenizer *tokenizer = batch_tokenizer_sentencepiece(fuzz_write_pieces(&how));
  return tokenizer || batch_last_error()->code != BATCH_ERROR_UNSUPPORTED ? tokenizer
                                                                          : batch_tokenizer_bytes(1);
}

static BatchTokenizer *make_tokenizer(unsigned number) {
  batch_tokenizer_functions hash = BATCH_TOKENIZER_FUNCTIONS_INIT;
  hash.encode = hash_encode;
  hash.decode = no_text;
  if (number == 0) return batch_tokenizer_bytes(1);
  if (number == 1) return batch_tokenizer_custom(&hash, NULL, 50000, 2);
  return number < FIRST_PIECES ? make_bpe(number - 2) : make_pieces(number - FIRST_PIECES);
}

static const BatchTokenizer *tokenizer_of(unsigned number) {
  static BatchTokenizer *made[TOKENIZERS];
  if (!made[number]) made[number] = make_tokenizer(number);
  if (!made[number]) fuzz_fail("no tokenizer %u", number);
  return made[number];
}

static void take_options(flow *f, fuzz_input *in) {
  static const batch_format formats[] = {BATCH_FORMAT_HEADERLESS, BATCH_FORMAT_DATATROVE,
                                         BATCH_FORMAT_LLMC_GPT2,  BATCH_FORMAT_LLMC_LLAMA3,
                                         BATCH_FORMAT_MEGATRON,   BATCH_FORMAT_NPY};
  unsigned what = fuzz_take_u8(in), how = fuzz_take_u8(in), tokenizer = fuzz_take_below(in, TOKENIZERS + 1);
  f->jsonl = what & 1;
  f->raw = (what & 3) == 3;
  f->text = (batch_text_options)BATCH_TEXT_OPTIONS_INIT;
  f->text.malformed = (batch_malformed)(what / 4 % 3);
  f->text.normal_form = (batch_normal_form)(how % 3);
  f->text.fold_case = (how & 0x30) == 0x10;
  f->text.squeeze_space = (how & 0xC0) == 0x40;
  f->options = (batch_dataset_options)BATCH_DATASET_OPTIONS_INIT;
  f->options.format = f->jsonl ? BATCH_FORMAT_JSONL : BATCH_FORMAT_TEXT;
  f->options.text = &f->text;
  f->options.tokenizer = tokenizer == TOKENIZERS ? NULL : tokenizer_of(tokenizer);
  f->options.separator = (batch_separator)(what / 16 % 3);
  f->options.end_of_text = (int32_t)fuzz_take_u8(in) << fuzz_take_below(in, 12);
  f->options.on_bad_line = f->jsonl ? (batch_bad_line)(what >> 7) : BATCH_BAD_LINE_STOP;
  f->options.temporary_directory = fuzz_folder();
  f->step = 4 + fuzz_take_u8(in);
  unsigned longest = fuzz_take_u8(in);
  f->options.longest_document = longest < 200 ? 0 : longest - 199;
  f->writer = (batch_writer_options)BATCH_WRITER_OPTIONS_INIT;
  f->writer.format = formats[fuzz_take_below(in, 6)];
  f->writer.shard_tokens = fuzz_take_u8(in);
  f->how = fuzz_take_u8(in);
}

/* The document as a member of a line: what must be escaped is, and some of the rest. */
static void put_line(bytes *line, fuzz_part text, unsigned how) {
  put_text(line, how & 1 ? "{\"id\": [1, {\"text\": 2}], \"text\": \"" : "{\"text\":\"");
  for (size_t i = 0; i < text.size; i++) {
    char escape[8];
    uint8_t c = text.data[i];
    snprintf(escape, sizeof escape, "\\u%04x", c);
    if (c < 0x20 || c == '"' || c == '\\' || (c < 0x80 && (how & 2)))
      put_text(line, escape);
    else
      put_u8(line, c);
  }
  put_text(line, how & 4 ? "\"}\r\n" : "\"}\n");
}

static void write_inputs(flow *f) {
  bytes lines = {0};
  for (size_t i = 0; i < f->count; i++) {
    char name[32];
    snprintf(name, sizeof name, "%zu.txt", i);
    if (!f->jsonl)
      snprintf(f->paths[f->num_paths++], sizeof f->paths[0], "%s", fuzz_write(name, f->documents[i]));
    else if (f->raw)
      put(&lines, f->documents[i].data, f->documents[i].size), put_text(&lines, "\n");
    else
      put_line(&lines, f->documents[i], f->how);
  }
  if (f->jsonl)
    snprintf(f->paths[f->num_paths++], sizeof f->paths[0], "%s",
             fuzz_write("a.jsonl", (fuzz_part){lines.data, lines.used}));
  free_bytes(&lines);
}

/* What the run has left, or why it did not end well. */
typedef struct result {
  batch_status status;
  char message[1024];
  fuzz_contents contents;
  uint64_t tokens, documents, bad_lines;
} result;

static bool note_progress(void *context, const batch_tokenize_progress *progress) {
  uint64_t *bad_lines = context;
  if (progress->bad_lines < *bad_lines) fuzz_fail("fewer bad lines than before");
  *bad_lines = progress->bad_lines;
  return true;
}

static void open_output(flow *f, result *r) {
  static const char *const patterns[] = {"*.bin", "*.ds", "*.bin", "*.bin", "*.bin", "*.npy"};
  unsigned format = f->writer.format == BATCH_FORMAT_HEADERLESS  ? 0
                    : f->writer.format == BATCH_FORMAT_DATATROVE ? 1
                    : f->writer.format == BATCH_FORMAT_NPY       ? 5
                                                                 : 2;
  const char *pattern = fuzz_output_again("out", patterns[format]);
  BatchDataset *dataset = batch_dataset_open(&pattern, 1, NULL);
  if (!dataset && r->tokens > 0) fuzz_fail("%d tokens were written, and cannot be read", (int)r->tokens);
  if (dataset) r->contents = fuzz_contents_of(dataset);
  batch_dataset_free(dataset);
}

static const char *const names[] = {[BATCH_FORMAT_HEADERLESS] = "x.bin", [BATCH_FORMAT_DATATROVE] = "x.ds",
                                    [BATCH_FORMAT_LLMC_GPT2] = "x.bin",  [BATCH_FORMAT_LLMC_LLAMA3] = "x.bin",
                                    [BATCH_FORMAT_MEGATRON] = "x.bin",   [BATCH_FORMAT_NPY] = "x.npy"};

static uint32_t vocab_size(const flow *f) {
  uint32_t ids = f->options.tokenizer ? batch_tokenizer_vocab_size(f->options.tokenizer) : 256;
  uint32_t end = f->options.separator ? (uint32_t)f->options.end_of_text + 1 : 0;
  return ids > end ? ids : end;
}

static void note_error(result *r, batch_status status) {
  r->status = status;
  snprintf(r->message, sizeof r->message, "%s", batch_last_error()->message);
  fuzz_check_refusal(NULL);
}

static result tokenize(flow *f, size_t step, uint32_t workers) {
  result r = {0};
  const char *paths[MOST_DOCUMENTS];
  for (size_t i = 0; i < f->num_paths; i++) paths[i] = f->paths[i];
  batch_dataset_options options = f->options;
  options.workers = workers;
  text_job_step = step;
  f->writer.vocab_size = vocab_size(f);
  BatchWriter *writer = batch_writer_create(fuzz_output("out", names[f->writer.format]), &f->writer);
  if (!writer) {
    note_error(&r, batch_last_error()->code);
    if (f->writer.format != BATCH_FORMAT_LLMC_GPT2 || f->writer.vocab_size <= 65536) fuzz_fail("no writer");
    return r;
  }
  batch_status status =
      batch_tokenize_files(paths, f->num_paths, &options, writer, note_progress, &r.bad_lines);
  if (status != BATCH_OK) note_error(&r, status);
  if (status == BATCH_OK && !batch_writer_finish(writer)) fuzz_fail("what was written cannot be finished");
  r.tokens = batch_writer_tokens(writer);
  r.documents = batch_writer_documents(writer);
  batch_writer_free(writer);
  if (status == BATCH_OK) open_output(f, &r);
  if (status != BATCH_OK && f->writer.shard_tokens == 0 && fuzz_output_count("out") != 0)
    fuzz_fail("a run that failed leaves something");
  text_job_step = WHOLE_STEP;
  return r;
}

static void free_result(result *r) {
  if (r->status == BATCH_OK) fuzz_contents_free(&r->contents);
}

/* Up to which byte something was looked at when it was found depends on the pieces: the words are compared. */
static bool same_words(const char *a, const char *b) {
  static const char place[] = "before byte ";
  const char *at = strstr(a, place), *there = strstr(b, place);
  if (!at || !there || at - a != there - b || strncmp(a, b, (size_t)(at - a)) != 0) return strcmp(a, b) == 0;
  at += sizeof place - 1;
  there += sizeof place - 1;
  return strcmp(at + strspn(at, "0123456789"), there + strspn(there, "0123456789")) == 0;
}

static void check_same_results(const result *a, const result *b, bool (*same)(const char *, const char *)) {
  if (a->status != b->status)
    fuzz_fail("%s, and in other pieces %s (%s)", batch_status_name(a->status), batch_status_name(b->status),
              a->status ? a->message : b->message);
  if (a->status != BATCH_OK && !same(a->message, b->message))
    fuzz_fail("\"%s\", and in other pieces \"%s\"", a->message, b->message);
  if (a->status != BATCH_OK) return;
  fuzz_check_same(&a->contents, &b->contents, "in other pieces");
  if (a->tokens != b->tokens || a->documents != b->documents || a->bad_lines != b->bad_lines)
    fuzz_fail("in other pieces, other counts");
}

static bool same_text(const char *a, const char *b) {
  return strcmp(a, b) == 0;
}

/* By several threads, the same to the letter. */
static void check_threads(flow *f, const result *alone, uint32_t threads) {
  if (threads < 2) return;
  result by_threads = tokenize(f, f->step, threads);
  check_same_results(alone, &by_threads, same_text);
  free_result(&by_threads);
}

/* Of all documents, one behind the other. */
typedef struct ids {
  int32_t *id;
  size_t count;
  uint64_t ends[MOST_DOCUMENTS];
} ids;

static void put_ids(ids *to, const int32_t *id, size_t count) {
  to->id = realloc(to->id, (to->count + count + 1) * sizeof *to->id);
  if (count) memcpy(to->id + to->count, id, count * sizeof *id);
  to->count += count;
}

static void encode_document(const flow *f, fuzz_part document, ids *to) {
  const BatchTokenizer *tokenizer = f->options.tokenizer ? f->options.tokenizer : tokenizer_of(0);
  const char *text = (const char *)document.data;
  size_t size = batch_text_normalize(text, document.size, &f->text, NULL, 0);
  if (size == BATCH_TOKENIZER_FAILED) fuzz_fail("a document cannot be normalized");
  char *normal = malloc(size + 1);
  batch_text_normalize(text, document.size, &f->text, normal, size);
  size_t count = batch_tokenizer_encode(tokenizer, normal, size, NULL, 0);
  if (count == BATCH_TOKENIZER_FAILED) fuzz_fail("a document cannot be encoded");
  int32_t *id = malloc((count + 1) * sizeof *id);
  batch_tokenizer_encode(tokenizer, normal, size, id, count);
  put_ids(to, id, count);
  free(id);
  free(normal);
}

static ids reference_of(const flow *f) {
  ids all = {0};
  for (size_t i = 0; i < f->count; i++) {
    if (f->options.separator == BATCH_SEPARATOR_BEFORE) put_ids(&all, &f->options.end_of_text, 1);
    encode_document(f, f->documents[i], &all);
    if (f->options.separator == BATCH_SEPARATOR_AFTER) put_ids(&all, &f->options.end_of_text, 1);
    all.ends[i] = all.count;
  }
  if (fuzz_control && all.count > 0) all.id[all.count / 2]++;
  return all;
}

static void check_ids(const ids *expected, const fuzz_contents *c, const char *what) {
  if (c->count != expected->count) fuzz_fail("%s: %zu ids, expected %zu", what, c->count, expected->count);
  for (size_t i = 0; i < c->count; i++)
    if (c->ids[i] != expected->id[i])
      fuzz_fail("%s: id %zu is %d, expected %d", what, i, c->ids[i], expected->id[i]);
}

/* The inputs of a loader's rows, in the order of the files, and the last target are the ids. */
static void check_loader(const fuzz_contents *c, const BatchDataset *dataset, unsigned how) {
  batch_loader_options o = BATCH_LOADER_OPTIONS_INIT;
  size_t at = 0;
  o.batch_size = 1 + how % 3;
  o.sequence_length = 1 + how / 3 % 17;
  o.shuffle = BATCH_SHUFFLE_NONE;
  o.mask_type = TENSOR_UINT8;
  BatchLoader *loader = batch_loader_create(dataset, &o);
  if (!loader) fuzz_fail("no loader");
  for (Batch *b; (b = batch_loader_next(loader)); batch_release(b))
    for (size_t i = 0; i < b->input.total_size; i++) {
      if (!b->mask.u8[i]) continue;
      if (at + 1 >= c->count || b->input.i32[i] != c->ids[at] || b->target.i32[i] != c->ids[at + 1])
        fuzz_fail("pair %zu of a loader is another one", at);
      at++;
    }
  if (batch_last_error()->code != BATCH_END || at + 1 != c->count)
    fuzz_fail("the loader ends behind %zu ids of %zu", at, c->count);
  batch_loader_free(loader);
}

/* The text itself, opened. */
static void check_opened(const flow *f, const result *r) {
  const char *paths[MOST_DOCUMENTS];
  for (size_t i = 0; i < f->num_paths; i++) paths[i] = f->paths[i];
  BatchDataset *dataset = batch_dataset_open(paths, f->num_paths, &f->options);
  if (!dataset) {
    fuzz_check_refusal(fuzz_folder());
    if (r->status == BATCH_OK && r->tokens > 0) fuzz_fail("what can be tokenized cannot be opened");
    return;
  }
  if (r->status != BATCH_OK) fuzz_fail("what can be opened cannot be tokenized: %s", r->message);
  fuzz_contents c = fuzz_contents_of(dataset);
  if (c.count != r->contents.count || memcmp(c.ids, r->contents.ids, c.count * sizeof *c.ids) != 0)
    fuzz_fail("opened, the text has other ids");
  if (c.fingerprint != r->contents.fingerprint) fuzz_fail("opened, the text has another fingerprint");
  if (c.documents != r->documents)
    fuzz_fail("opened, %d documents, tokenized %d", (int)c.documents, (int)r->documents);
  if (c.count > 1) check_loader(&c, dataset, f->how);
  fuzz_contents_free(&c);
  batch_dataset_free(dataset);
}

static bool all_well_formed(const flow *f) {
  for (size_t i = 0; i < f->count; i++)
    if (utf8_well_formed(f->documents[i].data, f->documents[i].size) < f->documents[i].size) return false;
  return true;
}

static bool has_boundaries(batch_format format) {
  return format == BATCH_FORMAT_DATATROVE || format == BATCH_FORMAT_MEGATRON;
}

static void check_reference(const flow *f, const result *r) {
  bool strict = f->text.malformed == BATCH_MALFORMED_ERROR, good = all_well_formed(f);
  if (strict && !good && f->options.on_bad_line == BATCH_BAD_LINE_STOP && r->status != BATCH_ERROR_FORMAT)
    fuzz_fail("malformed bytes are taken");
  if (f->options.longest_document || (strict && !good)) return;
  if (r->status != BATCH_OK) fuzz_fail("a good text is refused: %s", r->message);
  ids expected = reference_of(f);
  if (r->documents != f->count) fuzz_fail("%d documents of %d", (int)r->documents, (int)f->count);
  if (r->tokens != expected.count) fuzz_fail("%d tokens, expected %d", (int)r->tokens, (int)expected.count);
  if (r->contents.opened) check_ids(&expected, &r->contents, "tokenized");
  if (r->contents.opened && has_boundaries(f->writer.format))
    for (size_t i = 0; i < f->count; i++)
      if (i >= r->contents.num_ends || r->contents.ends[i] != expected.ends[i])
        fuzz_fail("document %zu ends elsewhere", i);
  free(expected.id);
}

static bool is_refused_by_writer(const flow *f) {
  return f->writer.format == BATCH_FORMAT_LLMC_GPT2 && vocab_size(f) > 65536;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  fuzz_input in = fuzz_begin(data, size);
  static flow f;
  f = (flow){0};
  if (size > MOST) return fuzz_end();
  take_options(&f, &in);
  do f.documents[f.count++] = fuzz_take_part(&in);
  while (f.count < MOST_DOCUMENTS && in.size > 0);
  write_inputs(&f);
  result at_once = tokenize(&f, WHOLE_STEP, 1), in_pieces = tokenize(&f, f.step, 1);
  check_same_results(&at_once, &in_pieces, same_words);
  check_threads(&f, &in_pieces, f.how / 64);
  if (!f.raw && !is_refused_by_writer(&f)) check_reference(&f, &at_once);
  if (!is_refused_by_writer(&f)) check_opened(&f, &at_once);
  free_result(&at_once);
  free_result(&in_pieces);
  return fuzz_end();
}

/* Text, lines of JSON, and the mark between documents. */
static bytes text_and_lines(uint64_t *state, size_t count, bool malformed) {
  static const char *const scraps[] = {FUZZ_MARK,
                                       FUZZ_MARK,
                                       "{\"text\":\"",
                                       "\"}",
                                       "{\"text\":[{\"text\":\"a b\",\"train\":false}]}",
                                       "\\ud83d\\ude00",
                                       "\\ud800",
                                       "\\n",
                                       "<|endoftext|>",
                                       " the water",
                                       "12345",
                                       "abab",
                                       "<think>",
                                       " </think>  ",
                                       " <mask> ",
                                       "word",
                                       "a  b",
                                       "r w",
                                       "(c)word",
                                       "\xE2\x84\xAB ",
                                       "  ",
                                       "\n",
                                       "\xE2\x96\x81"};
  if (random_below(state, 2)) return random_text(state, count, malformed);
  bytes b = {0};
  put_text(&b, scraps[random_below(state, sizeof scraps / sizeof *scraps)]);
  return b;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t most, unsigned seed) {
  return mutate_text(data, size, most, seed, HEAD, text_and_lines);
}
