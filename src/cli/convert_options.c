#include "convert.h"
#include "writer_options.h"

const char convert_name[] = "convert";

static int print_help(void) {
  printf(
      "Usage: headrace convert [OPTION...] --output FILE --to FORMAT INPUT...\n\n"
      "Writes files of tokens in another format: the same tokens, and the same documents where both formats\n"
      "have them. INPUT is a file, a directory or a quoted pattern, of any format of tokens that is read.\n"
      "FILE appears, whole, when everything is written; shards appear one by one, but with --force together\n"
      "in the end. SIGINT, SIGTERM and SIGHUP stop it: temporary files go, and it ends by the signal.\n\n"
      "  -o, --output FILE     what to write\n"
      "  --to FORMAT           headerless, datatrove, llmc-gpt2, llmc-llama3, megatron or npy\n"
      "  --token-type TYPE     u16, u32, ... (auto: the input's where the format has it, else one that "
      "holds\n"
      "                        all of its ids)\n"
      "  --shard-tokens N      begin a new file with the first document after N tokens (k, M, G), or after\n"
      "                        just so many where documents are not known: FILE gets a number before its\n"
      "                        extension\n"
      "  --output-separator W  the end-of-text ids that part documents: keep them, take them out (none), or\n"
      "                        put one before or after each document, and take out those of the input: "
      "keep,\n"
      "                        none, before or after (keep)\n"
      "  --force               replace what an earlier run with this output has written: FILE, its shards\n"
      "                        and their companions, in the end and at once\n"
      "  --json                in the end one JSON object on the standard output, in place of the summary\n"
      "  --quiet               no progress, no summary\n"
      "  --help\n\n"
      "Input:\n"
      "  --format FORMAT       auto, headerless, datatrove, llmc-gpt2, llmc-llama3, megatron, npy (auto)\n"
      "  --type TYPE           tokens of headerless files: u16, u32, ... (told by the file, else u16)\n"
      "  --end-of-text ID      the id that parts documents. Files without an index have none otherwise\n"
      "  --separator WHERE     where it stands in a document: before, after or none\n"
      "                        (llm.c: before; Megatron, datatrove: none; others: after)\n%s%s",
      data_options_help_part_alone, data_options_help_loss);
  return cli_finish_output(convert_name);
}

static int take_output_separator(convert_options *o, const char *word) {
  static const char *const words[] = {"keep", "none", "before", "after", NULL};
  int value, status = cli_take_word(convert_name, "output-separator", word, words, &value);
  o->separator = (output_separator)value;
  return status;
}

/* There is no tokenizer here whose --split it could be. */
static int take_split(convert_options *o, const char *word) {
  static const char *const words[] = {"train", "validation", NULL};
  int value, status = cli_take_word(convert_name, "split", word, words, &value);
  return status == CLI_OK ? data_option_take(&o->data, convert_name, DATA_SPLIT, word) : status;
}

static int take(convert_options *o, int c, const char *argument) {
  switch (c) {
  case 'o':
    o->output = argument;
    break;
  case 'F':
    o->writer.overwrite = true;
    break;
  case 'q':
    o->quiet = true;
    break;
  case 'j':
    o->json = true;
    break;
  case 'h':
    o->help = true;
    break;
  case 't':
    return writer_take_format(&o->writer, convert_name, argument);
  case 'T':
    return writer_take_type(&o->writer, convert_name, argument);
  case 'n':
    return writer_take_shard_tokens(&o->writer, convert_name, argument);
  case DATA_SPLIT:
    return take_split(o, argument);
  case 'S':
    return take_output_separator(o, argument);
  default:
    return data_option_take(&o->data, convert_name, c, argument);
  }
  return CLI_OK;
}

static int check(const convert_options *o, int argc, char **argv) {
  const batch_format format = o->data.dataset.format;
  const separator_options *separator = &o->data.separator;
  if (!o->output) return cli_usage_error(convert_name, "no --output is given, expected a file");
  if (!o->writer.format) return cli_usage_error(convert_name, "no --to is given, expected a format");
  if (format == BATCH_FORMAT_TEXT || format == BATCH_FORMAT_JSONL)
    return cli_usage_error(convert_name, "--format is of text, expected one of tokens");
  if (separator->place > BATCH_SEPARATOR_NONE && separator->end_of_text < 0)
    return cli_usage_error(convert_name, "--separator is given without --end-of-text, expected the id");
  if (o->separator != SEPARATOR_KEEP && separator->end_of_text < 0)
    return cli_usage_error(convert_name,
                           "--output-separator is given without --end-of-text, expected the id");
  return cli_check_files(convert_name, (const char *const *)argv + optind, (size_t)(argc - optind));
}

/* Documents that are parted by an id are chosen as a loader with the same options chooses them. */
static int settle_part(convert_options *o) {
  batch_dataset_options *dataset = &o->data.dataset;
  const separator_options *separator = &o->data.separator;
  int status = data_options_open_tokenizer(&o->data, convert_name);
  if (status != CLI_OK || !dataset->subset || separator->end_of_text < 0) return status;
  if (separator->place < 0)
    return cli_usage_error(convert_name, "--split is given beside --end-of-text, expected --separator too");
  dataset->separator = (batch_separator)separator->place;
  dataset->end_of_text = dataset->separator ? separator->end_of_text : 0;
  return CLI_OK;
}

int convert_options_take(convert_options *o, int argc, char **argv) {
  static const struct option options[] = {{"output", required_argument, NULL, 'o'},
                                          {"to", required_argument, NULL, 't'},
                                          {"token-type", required_argument, NULL, 'T'},
                                          {"shard-tokens", required_argument, NULL, 'n'},
                                          {"output-separator", required_argument, NULL, 'S'},
                                          {"force", no_argument, NULL, 'F'},
                                          {"json", no_argument, NULL, 'j'},
                                          {"quiet", no_argument, NULL, 'q'},
                                          {"help", no_argument, NULL, 'h'},
                                          {"format", required_argument, NULL, DATA_FORMAT},
                                          {"type", required_argument, NULL, DATA_TYPE},
                                          {"separator", required_argument, NULL, DATA_SEPARATOR},
                                          {"end-of-text", required_argument, NULL, DATA_END_OF_TEXT},
                                          {"split", required_argument, NULL, DATA_SPLIT},
                                          DATA_PART_OPTIONS_LONG,
                                          DATA_LOSS_OPTION_LONG,
                                          {0}};
  opterr = 0;
  for (int c, status; (c = getopt_long(argc, argv, ":ho:", options, NULL)) != -1;) {
    if (c == '?' || c == ':') return cli_bad_option(convert_name, c, argv);
    if ((status = take(o, c, optarg)) != CLI_OK) return status;
  }
  if (o->help) return print_help();
  int status = check(o, argc, argv);
  return status == CLI_OK ? settle_part(o) : status;
}
