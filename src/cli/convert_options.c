#include "convert.h"
#include "help.h"
#include "writer_options.h"

const char convert_name[] = "convert";

static int print_help(void) {
  return help_print(convert_name, "headrace convert [OPTION...] --output FILE --to FORMAT INPUT...\n",
                    (const char *const[]){
                        "The tokens stay the same, and so do the documents where both formats have them.\n"
                        "INPUT is a file, a directory or a quoted pattern, of any format of tokens that\n"
                        "is read. FILE appears, whole, when everything is written; shards appear one by\n"
                        "one, but with --force together in the end. SIGINT, SIGTERM, SIGHUP and SIGQUIT\n"
                        "stop it and take the temporary files away; it ends by the signal.\n",
                        "Options:\n"
                        "  -o, --output FILE     what to write\n"
                        "  --to FORMAT           headerless, datatrove, llmc-gpt2, llmc-llama3, megatron\n"
                        "                        or npy\n"
                        "  --token-type TYPE     u8, i8, u16, i16, u32, i32, i64 or auto (auto: the\n"
                        "                        input's where the format has it, else one that holds\n"
                        "                        all of its ids)\n"
                        "  --shard-tokens N      begin a new file with the first document after N tokens\n"
                        "                        (k, M, G), or after just so many where documents are\n"
                        "                        not known: FILE gets a number before its extension\n"
                        "  --output-separator W  the end-of-text ids that part documents: keep them,\n"
                        "                        take them out (none), or put one before or after each\n"
                        "                        document, and take out those of the input: keep, none,\n"
                        "                        before or after (keep)\n"
                        "  --force               replace what an earlier run with this output has\n"
                        "                        written: FILE, its shards and their companions, in the\n"
                        "                        end and at once\n"
                        "  --json                in the end one JSON object on the standard output, in\n"
                        "                        place of the summary\n"
                        "  --quiet               no progress, no summary\n"
                        "  -h, --help            print this\n",
                        "Input:\n"
                        "  --format FORMAT       auto, headerless, datatrove, llmc-gpt2, llmc-llama3,\n"
                        "                        megatron, npy (auto)\n"
                        "  --type TYPE           tokens of headerless files: u8, i8, u16, i16, u32, i32,\n"
                        "                        i64 or auto (told by the file, else u16)\n"
                        "  --end-of-text ID      the id that parts documents. Files without an index\n"
                        "                        have none otherwise\n"
                        "  --separator WHERE     where it stands in a document: before, after or none\n"
                        "                        (llm.c: before; Megatron, datatrove: none; others:\n"
                        "                        after)\n" DATA_HELP_PART_ALONE DATA_HELP_LOSS,
                        "Examples:\n"
                        "  # for NumPy\n"
                        "  headrace convert --to npy -o tokens.npy tokens.bin\n"
                        "  # with an index of the documents, which id 256 parts\n"
                        "  headrace convert --to megatron --end-of-text 256 -o corpus.bin tokens.bin\n",
                        NULL});
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

const struct option convert_options_long[] = {{"output", required_argument, NULL, 'o'},
                                              {"to", required_argument, NULL, 't'},
                                              {"token-type", required_argument, NULL, 'T'},
                                              {"shard-tokens", required_argument, NULL, 'n'},
                                              {"output-separator", required_argument, NULL, 'S'},
                                              {"force", no_argument, NULL, 'F'},
                                              {"json", no_argument, NULL, 'j'},
                                              {"quiet", no_argument, NULL, 'q'},
                                              {"help", no_argument, NULL, 'h'},
                                              DATA_TOKENS_OPTIONS_LONG,
                                              {"split", required_argument, NULL, DATA_SPLIT},
                                              DATA_PART_OPTIONS_LONG,
                                              DATA_LOSS_OPTION_LONG,
                                              {0}};

int convert_options_take(convert_options *o, int argc, char **argv) {
  for (int c, status; (c = cli_next_option(convert_name, argc, argv)) != -1;) {
    if (c == '?') return CLI_BAD_USAGE;
    if ((status = take(o, c, optarg)) != CLI_OK) return status;
  }
  if (o->help) return print_help();
  int status = check(o, argc, argv);
  return status == CLI_OK ? settle_part(o) : status;
}
