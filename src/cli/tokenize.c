/* headrace tokenize: turns text and .jsonl, compressed or not, into shards of tokens. */
#include "tokenize.h"
#include "help.h"
#include "output.h"

#include <string.h>

#include "stop.h"
#include "writer_options.h"

const char tokenize_name[] = "tokenize";

static const char *const name = tokenize_name;

static int print_help(void) {
  return help_print(
      name, "headrace tokenize [OPTION...] --output FILE INPUT...\n",
      (const char *const[]){
          "Writes the tokens of text and .jsonl, plain or compressed with zstd or gzip.\n"
          "INPUT is a file, a directory or a quoted pattern. FILE appears, whole, when\n"
          "everything is written; shards appear one by one, but with --force together in\n"
          "the end. SIGINT, SIGTERM, SIGHUP and SIGQUIT stop it: temporary files go, and\n"
          "it ends by the signal.\n",
          "Options:\n"
          "  -o, --output FILE     what to write\n"
          "  --to FORMAT           headerless, datatrove, llmc-gpt2, llmc-llama3, megatron\n"
          "                        or npy (headerless)\n"
          "  --token-type TYPE     u8, i8, u16, i16, u32, i32, i64 or auto (auto: the\n"
          "                        smallest that fits the vocabulary)\n"
          "  --shard-tokens N      begin a new file with the first document after N tokens\n"
          "                        (k, M, G): FILE gets a number before its extension\n"
          "  --continue            go on behind the last whole shard of the same command\n"
          "                        that was stopped or killed; if nothing of it is there,\n"
          "                        begin\n"
          "  --separator WHERE     end-of-text id in each document: before, after or none\n"
          "                        (llm.c: before; Megatron, datatrove: none; headerless,\n"
          "                        npy: after)\n"
          "  --end-of-text ID      that id (the tokenizer's; bytes: 256)\n"
          "  --force               replace what an earlier run with this output has\n"
          "                        written: FILE, its shards and their companions, in the\n"
          "                        end and at once\n"
          "  --workers N           threads that tokenize (as many as there are\n"
          "                        processors); what is written does not depend on it\n" METRICS_FILE_HELP
          "  --json                in the end one JSON object on the standard output, in\n"
          "                        place of the summary: all counts, and how long reading,\n"
          "                        tokenizing and writing took and waited\n"
          "  --quiet               no progress, no summary\n"
          "  -h, --help            print this\n",
          "Text:\n"
          "  --format FORMAT       of the input: auto, text or jsonl (auto)\n" DATA_HELP_TEXT
          "\n" SPAN_OPTIONS_HELP,
          "Examples:\n"
          "  # bytes: no file of a tokenizer is needed\n"
          "  headrace tokenize -o bytes.bin text\n"
          "  # shards of 1000 tokens and more, in a format that keeps the documents\n"
          "  headrace tokenize --to megatron --shard-tokens 1000 -o shards.bin text\n",
          NULL});
}

static int take_workers(tokenize_run *run, const char *text) {
  uint64_t workers;
  int status = cli_take_number(name, "workers", text, 1, 4096, &workers);
  if (status == CLI_OK) run->data.dataset.workers = (uint32_t)workers;
  return status;
}

static int take_option(tokenize_run *run, int c, const char *argument) {
  switch (c) {
  case 'o':
    run->output = argument;
    break;
  case 'F':
    run->writer.overwrite = true;
    break;
  case 'c':
    run->writer.continue_run = true;
    break;
  case 'q':
    run->quiet = true;
    break;
  case 'j':
    run->json = true;
    break;
  case 'h':
    run->help = true;
    break;
  case 'T':
    return writer_take_type(&run->writer, name, argument);
  case 't':
    return writer_take_format(&run->writer, name, argument);
  case 'n':
    return writer_take_shard_tokens(&run->writer, name, argument);
  case 'm':
    return metrics_take(&run->metrics, name, argument);
  case 'w':
    return take_workers(run, argument);
  default:
    return data_option_take(&run->data, name, c, argument);
  }
  return CLI_OK;
}

const struct option tokenize_options_long[] = {DATA_OPTIONS_LONG,
                                               {"output", required_argument, NULL, 'o'},
                                               {"to", required_argument, NULL, 't'},
                                               {"token-type", required_argument, NULL, 'T'},
                                               {"shard-tokens", required_argument, NULL, 'n'},
                                               {"workers", required_argument, NULL, 'w'},
                                               {"continue", no_argument, NULL, 'c'},
                                               {"force", no_argument, NULL, 'F'},
                                               {"metrics", required_argument, NULL, 'm'},
                                               {"json", no_argument, NULL, 'j'},
                                               {"quiet", no_argument, NULL, 'q'},
                                               {"help", no_argument, NULL, 'h'},
                                               {0}};

static int parse(int argc, char **argv, tokenize_run *run) {
  for (int c, status; (c = cli_next_option(name, argc, argv)) != -1;) {
    if (c == '?') return CLI_BAD_USAGE;
    if ((status = take_option(run, c, optarg)) != CLI_OK) return status;
  }
  if (run->help) return CLI_OK;
  if (!run->output) return cli_usage_error(name, "no --output is given, expected a file");
  if (run->metrics.path && output_is_same(run->metrics.path, run->output))
    return cli_usage_error(name, "--metrics and --output are both %s, expected different files", run->output);
  if (run->data.dataset.subset)
    return cli_usage_error(name, "--split train and validation are for what reads tokens; all are written");
  if (run->data.dataset.token_type)
    return cli_usage_error(name, "--type is for files of tokens that are read, expected --token-type");
  if (run->writer.continue_run && run->writer.overwrite)
    return cli_usage_error(
        name, "--continue and --force are given, expected one: what is there is kept, or replaced");
  int status = cli_check_files(name, (const char *const *)argv + optind, (size_t)(argc - optind));
  if (status == CLI_OK) status = data_options_settle_spans(&run->data, name);
  return status == CLI_OK ? data_options_open_tokenizer(&run->data, name) : status;
}

static int settle_separator(tokenize_run *run) {
  batch_dataset_options *dataset = &run->data.dataset;
  const BatchTokenizer *tokenizer = run->data.tokenizer;
  uint32_t vocab_size = tokenizer ? batch_tokenizer_vocab_size(tokenizer) : 256;
  int32_t id;
  int status = separator_settle(&run->data.separator, name, separator_usual(run->writer.format), tokenizer,
                                &dataset->separator, &id);
  if (status != CLI_OK) return status;
  if (dataset->separator && id < 0) return separator_lacks_id(name);
  dataset->end_of_text = dataset->separator ? id : 0;
  run->writer.vocab_size = dataset->separator && (uint32_t)id >= vocab_size ? (uint32_t)id + 1 : vocab_size;
  return CLI_OK;
}

static void say_going_on(const tokenize_run *run) {
  if (run->shards_before == 0 || run->quiet) return;
  fprintf(stderr, "goes on behind %s with %s\n", cli_count(run->shards_before, "whole shard"),
          cli_count(run->tokens_before, "token"));
}

static bool show_progress(void *context, const batch_tokenize_progress *state) {
  tokenize_run *run = context;
  char note[96];
  run->last = *state;
  if (!run->called) say_going_on(run);
  run->called = true;
  /* What a run that is taken up has done before is no work of now, nor is reading on to where it was. */
  if (run->shards_before > 0 && state->tokens == run->tokens_before)
    run->bar.before = run->bytes_before = state->bytes;
  metrics_pass(&run->metrics, &(batch_metrics_object){.tokenize = &run->last});
  if (stop_asked()) return false;
  if (!progress_is_due(&run->bar)) return true;
  snprintf(note, sizeof note, "%s  %.2f Mtokens/s", cli_count(state->tokens, "token"),
           (double)(state->tokens - run->tokens_before) * 1e-6 / progress_seconds(&run->bar));
  progress_draw(&run->bar, state->bytes, state->total_bytes, note);
  return true;
}

/* What there is to go on with after an error that may be gone by then. */
static void say_kept(const tokenize_run *run, const BatchWriter *writer) {
  uint64_t shards = batch_writer_files(writer);
  if (batch_last_error()->code == BATCH_ERROR_INVALID_ARGUMENT) return;
  if (!run->writer.shard_tokens || run->writer.overwrite || shards == 0) return;
  cli_note(name, "kept: %s; the same command with --continue goes on behind",
           cli_count(shards, "whole shard"));
}

static int say_stopped(const tokenize_run *run, const BatchWriter *writer) {
  if (run->writer.overwrite)
    return cli_error(name, "stopped by a signal; what was there before is untouched");
  if (!run->writer.shard_tokens)
    return cli_error(
        name, "stopped by a signal; nothing is kept of a single file (with --shard-tokens whole shards are)");
  uint64_t shards = batch_writer_files(writer);
  return cli_error(name, "stopped by a signal; kept: %s%s", cli_count(shards, "whole shard"),
                   shards ? "; the same command with --continue goes on behind" : "");
}

/* A role that is misspelled, or a field that no line has, leaves nothing: then all is written, and useless. */
static void say_nothing_learnt(const tokenize_run *run, const BatchWriter *writer) {
  uint64_t tokens = batch_writer_tokens(writer), masked = batch_writer_masked(writer),
           separators = run->data.dataset.separator ? batch_writer_documents(writer) : 0;
  if (masked == 0 || masked + separators < tokens) return;
  cli_note(name,
           "no token%s is to be learnt: expected some, as --train-roles, --train-field or the "
           "completions say (headrace show, of what was written, shows the masks)",
           separators ? " but the end-of-text ids" : "");
}

static int print_result(const tokenize_run *run, const BatchWriter *writer, const char *ended) {
  if (run->json)
    tokenize_print_json(run, writer, ended);
  else if (!run->quiet && strcmp(ended, "done") == 0)
    tokenize_print_summary(run, writer);
  return cli_finish_output(name);
}

static int write_all(tokenize_run *run, BatchWriter *writer, const char *const *paths, size_t n) {
  const char *ended = "done";
  int answer = CLI_OK;
  progress_start(&run->bar, run->quiet);
  batch_status status = batch_tokenize_files(paths, n, &run->data.dataset, writer, show_progress, run);
  bool good = status == BATCH_OK && batch_writer_finish(writer);
  progress_end(&run->bar);
  if (status == BATCH_CLOSED) {
    answer = say_stopped(run, writer);
    ended = "stopped";
  } else if (!good) {
    answer = cli_library_error(name);
    say_kept(run, writer);
    ended = "failed";
  } else {
    data_say_bad_lines(name, run->last.bad_lines);
    say_nothing_learnt(run, writer);
  }
  int told = metrics_end(&run->metrics, &(batch_metrics_object){.tokenize = &run->last});
  int printed = print_result(run, writer, ended);
  if (answer == CLI_OK) answer = told;
  return answer == CLI_OK ? printed : answer;
}

static int tokenize(tokenize_run *run, const char *const *paths, size_t n) {
  int status = settle_separator(run);
  if (status != CLI_OK) return status;
  stop_watch();
  BatchWriter *writer = batch_writer_create(run->output, &run->writer);
  if (!writer) return cli_library_error(name);
  run->shards_before = batch_writer_files(writer);
  run->tokens_before = batch_writer_tokens(writer);
  status = metrics_begin(&run->metrics, &(batch_metrics_object){.tokenize = &run->last});
  if (status == CLI_OK) status = write_all(run, writer, paths, n);
  batch_writer_free(writer);
  return status;
}

int command_tokenize(int argc, char **argv) {
  tokenize_run run = {.data = DATA_OPTIONS_INIT, .writer = BATCH_WRITER_OPTIONS_INIT};
  run.writer.format = BATCH_FORMAT_HEADERLESS;
  int status = parse(argc, argv, &run);
  if (status == CLI_OK)
    status =
        run.help ? print_help() : tokenize(&run, (const char *const *)argv + optind, (size_t)(argc - optind));
  data_options_free(&run.data);
  stop_die();
  return status;
}
