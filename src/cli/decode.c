/* headrace decode: from files of tokens back to text. */
#include "decode.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "decode_text.h"
#include "documents.h"
#include "progress.h"
#include "stop.h"
#include "token_input.h"

typedef struct decode_run {
  const decode_options *options;
  BatchDataset *dataset;
  BatchTokenizer *bytes; /* where no tokenizer is named */
  BatchDecoder *decoder;
  output out;
  decode_text text;
  documents documents;
  progress bar;
  uint64_t tokens, num_documents;
} decode_run;

static const BatchTokenizer *tokenizer_of(const decode_run *run) {
  return run->bytes ? run->bytes : run->options->data.tokenizer;
}

static int settle_separator(decode_run *run) {
  const separator_options *o = &run->options->data.separator;
  documents *d = &run->documents;
  batch_separator usual = BATCH_SEPARATOR_NONE;
  int status = o->place < 0 ? token_input_usual_separator(decode_name, run->dataset, &usual) : CLI_OK;
  if (status == CLI_OK)
    status = separator_settle(o, decode_name, usual, tokenizer_of(run), &d->separator, &d->end_of_text);
  if (status != CLI_OK) return status;
  if (d->separator && d->end_of_text < 0 && o->place >= 0) return separator_lacks_id(decode_name);
  if (d->end_of_text < 0) d->separator = BATCH_SEPARATOR_NONE;
  return CLI_OK;
}

static int settle_part(decode_run *run) {
  const decode_options *o = run->options;
  documents *d = &run->documents;
  uint64_t tokens = batch_dataset_tokens(run->dataset);
  if (o->start > tokens)
    return cli_usage_error(decode_name, "--start is %s, expected at most %s, the tokens that there are",
                           cli_thousands(o->start), cli_thousands(tokens));
  d->dataset = run->dataset;
  d->keep = o->keep;
  d->start = o->start;
  d->end = o->tokens < tokens - o->start ? o->start + o->tokens : tokens;
  d->first = o->first;
  d->last = o->last;
  return CLI_OK;
}

/* *there: whether anything is under that path. */
static int look_at(const char *path, struct stat *status, bool *there) {
  *there = stat(path, status) == 0;
  return *there || errno == ENOENT ? CLI_OK : cli_error(decode_name, "%s: stat: %s", path, strerror(errno));
}

/* Nothing is written over what is read. */
static int check_files(const decode_run *run) {
  struct stat in, out;
  bool there;
  const char *path = run->options->output;
  if (!output_is_file(path)) return CLI_OK;
  int status = look_at(path, &out, &there);
  if (status != CLI_OK || !there) return status;
  batch_dataset_file file = BATCH_DATASET_FILE_INIT;
  for (size_t i = 0; i < batch_dataset_files(run->dataset) && status == CLI_OK; i++) {
    if (!batch_dataset_get_file(run->dataset, i, &file)) continue;
    status = look_at(file.path, &in, &there);
    if (status == CLI_OK && there && in.st_dev == out.st_dev && in.st_ino == out.st_ino)
      return cli_usage_error(decode_name, "%s: is read and would be replaced, expected another output", path);
  }
  return status;
}

static bool show_progress(decode_run *run) {
  const documents *d = &run->documents;
  if (stop_asked()) return false;
  if (!progress_is_due(&run->bar)) return true;
  uint64_t width = batch_dataset_width(run->dataset), at = d->at > d->start ? d->at - d->start : 0;
  progress_draw(&run->bar, at * width, (d->end - d->start) * width, cli_bytes((double)run->out.bytes));
  return true;
}

/* ids of a document, and what becomes of them. */
static bool write_piece(decode_run *run, const document_piece *piece) {
  const char *text;
  size_t bytes;
  run->tokens += piece->count;
  run->num_documents += piece->ends;
  return (!piece->begins || decode_text_begin(&run->text)) &&
         batch_decoder_feed(run->decoder, piece->ids, piece->count, piece->ends, &text, &bytes) &&
         decode_text_put(&run->text, text, bytes) && (!piece->ends || decode_text_end(&run->text));
}

/* The library's error, and where it came. */
static int say_where(const decode_run *run, const document_piece *piece) {
  batch_dataset_file file = BATCH_DATASET_FILE_INIT;
  bool malformed =
      batch_last_error()->code == BATCH_ERROR_FORMAT && run->text.malformed == BATCH_MALFORMED_ERROR;
  const char *said = cli_library_sentence(), *advice = malformed ? " (or say --malformed replace)" : "";
  if (!run->dataset) return cli_error(decode_name, "--ids: %s%s", said, advice);
  if (!token_input_find(run->dataset, piece->first, &file)) return cli_library_error(decode_name);
  return cli_error(decode_name, "%s: in document %s, token %s of %s and what follows: %s%s", file.path,
                   cli_thousands(run->documents.document - piece->ends),
                   cli_thousands(piece->first - file.first_token),
                   token_input_counted(&run->options->data.dataset), said, advice);
}

/* All of them were passed over, and counted. */
static int no_such_document(const decode_run *run) {
  return cli_usage_error(decode_name,
                         "--documents begins with %s, expected less than %s, the documents that there are",
                         cli_thousands(run->options->first), cli_thousands(run->documents.document));
}

/* CLI_OK, or what went wrong, having said it; the output may have failed. */
static int write_documents(decode_run *run) {
  document_piece piece;
  while (documents_next(&run->documents, &piece)) {
    batch_clear_error();
    if (!write_piece(run, &piece)) {
      if (run->out.failed) return CLI_OK;
      return batch_last_error()->code ? say_where(run, &piece)
                                      : cli_error(decode_name, "no memory for a text");
    }
    if (!show_progress(run)) break;
  }
  if (run->documents.failed) return documents_fail(&run->documents, decode_name);
  return run->options->by_documents && run->num_documents == 0 && !stop_asked() ? no_such_document(run)
                                                                                : CLI_OK;
}

static bool take_id(const char **at, int32_t *id) {
  char *end;
  *at += strspn(*at, " \t\n,");
  errno = 0;
  unsigned long value = strtoul(*at, &end, 10);
  bool good =
      **at >= '0' && **at <= '9' && errno == 0 && value <= INT32_MAX && (!*end || strchr(" \t\n,", *end));
  *at = end;
  *id = (int32_t)value;
  return good;
}

static int write_ids(decode_run *run) {
  const char *at = run->options->ids, *end = at + strlen(at);
  while (end > at && strchr(" \t\n,", end[-1])) end--;
  int32_t *ids = malloc(((size_t)(end - at) + 1) * sizeof *ids);
  document_piece piece = {.ids = ids, .begins = true, .ends = true};
  bool good = ids;
  while (good && at < end) good = take_id(&at, &ids[piece.count++]);
  int status = !ids    ? cli_error(decode_name, "no memory for --ids")
               : !good ? cli_usage_error(decode_name, "--ids is '%s', expected ids with blanks between them",
                                         run->options->ids)
                       : CLI_OK;
  batch_clear_error();
  if (status == CLI_OK && !write_piece(run, &piece) && !run->out.failed) status = say_where(run, &piece);
  free(ids);
  return status;
}

static void print_summary(const decode_run *run) {
  double seconds = progress_seconds(&run->bar);
  printf("%s in %s, %s of text, %.1f s, %s/s\n", cli_count(run->tokens, "token"),
         cli_count(run->num_documents, "document"), cli_bytes((double)run->out.bytes), seconds,
         cli_bytes((double)run->out.bytes / seconds));
}

static int write_all(decode_run *run) {
  const decode_options *o = run->options;
  bool shown = !o->quiet && !o->ids && (run->out.path || !isatty(STDOUT_FILENO));
  progress_start(&run->bar, !shown);
  int status = o->ids ? write_ids(run) : write_documents(run);
  progress_end(&run->bar);
  if (status == CLI_OK && stop_asked())
    status = cli_error(decode_name, "stopped by a signal; nothing is written");
  if (status == CLI_OK) status = output_finish(&run->out);
  if (status != CLI_OK || !run->out.path || o->quiet) return status;
  print_summary(run);
  return cli_finish_output(decode_name);
}

static int open_files(decode_run *run, const char *const *paths, size_t n) {
  batch_dataset_options options = run->options->data.dataset;
  options.loss = BATCH_LOSS_NONE; /* the text is the same */
  int status = token_input_open(decode_name, paths, n, &options, &run->dataset);
  if (status == CLI_OK) status = check_files(run);
  if (status == CLI_OK) status = settle_separator(run);
  return status == CLI_OK ? settle_part(run) : status;
}

/* Signals end what writes to the standard output as they end any program: who reads a pipe may not, and then there is no
   time to look whether one came. */
static int decode(decode_run *run, const char *const *paths, size_t n) {
  const decode_options *o = run->options;
  if (!o->data.tokenizer) run->bytes = batch_tokenizer_bytes(1);
  run->decoder = tokenizer_of(run) ? batch_decoder_create(tokenizer_of(run)) : NULL;
  if (!run->decoder) return cli_library_error(decode_name);
  batch_malformed usual = o->jsonl ? BATCH_MALFORMED_ERROR : BATCH_MALFORMED_KEEP;
  run->text = (decode_text){.out = &run->out,
                            .jsonl = o->jsonl,
                            .field = o->data.dataset.text_field ? o->data.dataset.text_field : "text",
                            .malformed = decode_says_malformed(o) ? o->data.text.malformed : usual};
  int status = o->ids ? CLI_OK : open_files(run, paths, n);
  if (output_is_file(o->output)) stop_watch();
  if (status == CLI_OK) status = output_open(&run->out, decode_name, o->output, o->force);
  if (status != CLI_OK) return status;
  status = write_all(run);
  output_drop(&run->out);
  return status;
}

int command_decode(int argc, char **argv) {
  decode_options options = DECODE_OPTIONS_INIT;
  decode_run run = {.options = &options};
  int status = decode_options_take(&options, argc, argv);
  if (status == CLI_OK && !options.help)
    status = decode(&run, (const char *const *)argv + optind, (size_t)(argc - optind));
  documents_free(&run.documents);
  decode_text_free(&run.text);
  batch_decoder_free(run.decoder);
  batch_tokenizer_free(run.bytes);
  batch_dataset_free(run.dataset);
  data_options_free(&options.data);
  stop_die();
  return status;
}
