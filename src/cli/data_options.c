#include "data_options.h"

#include <stdlib.h>
#include <string.h>

const char data_options_help[] =
    "Data:\n"
    "  --format FORMAT       auto, headerless, datatrove, llmc-gpt2, llmc-llama3,\n"
    "                        megatron, npy, text, jsonl (auto)\n"
    "  --type TYPE           tokens of headerless files: u8, i8, u16, i16, u32, i32,\n"
    "                        i64 or auto (told by the file, else u16)\n"
    "  --separator WHERE     end-of-text id in each document: before, after or none.\n"
    "                        It parts the documents of files that have no index;\n"
    "                        text is given it (none)\n"
    "  --end-of-text ID      that id (of text: the tokenizer's)\n" DATA_HELP_PART DATA_HELP_LOSS
        DATA_HELP_TEXT "\n" SPAN_OPTIONS_HELP;

static const char *const formats[] = {"auto",     "headerless", "datatrove", "llmc-gpt2", "llmc-llama3",
                                      "megatron", "npy",        "text",      "jsonl",     NULL};
const char *const data_types[] = {"auto", "u8", "i8", "u16", "i16", "u32", "i32", "i64", NULL};
static const char *const forms[] = {"none", "nfc", "nfkc", NULL};
static const char *const malformed[] = {"keep", "replace", "error", NULL};
static const char *const splits[] = {"gpt2",  "cl100k", "o200k",      "llama3",
                                     "qwen2", "train",  "validation", NULL};
static const char *const specials[] = {"ignore", "allow", "error", NULL};
static const char *const bad_lines[] = {"stop", "skip", NULL};
static const char *const losses[] = {"auto", "none", NULL};

static void note(data_options *options, int option) {
  options->given |= 1u << (option - DATA_FORMAT);
}

static bool is_given(const data_options *options, int option) {
  return options->given >> (option - DATA_FORMAT) & 1;
}

/* The words stand in the order of batch_text_split, from GPT2 on, and then of batch_subset, from TRAIN on: two options
   that the word tells apart. */
static int take_split(data_options *options, const char *command, const char *word) {
  enum { TEXT_SPLITS = 5 };
  int value, status = cli_take_word(command, "split", word, splits, &value);
  if (status != CLI_OK) return status;
  if (value >= TEXT_SPLITS) {
    options->dataset.subset = (batch_subset)(BATCH_SUBSET_TRAIN + value - TEXT_SPLITS);
    return CLI_OK;
  }
  options->tokenizer_options.split = (batch_text_split)(BATCH_SPLIT_GPT2 + value);
  note(options, DATA_SPLIT);
  return CLI_OK;
}

static int take_fraction(data_options *options, const char *command, const char *text) {
  double *fraction = &options->dataset.validation_fraction;
  if (cli_decimal(text, fraction) && *fraction > 0 && *fraction < 1) return CLI_OK;
  return cli_usage_error(command, "--fraction is %s, expected a number between 0 and 1, such as 0.01", text);
}

static int take_split_seed(data_options *options, const char *command, const char *text) {
  return cli_take_number(command, "split-seed", text, 0, UINT64_MAX, &options->dataset.subset_seed);
}

static int settle_part(data_options *options, const char *command) {
  batch_dataset_options *dataset = &options->dataset;
  for (int option = DATA_FRACTION; option <= DATA_SPLIT_SEED; option++)
    if (is_given(options, option) && dataset->subset == BATCH_SUBSET_ALL)
      return cli_usage_error(command, "--%s is given without --split train or --split validation",
                             option == DATA_FRACTION ? "fraction" : "split-seed");
  if (dataset->subset && !is_given(options, DATA_FRACTION)) dataset->validation_fraction = 0.01;
  return CLI_OK;
}

static int take_special(data_options *options, const char *command, const char *argument) {
  const char *sign = strrchr(argument, '=');
  size_t count = options->tokenizer_options.special_token_count;
  uint64_t id;
  if (!sign || sign == argument || !cli_number(sign + 1, &id) || id > INT32_MAX)
    return cli_usage_error(command, "--special is %s, expected TEXT=ID", argument);
  batch_special_token *grown = realloc(options->specials, (count + 1) * sizeof *grown);
  if (grown) options->tokenizer_options.special_tokens = options->specials = grown;
  char *text = grown ? strndup(argument, (size_t)(sign - argument)) : NULL;
  if (!text) return cli_error(command, "no memory for --special %s", argument);
  grown[count] = (batch_special_token){text, (int32_t)id};
  options->tokenizer_options.special_token_count++;
  return CLI_OK;
}

int data_options_open_tokenizer(data_options *options, const char *command) {
  static const char *const names[] = {"split", "specials", "special"};
  const char *name = options->tokenizer_name;
  int status = settle_part(options, command);
  if (status != CLI_OK) return status;
  if (!name || strcmp(name, "bytes") == 0) {
    for (int i = 0; i < 3; i++)
      if (is_given(options, DATA_SPLIT + i))
        return cli_usage_error(command, "--%s is for the file of a tokenizer, and --tokenizer names none",
                               names[i]);
    return CLI_OK;
  }
  options->dataset.tokenizer = options->tokenizer = batch_tokenizer_open(name, &options->tokenizer_options);
  return options->tokenizer ? CLI_OK : cli_library_error(command);
}

void data_option_pass(data_options *options, int option) {
  options->given &= ~(1u << (option - DATA_FORMAT));
}

int data_options_settle_spans(data_options *options, const char *command) {
  batch_dataset_options *dataset = &options->dataset;
  return span_options_settle(&options->spans, command, dataset->text_field, &dataset->spans);
}

int data_options_settle(data_options *options, const char *command) {
  batch_dataset_options *dataset = &options->dataset;
  int status = data_options_settle_spans(options, command);
  if (status == CLI_OK) status = data_options_open_tokenizer(options, command);
  if (status != CLI_OK) return status;
  return separator_settle_files(&options->separator, command, options->tokenizer_name, options->tokenizer,
                                &dataset->separator, &dataset->end_of_text);
}

static int take_longest_document(data_options *options, const char *command, const char *text) {
  uint64_t bytes;
  if (!cli_number(text, &bytes) || bytes == 0 || bytes > SIZE_MAX / 8)
    return cli_usage_error(command, "--longest-document is %s, expected bytes such as 64Mi, at most %zu",
                           text, SIZE_MAX / 8);
  options->dataset.longest_document = (size_t)bytes;
  return CLI_OK;
}

int data_option_take(data_options *options, const char *command, int answer, const char *argument) {
  batch_dataset_options *dataset = &options->dataset;
  int value = 0, status = CLI_OK;
  if (span_option_is(answer)) return span_option_take(&options->spans, command, answer, argument);
  if (answer != DATA_SPLIT) note(options, answer);
  dataset->text = &options->text;
  switch (answer) {
  case DATA_FORMAT:
    status = cli_take_word(command, "format", argument, formats, &value);
    dataset->format = (batch_format)value;
    break;
  case DATA_TYPE:
    status = cli_take_word(command, "type", argument, data_types, &value);
    dataset->token_type = (batch_token_type)value;
    break;
  case DATA_NORMALIZE:
    status = cli_take_word(command, "normalize", argument, forms, &value);
    options->text.normal_form = (batch_normal_form)value;
    break;
  case DATA_MALFORMED:
    status = cli_take_word(command, "malformed", argument, malformed, &value);
    options->text.malformed = (batch_malformed)value;
    break;
  case DATA_ON_BAD_LINE:
    status = cli_take_word(command, "on-bad-line", argument, bad_lines, &value);
    dataset->on_bad_line = (batch_bad_line)value;
    break;
  case DATA_LOSS:
    status = cli_take_word(command, "loss", argument, losses, &value);
    dataset->loss = (batch_loss)value;
    break;
  case DATA_LONGEST_DOCUMENT:
    return take_longest_document(options, command, argument);
  case DATA_SEPARATOR:
    return separator_take_place(&options->separator, command, argument);
  case DATA_END_OF_TEXT:
    return separator_take_end_of_text(&options->separator, command, argument);
  case DATA_FIELD:
    dataset->text_field = argument;
    break;
  case DATA_FOLD_CASE:
    options->text.fold_case = true;
    break;
  case DATA_SQUEEZE_SPACE:
    options->text.squeeze_space = true;
    break;
  case DATA_TOKENIZER:
    options->tokenizer_name = argument;
    break;
  case DATA_SPLIT:
    return take_split(options, command, argument);
  case DATA_FRACTION:
    return take_fraction(options, command, argument);
  case DATA_SPLIT_SEED:
    return take_split_seed(options, command, argument);
  case DATA_SPECIAL:
    return take_special(options, command, argument);
  case DATA_SPECIALS:
    status = cli_take_word(command, "specials", argument, specials, &value);
    options->tokenizer_options.specials = (batch_specials)value;
    break;
  }
  return status;
}

/* Which files an option is for. */
enum { TEXT = 1, JSONL = 2, TOKENS = 4, INDEXED = 8 };

typedef struct option_use {
  const char *name;
  int option;
  unsigned files;
} option_use;

static const option_use uses[] = {
    {"type", DATA_TYPE, TOKENS | INDEXED},
    {"field", DATA_FIELD, JSONL},
    {"tokenizer", DATA_TOKENIZER, TEXT | JSONL},
    {"split", DATA_SPLIT, TEXT | JSONL},
    {"specials", DATA_SPECIALS, TEXT | JSONL},
    {"special", DATA_SPECIAL, TEXT | JSONL},
    {"normalize", DATA_NORMALIZE, TEXT | JSONL},
    {"fold-case", DATA_FOLD_CASE, TEXT | JSONL},
    {"squeeze-space", DATA_SQUEEZE_SPACE, TEXT | JSONL},
    {"malformed", DATA_MALFORMED, TEXT | JSONL},
    {"on-bad-line", DATA_ON_BAD_LINE, JSONL},
    {"longest-document", DATA_LONGEST_DOCUMENT, TEXT | JSONL},
    {"separator", DATA_SEPARATOR, TEXT | JSONL | TOKENS},
    {"end-of-text", DATA_END_OF_TEXT, TEXT | JSONL | TOKENS},
};

static unsigned use_of(batch_format format) {
  return format == BATCH_FORMAT_TEXT    ? TEXT
         : format == BATCH_FORMAT_JSONL ? JSONL
         : separator_has_index(format)  ? INDEXED
                                        : TOKENS;
}

static const char *use_name(unsigned files) {
  switch (files) {
  case JSONL:
    return ".jsonl";
  case TEXT | JSONL:
    return "text and .jsonl";
  case TOKENS | INDEXED:
    return "files of tokens";
  default:
    return "text and files of tokens that have no index of their documents";
  }
}

/* The kinds of files that are there. */
static unsigned kinds_of(const BatchDataset *const *datasets, size_t n) {
  unsigned there = 0;
  batch_dataset_file file = BATCH_DATASET_FILE_INIT;
  for (size_t d = 0; d < n; d++)
    for (size_t i = 0; i < batch_dataset_files(datasets[d]); i++)
      if (batch_dataset_get_file(datasets[d], i, &file)) there |= use_of(file.format);
  return there;
}

int data_options_check_all(const data_options *options, const char *command,
                           const BatchDataset *const *datasets, size_t n) {
  unsigned there = kinds_of(datasets, n);
  const char *spans = span_options_given(&options->spans);
  for (size_t i = 0; i < sizeof uses / sizeof *uses; i++) {
    const option_use *use = &uses[i];
    if (is_given(options, use->option) && !(use->files & there))
      return cli_usage_error(command, "--%s is for %s, and none is among the files", use->name,
                             use_name(use->files));
  }
  if (spans && !(there & JSONL))
    return cli_usage_error(command, "--%s is for %s, and none is among the files", spans, use_name(JSONL));
  return CLI_OK;
}

int data_options_check(const data_options *options, const char *command, const BatchDataset *dataset) {
  return data_options_check_all(options, command, &dataset, 1);
}

uint64_t data_bad_lines(const BatchDataset *dataset) {
  uint64_t lines = 0;
  batch_dataset_file file = BATCH_DATASET_FILE_INIT;
  for (size_t i = 0; i < batch_dataset_files(dataset); i++)
    if (batch_dataset_get_file(dataset, i, &file)) lines += file.bad_lines;
  return lines;
}

void data_say_bad_lines(const char *command, uint64_t lines) {
  if (lines) cli_note(command, "%s of .jsonl passed over", cli_count(lines, "bad line"));
}

void data_options_free(data_options *options) {
  span_options_free(&options->spans);
  batch_tokenizer_free(options->tokenizer);
  options->tokenizer = NULL;
  for (size_t i = 0; i < options->tokenizer_options.special_token_count; i++)
    free((char *)(uintptr_t)options->specials[i].text);
  options->tokenizer_options.special_token_count = 0;
  free(options->specials);
  options->specials = NULL;
}
