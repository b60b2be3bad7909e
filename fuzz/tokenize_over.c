/* Runs of tokenizing over each other, under a name of each extension: other formats and sizes of shards, replacing, going on,
   stopped, killed. What is read afterwards is a whole run, the one before or this one; without replacing, whole shards of
   this one from its start. A run that goes on ends as it would have ended at once. */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/contents.h"
#include "support/feed.h"
#include "support/files.h"
#include "support/fuzz.h"
#include "support/outputs.h"
#include "support/raw_tokens.h"

enum { TEXTS = 3, MASKED = 2, MOST_DOCUMENTS = 12, MOST_IDS = 1000, RUNS = 6, VOCABULARY = 257 };

/* A .jsonl file, and what becomes of it. */
typedef struct text {
  char path[200];
  int32_t ids[MOST_IDS];
  uint8_t loss[MOST_IDS];
  size_t ends[MOST_DOCUMENTS], documents;
} text;

typedef struct run {
  unsigned text;
  batch_writer_options options;
  unsigned stops_after; /* documents; 0: it does not */
  enum { STOPS, IS_KILLED, IS_DROPPED } how;
  bool in_child;
} run;

/* What lies there: the first documents of a text. */
typedef struct content {
  int text; /* -1: nothing */
  size_t documents;
  bool whole;
  batch_format format;
  size_t files;
} content;

/* A name that runs write to. */
typedef struct place {
  const char *name, *pattern, *hidden;
  run unfinished; /* whose first shards are what lies there; its text is TEXTS: there is none */
  content now;
} place;

static text texts[TEXTS];
static place places[] = {{.name = "x.bin", .pattern = "x*.bin", .hidden = ".x.bin.headrace"},
                         {.name = "x.ds", .pattern = "x*.ds", .hidden = ".x.ds.headrace"},
                         {.name = "x.npy", .pattern = "x*.npy", .hidden = ".x.npy.headrace"}};
enum { PLACES = sizeof places / sizeof *places };

static place *place_of(const run *r) {
  return &places[r->options.format == BATCH_FORMAT_DATATROVE ? 1
                 : r->options.format == BATCH_FORMAT_NPY     ? 2
                                                             : 0];
}

static void put_document(text *t, bytes *lines, unsigned number, unsigned letter, unsigned length,
                         bool masked) {
  size_t at = number ? t->ends[number - 1] : 0;
  char letters[40];
  memset(letters, 'a' + (int)(letter % 26), length);
  letters[length] = 0;
  put_text(lines, masked ? "{\"text\":[{\"text\":\"" : "{\"text\":\"");
  put_text(lines, letters);
  put_text(lines, masked ? "\",\"train\":false}]}\n" : "\"}\n");
  for (unsigned i = 0; i < length; i++, at++) t->ids[at] = (unsigned char)letters[i], t->loss[at] = !masked;
  t->ids[at] = VOCABULARY - 1;
  t->loss[at++] = 1;
  t->ends[number] = at;
}

static void write_texts(fuzz_input *in) {
  for (unsigned v = 0; v < TEXTS; v++) {
    bytes lines = {0};
    char name[16];
    bool masks = v == MASKED;
    texts[v].documents = 1 + fuzz_take_below(in, MOST_DOCUMENTS);
    for (unsigned i = 0; i < texts[v].documents; i++)
      put_document(&texts[v], &lines, i, v * 9 + i, 1 + fuzz_take_below(in, 30), masks && i % 3 == 2);
    snprintf(name, sizeof name, "%u.jsonl", v);
    snprintf(texts[v].path, sizeof texts[v].path, "%s",
             fuzz_write(name, (fuzz_part){lines.data, lines.used}));
    free_bytes(&lines);
  }
}

static run take_run(fuzz_input *in) {
  static const batch_format formats[] = {BATCH_FORMAT_HEADERLESS, BATCH_FORMAT_MEGATRON,
                                         BATCH_FORMAT_LLMC_GPT2, BATCH_FORMAT_LLMC_LLAMA3};
  unsigned how = fuzz_take_u8(in), what = fuzz_take_u8(in);
  run r = {.text = what % TEXTS, .options = BATCH_WRITER_OPTIONS_INIT};
  unsigned other = what / (8 * TEXTS) % 4;
  r.options.format = other == 1 ? BATCH_FORMAT_DATATROVE : other == 2 ? BATCH_FORMAT_NPY : formats[how % 4];
  r.options.vocab_size = how & 4 ? 70000 : VOCABULARY;
  if (r.options.format == BATCH_FORMAT_LLMC_GPT2) r.options.vocab_size = VOCABULARY;
  r.options.shard_tokens = how & 8 ? 1 + fuzz_take_below(in, 60) : 0;
  r.options.overwrite = (how & 0x30) == 0x10 || (how & 0x30) == 0x30;
  r.options.continue_run = (how & 0x30) == 0x20;
  r.stops_after = how & 0x40 ? 1 + fuzz_take_below(in, MOST_DOCUMENTS) : 0;
  r.how = what / TEXTS % 8 == 0 ? IS_KILLED : what / TEXTS % 8 < 6 ? STOPS : IS_DROPPED;
  return r;
}

static bool ends(const run *r) {
  return r->stops_after == 0 || r->stops_after > texts[r->text].documents;
}

/* Called after every document. */
static bool stop(void *context, const batch_tokenize_progress *progress) {
  const run *r = context;
  if (r->stops_after == 0 || progress->documents < r->stops_after) return true;
  if (r->how == IS_KILLED && r->in_child) _exit(0);
  return r->how == IS_DROPPED;
}

static batch_status tokenize(run *r, BatchWriter *writer) {
  const char *path = texts[r->text].path;
  batch_dataset_options options = BATCH_DATASET_OPTIONS_INIT;
  options.separator = BATCH_SEPARATOR_AFTER;
  options.end_of_text = VOCABULARY - 1;
  options.workers = 1;
  return batch_tokenize_files(&path, 1, &options, writer, stop, r);
}

/* Returns whether it says that all is written and in its place. */
static bool go(run *r) {
  BatchWriter *writer = batch_writer_create(fuzz_output_again("over", place_of(r)->name), &r->options);
  if (!writer) {
    fuzz_check_refusal(fuzz_folder());
    return false;
  }
  batch_status status = tokenize(r, writer);
  if (status != BATCH_OK && status != BATCH_CLOSED) fuzz_check_refusal(fuzz_folder());
  bool good = status == BATCH_OK && (r->how != IS_DROPPED || ends(r));
  if (good && !batch_writer_finish(writer)) fuzz_fail("the end is refused");
  batch_writer_free(writer);
  return good;
}

/* In a process that ends in the middle of it. */
static bool go_in_child(run *r) {
  pid_t child = fork(), ended;
  int status;
  if (child < 0) fuzz_fail("no child");
  if (child == 0) {
    r->in_child = true;
    go(r);
    _exit(1);
  }
  do ended = waitpid(child, &status, 0);
  while (ended < 0 && errno == EINTR); /* libFuzzer's alarm */
  if (ended != child || !WIFEXITED(status)) fuzz_fail("the child did not end as it should");
  return false;
}

static bool has_boundaries(const content *found) {
  return found->format == BATCH_FORMAT_DATATROVE || found->format == BATCH_FORMAT_MEGATRON;
}

/* Whether it is the first documents of a text, and what of them is to be learnt. */
static bool is_content(const fuzz_contents *c, bool boundaries, const text *t, size_t documents) {
  size_t ids = documents ? t->ends[documents - 1] : 0;
  if (c->count != ids || memcmp(c->ids, t->ids, ids * sizeof *c->ids) != 0) return false;
  for (size_t i = 0; i < documents && boundaries; i++)
    if (i >= c->num_ends || c->ends[i] != t->ends[i]) return false;
  return memcmp(c->loss, t->loss, ids) == 0;
}

static void find_text(const fuzz_contents *c, content *found) {
  for (int v = 0; v < TEXTS; v++)
    for (size_t d = texts[v].documents; d > 0; d--)
      if (is_content(c, has_boundaries(found), &texts[v], d)) {
        found->text = v;
        found->documents = d;
        found->whole = d == texts[v].documents;
        return;
      }
  fuzz_fail("what lies there is of no run");
}

static content look(const place *p) {
  content found = {.text = -1};
  const char *pattern = fuzz_output_again("over", p->pattern);
  BatchDataset *dataset = batch_dataset_open(&pattern, 1, NULL);
  if (!dataset) {
    if (batch_last_error()->code != BATCH_ERROR_IO) fuzz_fail("what lies there cannot be read");
    return found;
  }
  batch_dataset_file file = BATCH_DATASET_FILE_INIT;
  fuzz_contents c = fuzz_contents_of(dataset);
  found.files = batch_dataset_files(dataset);
  for (size_t i = 0; i < found.files; i++) {
    if (!batch_dataset_get_file(dataset, i, &file)) fuzz_fail("file %zu is not known", i);
    if (i > 0 && file.format != found.format) fuzz_fail("files of two formats lie there");
    found.format = file.format;
  }
  find_text(&c, &found);
  if (!fuzz_control) fuzz_check_raw(dataset, NULL, &c);
  fuzz_check_feed(&c, dataset, (unsigned)(c.count + found.files));
  fuzz_contents_free(&c);
  batch_dataset_free(dataset);
  return found;
}

static bool same(content a, content b) {
  return a.text == b.text &&
         (a.text < 0 || (a.documents == b.documents && a.format == b.format && a.files == b.files));
}

/* Of how many shards the first documents are; 0: they are not whole ones. A shard ends with the document in which it has so
   many tokens. */
static size_t shards_of(const run *r, size_t documents) {
  const text *t = &texts[r->text];
  size_t shards = 0, begin = 0, whole = 0;
  for (size_t i = 0; i < documents; i++) {
    bool full = r->options.shard_tokens > 0 && t->ends[i] - begin >= r->options.shard_tokens;
    if (!full && i + 1 < t->documents) continue;
    shards++;
    begin = t->ends[i];
    whole = i + 1;
  }
  return whole == documents ? shards : 0;
}

/* What lies beside tokens is of this run: an index, or a loss mask, of the one before is none of it. */
static void check_companions(const run *r) {
  DIR *folder = opendir(fuzz_path("over"));
  const char *stem = strchr(place_of(r)->name, '.');
  bool megatron = r->options.format == BATCH_FORMAT_MEGATRON;
  for (const struct dirent *e; (e = readdir(folder));) {
    const char *dot = strchr(e->d_name, '.'), *loss = dot ? strstr(dot, ".loss") : NULL;
    if (*e->d_name != 'x' || !dot) continue;
    if (strcmp(dot, ".idx") == 0 && stem == strstr(stem, ".bin") && !megatron)
      fuzz_fail("%s is left of another run", e->d_name);
    if (loss && strncmp(dot, stem, strlen(stem)) == 0 && r->text != MASKED)
      fuzz_fail("%s is left of another run", e->d_name);
  }
  closedir(folder);
}

static void check_done(const run *r, content now) {
  const size_t files = shards_of(r, texts[r->text].documents);
  if (now.text != (int)r->text || !now.whole)
    fuzz_fail("text %u is not what lies there, or not all of it", r->text);
  if (now.format != r->options.format) fuzz_fail("another format lies there");
  if (now.files != files + fuzz_control) fuzz_fail("%zu files, expected %zu", now.files, files);
  if (access(fuzz_output_again("over", place_of(r)->hidden), F_OK) == 0) fuzz_fail("a hidden folder is left");
  check_companions(r);
}

/* Without replacing, whole shards of the text may be there, if there were none of another run. */
static bool has_come_on(const run *r, content before, content now) {
  if (r->options.overwrite || r->options.shard_tokens == 0 || now.text != (int)r->text) return false;
  if (now.format != r->options.format || now.files != shards_of(r, now.documents)) return false;
  return before.text < 0 || (r->options.continue_run && before.text == now.text &&
                             before.format == now.format && before.documents <= now.documents);
}

static bool same_run(const run *a, const run *b) {
  return a->text == b->text && a->options.format == b->options.format &&
         a->options.vocab_size == b->options.vocab_size && a->options.shard_tokens == b->options.shard_tokens;
}

static bool must_end(const run *r, const place *p) {
  return ends(r) && (p->now.text < 0 || r->options.overwrite ||
                     (r->options.continue_run && same_run(r, &p->unfinished)));
}

/* Runs to one name leave the others as they were. */
static void check_places(void) {
  for (const place *p = places; p < places + PLACES; p++)
    if (!same(p->now, look(p))) fuzz_fail("%s was changed by runs to another name", p->name);
}

static void check_run(run *r) {
  place *p = place_of(r);
  content before = p->now;
  bool must = must_end(r, p), done = r->how == IS_KILLED && !ends(r) ? go_in_child(r) : go(r);
  p->now = look(p);
  if (must && !done) fuzz_fail("nothing is in the way of a run, and it does not end");
  if (done)
    check_done(r, p->now);
  else if (!same(before, p->now) && !has_come_on(r, before, p->now))
    fuzz_fail("a run that did not end changes what was there, or leaves parts of shards");
  if (done)
    p->unfinished.text = TEXTS;
  else if (!same(before, p->now))
    p->unfinished = *r;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static const char foreign[] = "nobody's";
  fuzz_input in = fuzz_begin(data, size);
  write_texts(&in);
  for (place *p = places; p < places + PLACES; p++)
    p->unfinished = (run){.text = TEXTS}, p->now = (content){.text = -1};
  fuzz_output("over", "x.bin");
  fuzz_write("over/other.bin", (fuzz_part){(const uint8_t *)foreign, sizeof foreign});
  for (int i = 0; i < RUNS && (in.size > 0 || i == 0); i++) {
    run r = take_run(&in);
    check_run(&r);
  }
  check_places();
  bytes other = read_bytes(fuzz_output_again("over", "other.bin"));
  if (other.used != sizeof foreign || memcmp(other.data, foreign, other.used) != 0)
    fuzz_fail("another file is changed");
  free_bytes(&other);
  return fuzz_end();
}
