/* headrace info: what is in files of tokens or text, as a table or as JSON. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "data_options.h"
#include "help.h"
#include "info_tokenizer.h"
#include "json.h"

static const char name[] = "info";

typedef struct info_run {
  data_options data;
  bool json, quick, help;
} info_run;

/* What is said of the dataset as a whole. */
typedef struct info_facts {
  const BatchDataset *dataset;
  int64_t smallest, largest;
  uint64_t fingerprint;
  bool ids; /* smallest and largest are known */
} info_facts;

static int print_help(void) {
  return help_print(name,
                    "headrace info [OPTION...] FILE...\n"
                    "headrace info [--json] --tokenizer FILE [OPTION...]\n",
                    (const char *const[]){
                        "Prints format, tokens, documents, range of ids and fingerprint. FILE is a file,\n"
                        "a directory or a quoted pattern. Without any, --tokenizer prints what is known\n"
                        "of that: its ids depend on the versions of Unicode that are named.\n",
                        "Options:\n"
                        "  -j, --json            print one JSON object\n"
                        "  -q, --quick           do not read all tokens: no range of ids\n"
                        "  -h, --help            print this\n",
                        data_options_help,
                        "Examples:\n"
                        "  headrace info text tokens.bin\n"
                        "  # what an end-of-text id parts\n"
                        "  headrace info --end-of-text 256 --separator after --json tokens.bin\n",
                        NULL});
}

const struct option info_options_long[] = {DATA_OPTIONS_LONG,
                                           DATA_PART_OPTIONS_LONG,
                                           DATA_LOSS_OPTION_LONG,
                                           {"json", no_argument, NULL, 'j'},
                                           {"quick", no_argument, NULL, 'q'},
                                           {"help", no_argument, NULL, 'h'},
                                           {0}};

static int parse(int argc, char **argv, info_run *run) {
  for (int c, status; (c = cli_next_option(name, argc, argv)) != -1;) {
    if (c == '?') return CLI_BAD_USAGE;
    if (c == 'h') run->help = true;
    if (c == 'j') run->json = true;
    if (c == 'q') run->quick = true;
    if (data_option_is(c) && (status = data_option_take(&run->data, name, c, optarg)) != CLI_OK)
      return status;
  }
  if (run->help) return CLI_OK;
  bool tokenizer_alone = run->data.tokenizer_name && optind == argc;
  int status = tokenizer_alone
                   ? CLI_OK
                   : cli_check_files(name, (const char *const *)argv + optind, (size_t)(argc - optind));
  return status == CLI_OK ? data_options_settle(&run->data, name) : status;
}

/* 0: none are known. */
static void print_documents(json *j, uint64_t documents) {
  if (documents)
    json_count(j, "documents", documents);
  else
    json_null(j, "documents");
}

static void print_json_file(json *j, const batch_dataset_file *file) {
  json_open(j, NULL, '{');
  json_text(j, "path", file->path);
  json_text(j, "format", batch_format_name(file->format));
  json_bool(j, "compressed", file->compressed);
  json_bool(j, "tokenized", file->tokenized);
  json_text(j, "token_type", batch_token_type_name(file->token_type));
  json_count(j, "tokens", file->tokens);
  print_documents(j, file->documents);
  json_text(j, "loss", file->loss);
  if (file->bad_lines) json_count(j, "bad_lines", file->bad_lines);
  json_close(j);
}

static void print_json(const info_facts *facts) {
  json j = {0};
  batch_dataset_file file = BATCH_DATASET_FILE_INIT;
  json_open(&j, NULL, '{');
  json_open(&j, "files", '[');
  for (size_t i = 0; i < batch_dataset_files(facts->dataset); i++)
    if (batch_dataset_get_file(facts->dataset, i, &file)) print_json_file(&j, &file);
  json_close(&j);
  json_count(&j, "tokens", batch_dataset_tokens(facts->dataset));
  print_documents(&j, batch_dataset_documents(facts->dataset));
  if (facts->ids) {
    json_integer(&j, "smallest_id", facts->smallest);
    json_integer(&j, "largest_id", facts->largest);
  }
  json_hash(&j, "fingerprint", facts->fingerprint);
  json_close(&j);
}

typedef struct widths {
  int path, format, tokens;
} widths;

static void widen(int *width, const char *text) {
  if (cli_columns(text) > *width) *width = cli_columns(text);
}

static const char *shown_format(const batch_dataset_file *file) {
  static char text[32];
  snprintf(text, sizeof text, "%s%s%s", batch_format_name(file->format), file->compression ? ", " : "",
           file->compression ? file->compression : "");
  return text;
}

static widths measure(const BatchDataset *dataset) {
  widths w = {4, 6, 6};
  batch_dataset_file file = BATCH_DATASET_FILE_INIT;
  for (size_t i = 0; i < batch_dataset_files(dataset); i++) {
    if (!batch_dataset_get_file(dataset, i, &file)) continue;
    int columns = cli_print(NULL, file.path);
    if (columns > w.path) w.path = columns;
    widen(&w.format, shown_format(&file));
    widen(&w.tokens, cli_thousands(file.tokens));
  }
  return w;
}

static const char *shown_documents(uint64_t documents) {
  return documents ? cli_thousands(documents) : "not known";
}

static void print_path(const char *path, int width) {
  int blanks = width - cli_print(stdout, path);
  printf("%*s", blanks > 0 ? blanks : 0, "");
}

static void print_table(const info_facts *facts) {
  widths w = measure(facts->dataset);
  uint64_t bad_lines = data_bad_lines(facts->dataset);
  bool loss = batch_dataset_has_loss(facts->dataset);
  printf("%-*s  %-*s  %-4s  %*s  %s%s\n", w.path, "file", w.format, "format", "type", w.tokens, "tokens",
         loss ? "loss   " : "", "documents");
  for (size_t i = 0; i < batch_dataset_files(facts->dataset); i++) {
    batch_dataset_file file = BATCH_DATASET_FILE_INIT;
    if (!batch_dataset_get_file(facts->dataset, i, &file)) continue;
    print_path(file.path, w.path);
    printf("  %-*s  %-4s  %*s  ", w.format, shown_format(&file), batch_token_type_name(file.token_type),
           w.tokens, cli_thousands(file.tokens));
    if (loss) printf("%-5s  ", file.loss ? file.loss : "none");
    puts(shown_documents(file.documents));
  }
  printf("\ntokens       %s\ndocuments    %s\n", cli_thousands(batch_dataset_tokens(facts->dataset)),
         shown_documents(batch_dataset_documents(facts->dataset)));
  if (bad_lines) printf("bad lines    %s\n", cli_thousands(bad_lines));
  if (facts->ids) printf("ids          %" PRId64 " to %" PRId64 "\n", facts->smallest, facts->largest);
  printf("fingerprint  %016" PRIx64 "\n", facts->fingerprint);
}

static int show(const info_run *run, const BatchDataset *dataset) {
  info_facts facts = {.dataset = dataset, .ids = !run->quick};
  if (facts.ids && !batch_dataset_id_range(dataset, &facts.smallest, &facts.largest))
    return cli_library_error(name);
  if (!batch_dataset_fingerprint(dataset, &facts.fingerprint)) return cli_library_error(name);
  if (run->json)
    print_json(&facts);
  else
    print_table(&facts);
  return cli_finish_output(name);
}

static int show_files(const info_run *run, const char *const *paths, size_t n) {
  BatchDataset *dataset = batch_dataset_open(paths, n, &run->data.dataset);
  int status = dataset ? data_options_check(&run->data, name, dataset) : cli_library_error(name);
  if (status == CLI_OK) status = show(run, dataset);
  batch_dataset_free(dataset);
  return status;
}

int command_info(int argc, char **argv) {
  info_run run = {.data = DATA_OPTIONS_INIT};
  int status = parse(argc, argv, &run);
  if (status == CLI_OK && run.help)
    status = print_help();
  else if (status == CLI_OK && optind == argc)
    status = info_tokenizer(name, run.data.tokenizer, run.json);
  else if (status == CLI_OK)
    status = show_files(&run, (const char *const *)argv + optind, (size_t)(argc - optind));
  data_options_free(&run.data);
  return status;
}
