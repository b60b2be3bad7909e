/* Memory that runs out while datasets are opened and shards are written: nothing leaks, nothing is left. */
#include "support/dataset_check.h"
#include "support/failing_memory.h"
#include "support/files.h"
#include "text/pipeline/job.h"

#include <stdlib.h>

TestSuite(dataset_memory, .init = files_begin, .fini = files_end);

/* A word of every message about lack of memory. */
static const char name[] = "memory";

typedef struct opening {
  const char *paths[3];
  size_t count;
  batch_dataset_options options;
} opening;

static bool open_and_read(void *context) {
  const opening *o = context;
  int32_t ids[4];
  uint64_t fingerprint;
  BatchDataset *dataset = batch_dataset_open(o->paths, o->count, &o->options);
  bool done =
      dataset && batch_dataset_read(dataset, 0, 4, ids) && batch_dataset_fingerprint(dataset, &fingerprint);
  batch_dataset_free(dataset);
  return done;
}

Test(dataset_memory, opening_token_files) {
  static const uint16_t tokens[] = {1, 2, 3, 4};
  write_data("a.bin", tokens, sizeof tokens);
  write_data("b.bin", tokens, sizeof tokens);
  write_data("c.ds", tokens, sizeof tokens);
  write_data("c.ds.index", (uint64_t[]){1, 4}, 16);
  write_data("b.bin.loss", "\1\0\1\0", 4);
  write_data("c.ds.loss", "\7", 1);
  opening o = {{path_of("?.bin"), path_of("c.ds"), write_data("d.u16", tokens, sizeof tokens)},
               3,
               BATCH_DATASET_OPTIONS_INIT};
  o.options.separator = BATCH_SEPARATOR_AFTER;
  o.options.end_of_text = 2;
  cr_assert_gt(inject_failures(name, open_and_read, &o), 20);
}

static bool open_memory(void *context) {
  static const uint16_t tokens[] = {1, 2, 3, 4};
  static const uint64_t ends[] = {1, 4};
  batch_memory memory = BATCH_MEMORY_INIT;
  memory.tokens = tokens;
  memory.count = 4;
  memory.token_type = BATCH_TOKEN_U16;
  memory.loss = (const uint8_t[]){1, 0, 1, 0};
  if (!context) memory.document_ends = ends, memory.documents = 2;
  BatchDataset *dataset = batch_dataset_from_memory(&memory, context);
  batch_dataset_free(dataset);
  return dataset;
}

Test(dataset_memory, tokens_in_memory) {
  batch_dataset_options options = BATCH_DATASET_OPTIONS_INIT;
  options.separator = BATCH_SEPARATOR_BEFORE;
  options.end_of_text = 3;
  cr_assert_gt(inject_failures(name, open_memory, NULL), 3);
  cr_assert_gt(inject_failures(name, open_memory, &options), 5);
}

Test(dataset_memory, a_subset) {
  static const uint16_t tokens[1000];
  uint64_t ends[1000];
  for (uint64_t i = 0; i < 1000; i++) ends[i] = i + 1;
  write_data("c.ds.index", ends, sizeof ends);
  opening o = {{write_data("c.ds", tokens, sizeof tokens)}, 1, BATCH_DATASET_OPTIONS_INIT};
  o.options.subset = BATCH_SUBSET_VALIDATION;
  o.options.validation_fraction = 0.5; /* some 250 runs of documents */
  cr_assert_gt(inject_failures(name, open_and_read, &o), 8);
}

Test(dataset_memory, tokenizing_text) {
  opening o = {
      {write_text("a.txt", "text\xff text"),
       write_text("b.jsonl", "{\"text\":\"abc\"}\n{\"text\":[{\"text\":\"d\",\"tr\\u0061in\":0}]}\n")},
      2,
      BATCH_DATASET_OPTIONS_INIT};
  batch_text_options how = BATCH_TEXT_OPTIONS_INIT;
  how.malformed = BATCH_MALFORMED_REPLACE;
  how.squeeze_space = true;
  o.options.text = &how;
  cr_assert_gt(inject_failures(name, open_and_read, &o), 20);
}

Test(dataset_memory, tokenizing_messages_and_prompts) {
  batch_span_options spans = {.size = sizeof spans, .kind = BATCH_SPANS_MESSAGES, .before = "{role}: "};
  opening o = {
      {write_text("a.jsonl",
                  "{\"messages\":[{\"role\":\"us\\u0065r\",\"content\":[{\"type\":\"text\",\"text\":\"a\"}]},"
                  "{\"role\":\"assistant\",\"content\":\"bc\"}]}\n")},
      1,
      BATCH_DATASET_OPTIONS_INIT};
  o.options.spans = &spans;
  cr_assert_gt(inject_failures(name, open_and_read, &o), 10);
  write_text("a.jsonl", "{\"prompt\":\"ab\",\"completion\":\"cd\"}\n");
  spans = (batch_span_options){.size = sizeof spans, .kind = BATCH_SPANS_PROMPT};
  cr_assert_gt(inject_failures(name, open_and_read, &o), 10);
}

/* Lines, and text with blanks, of which a job holds a few. */
static void open_with_workers(opening *o, batch_text_options *how) {
  bytes lines = {0}, text = {0};
  for (int i = 0; i < 30; i++) {
    put_text(&lines, i % 4 == 3 ? "no JSON\n"
                     : i % 4 == 2
                         ? "{\"text\":[{\"text\":\"a few\",\"train\":0},{\"text\":\" words\xff \"}]}\n"
                         : "{\"text\":\"a few words\xff \"}\n");
    put_text(&text, "a few  words\xff\n");
  }
  *o =
      (opening){{write_bytes("a.txt", &text), write_bytes("b.jsonl", &lines)}, 2, BATCH_DATASET_OPTIONS_INIT};
  how->malformed = BATCH_MALFORMED_REPLACE;
  how->squeeze_space = true;
  o->options.text = how;
  o->options.on_bad_line = BATCH_BAD_LINE_SKIP;
  o->options.workers = 3;
  text_job_step = 100;
}

Test(dataset_memory, tokenizing_text_with_workers) {
  opening o;
  batch_text_options how = BATCH_TEXT_OPTIONS_INIT;
  open_with_workers(&o, &how);
  cr_assert_gt(inject_failures(name, open_and_read, &o), 40);
}

Test(dataset_memory, threads_that_cannot_be_made_are_done_without) {
  opening o;
  batch_text_options how = BATCH_TEXT_OPTIONS_INIT;
  open_with_workers(&o, &how);
  for (unsigned first = 1; first < 10; first++) { /* of three workers and a reader for each of two files */
    memory_threads_fail_at(first);
    size_t before = memory_live();
    cr_assert(open_and_read(&o), "%s", batch_last_error()->message);
    cr_assert_eq(memory_live(), before);
  }
  memory_threads_fail_at(0);
}

static bool write_pair(void *context) {
  batch_writer_options options = BATCH_WRITER_OPTIONS_INIT;
  options.format = BATCH_FORMAT_MEGATRON;
  options.shard_tokens = 2;
  options.overwrite = true;
  BatchWriter *writer = batch_writer_create(context, &options);
  bool done = writer != NULL;
  for (uint32_t i = 0; done && i < 3; i++)
    done = batch_writer_append_masked(writer, (int32_t[]){i, i}, (uint8_t[]){1, i != 1}, 2) &&
           batch_writer_end_document(writer);
  done = done && batch_writer_finish(writer);
  batch_writer_free(writer);
  return done;
}

Test(dataset_memory, writing_shards) {
  char path[256];
  snprintf(path, sizeof path, "%s", path_of("out.bin"));
  cr_assert_gt(inject_failures(name, write_pair, path), 20);
  cr_assert_eq(files_count(), 8, "temporary files were left");
}

static bool normalize(void *context) {
  const batch_text_options options = {
      .size = sizeof(batch_text_options), .malformed = BATCH_MALFORMED_REPLACE, .squeeze_space = true};
  char out[64];
  (void)context;
  return batch_text_normalize("a \xff b", 6, &options, out, sizeof out) != BATCH_TOKENIZER_FAILED;
}

static bool make_tokenizer(void *context) {
  (void)context;
  BatchTokenizer *tokenizer = batch_tokenizer_bytes(1);
  batch_tokenizer_free(tokenizer);
  return tokenizer != NULL;
}

static size_t make_nothing(void *context, const char *text, size_t count, int32_t *ids, size_t capacity) {
  (void)context, (void)text, (void)count, (void)ids, (void)capacity;
  return 0;
}

static size_t decode_longer(void *context, const int32_t *ids, size_t count, char *text, size_t capacity) {
  (void)context, (void)ids;
  size_t longer = 2000 * count;
  memset(text, 'x', longer < capacity ? longer : capacity);
  return longer;
}

/* Ids are held, and their text is longer than was thought. */
static bool decode_in_parts(void *context) {
  static const int32_t ids[100];
  const char *text;
  size_t length;
  BatchDecoder *decoder = batch_decoder_create(context);
  bool good = decoder && batch_decoder_feed(decoder, ids, 3, false, &text, &length) &&
              batch_decoder_feed(decoder, ids, 100, true, &text, &length);
  cr_assert(!good || length == 206000);
  batch_decoder_free(decoder);
  return good;
}

Test(dataset_memory, decoding_in_parts) {
  BatchTokenizer *tokenizer = batch_tokenizer_custom(
      &(batch_tokenizer_functions){
          .size = sizeof(batch_tokenizer_functions), .encode = make_nothing, .decode = decode_longer},
      NULL, 10, BATCH_NO_TOKEN);
  cr_assert_gt(inject_failures(name, decode_in_parts, tokenizer), 3);
  batch_tokenizer_free(tokenizer);
}

Test(dataset_memory, tokenizers_and_normalization) {
  cr_assert_gt(inject_failures(name, normalize, NULL), 0);
  cr_assert_gt(inject_failures(name, make_tokenizer, NULL), 0);
}
