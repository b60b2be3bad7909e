#include <stdlib.h>
#include <string.h>

#include "decode.h"
#include "help.h"

const char decode_name[] = "decode";

static const char *const outputs[] = {"text", "jsonl", NULL};

static int print_help(void) {
  return help_print(decode_name,
                    "headrace decode [OPTION...] FILE...\n"
                    "headrace decode [OPTION...] --ids LIST\n",
                    (const char *const[]){
                        "Reads every format of tokens. With the tokenizer that made them, bytes and\n"
                        "byte-level BPE give back the bytes of the text, SentencePiece what its model\n"
                        "has left of them. Documents are written one behind the other. FILE is a file,\n"
                        "a directory or a quoted pattern.\n",
                        "Options:\n"
                        "  -o, --output FILE     what to write; it appears when it is whole (standard\n"
                        "                        output)\n"
                        "  --force               replace that file\n"
                        "  --to FORMAT           text, or jsonl: a line for each document (text)\n"
                        "  --field NAME          jsonl: the member that holds the document (text)\n"
                        "  --malformed WHAT      bytes that are not UTF-8: keep, replace or error (text:\n"
                        "                        keep; jsonl: error)\n"
                        "  --documents A-B       documents A to B, counted from 0; also A and A-\n"
                        "  --start N, --tokens N\n"
                        "                        from token N on, so many\n"
                        "  --separator WHERE     end-of-text id that parts documents: before, after or\n"
                        "                        none (llm.c: before; Megatron, datatrove: none; others:\n"
                        "                        after)\n"
                        "  --end-of-text ID      that id (the tokenizer's; bytes: 256)\n"
                        "  --keep-end-of-text    decode it like others, where it would be left out\n"
                        "  --ids LIST            decode these ids: \"1 2 3\"\n"
                        "  --quiet               no progress, no summary\n"
                        "  -h, --help            print this\n",
                        "Data:\n"
                        "  --format FORMAT       auto, headerless, datatrove, llmc-gpt2, llmc-llama3,\n"
                        "                        megatron, npy (auto)\n"
                        "  --type TYPE           tokens of headerless files: u8, i8, u16, i16, u32, i32,\n"
                        "                        i64 or auto (told by the file, else u16)\n"
                        "  --tokenizer NAME      bytes, or a file: tokenizer.json, rank file\n"
                        "                        (.tiktoken), SentencePiece (bytes)\n"
                        "  --split NAME          how a rank file splits text: gpt2, cl100k, o200k,\n"
                        "                        llama3 or qwen2\n"
                        "  --special TEXT=ID     one more special token of a rank file; may be given\n"
                        "                        again\n" DATA_HELP_PART,
                        "Examples:\n"
                        "  # documents 1 to 2, a line each\n"
                        "  headrace decode --to jsonl --documents 1-2 tokens.bin\n"
                        "  # what a few ids are\n"
                        "  headrace decode --ids \"72 101 97 100\"\n",
                        NULL});
}

static int take_documents(decode_options *o, const char *text) {
  const char *dash = strchr(text, '-');
  char *first = dash ? strndup(text, (size_t)(dash - text)) : strdup(text);
  bool good = first && cli_number(first, &o->first);
  o->last = dash ? UINT64_MAX : o->first;
  good = good && (!dash || !dash[1] || (cli_number(dash + 1, &o->last) && o->last >= o->first));
  free(first);
  o->by_documents = true;
  return good ? CLI_OK
              : cli_usage_error(decode_name, "--documents is %s, expected A, A- or A-B, from 0 on", text);
}

static int take_number(decode_options *o, const char *option, const char *text, uint64_t *value) {
  o->part = true;
  return cli_take_number(decode_name, option, text, 0, UINT64_MAX, value);
}

static int take_output_format(decode_options *o, const char *word) {
  int value, status = cli_take_word(decode_name, "to", word, outputs, &value);
  o->jsonl = value == 1;
  return status;
}

static int take(decode_options *o, int c, const char *argument) {
  switch (c) {
  case 'o':
    o->output = argument;
    break;
  case 'i':
    o->ids = argument;
    break;
  case 'F':
    o->force = true;
    break;
  case 'k':
    o->keep = true;
    break;
  case 'q':
    o->quiet = true;
    break;
  case 'h':
    o->help = true;
    break;
  case 't':
    return take_output_format(o, argument);
  case 'd':
    return take_documents(o, argument);
  case 'S':
    return take_number(o, "start", argument, &o->start);
  case 'n':
    return take_number(o, "tokens", argument, &o->tokens);
  default:
    return data_option_take(&o->data, decode_name, c, argument);
  }
  return CLI_OK;
}

bool decode_says_malformed(const decode_options *o) {
  return o->data.given >> (DATA_MALFORMED - DATA_FORMAT) & 1;
}

static bool is_utf8(const char *text) {
  bool whole = true;
  while (text && *text && whole) text += cli_character(text, &whole);
  return whole;
}

static int check(decode_options *o, int argc, char **argv) {
  const batch_format format = o->data.dataset.format;
  if (o->by_documents && o->part)
    return cli_usage_error(decode_name,
                           "--documents is given beside --start or --tokens, expected one of them");
  if (format == BATCH_FORMAT_TEXT || format == BATCH_FORMAT_JSONL)
    return cli_usage_error(decode_name, "--format is of text, expected one of tokens");
  if (o->data.dataset.text_field && !o->jsonl)
    return cli_usage_error(decode_name, "--field is for --to jsonl");
  if (o->jsonl && !is_utf8(o->data.dataset.text_field))
    return cli_usage_error(decode_name, "--field is %s, expected UTF-8, as --to jsonl is",
                           o->data.dataset.text_field);
  if (o->jsonl && decode_says_malformed(o) && o->data.text.malformed == BATCH_MALFORMED_KEEP)
    return cli_usage_error(
        decode_name, "--malformed keep is not for --to jsonl, which is UTF-8: expected replace or error");
  if (o->ids && argc > optind)
    return cli_usage_error(decode_name, "--ids is given beside %s, expected either", argv[optind]);
  if (o->ids && (o->by_documents || o->part))
    return cli_usage_error(decode_name, "a part of --ids is asked for, expected one of files");
  return o->ids ? CLI_OK
                : cli_check_files(decode_name, (const char *const *)argv + optind, (size_t)(argc - optind));
}

const struct option decode_options_long[] = {{"output", required_argument, NULL, 'o'},
                                             {"force", no_argument, NULL, 'F'},
                                             {"to", required_argument, NULL, 't'},
                                             {"field", required_argument, NULL, DATA_FIELD},
                                             {"malformed", required_argument, NULL, DATA_MALFORMED},
                                             {"documents", required_argument, NULL, 'd'},
                                             {"start", required_argument, NULL, 'S'},
                                             {"tokens", required_argument, NULL, 'n'},
                                             {"keep-end-of-text", no_argument, NULL, 'k'},
                                             {"ids", required_argument, NULL, 'i'},
                                             {"quiet", no_argument, NULL, 'q'},
                                             {"help", no_argument, NULL, 'h'},
                                             DATA_TOKENS_OPTIONS_LONG,
                                             {"tokenizer", required_argument, NULL, DATA_TOKENIZER},
                                             {"split", required_argument, NULL, DATA_SPLIT},
                                             {"special", required_argument, NULL, DATA_SPECIAL},
                                             DATA_PART_OPTIONS_LONG,
                                             {0}};

int decode_options_take(decode_options *o, int argc, char **argv) {
  for (int c, status; (c = cli_next_option(decode_name, argc, argv)) != -1;) {
    if (c == '?') return CLI_BAD_USAGE;
    if ((status = take(o, c, optarg)) != CLI_OK) return status;
  }
  if (o->help) return print_help();
  int status = check(o, argc, argv);
  return status == CLI_OK ? (o->data.dataset.subset ? data_options_settle
                                                    : data_options_open_tokenizer)(&o->data, decode_name)
                          : status;
}
