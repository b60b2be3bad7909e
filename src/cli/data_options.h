/* Options that say what data is: the same for every subcommand that opens a dataset.

   Usage:
       data_options data = DATA_OPTIONS_INIT;
       const struct option command_options_long[] = {DATA_OPTIONS_LONG, {"help", no_argument, NULL, 'h'}, {0}};
       in the loop over cli_next_option's answers: if (data_option_is(c)) status = data_option_take(...)
       behind it: status = data_options_settle(&data, command)
       batch_dataset_open(argv + optind, argc - optind, &data.dataset); data_options_free(&data); */
#ifndef HEADRACE_CLI_DATA_OPTIONS_H
#define HEADRACE_CLI_DATA_OPTIONS_H

#include <getopt.h>

#include "cli.h"
#include "separator.h"
#include "span_options.h"

typedef struct data_options {
  batch_dataset_options dataset;
  batch_text_options text;   /* dataset.text, once an option was taken */
  BatchTokenizer *tokenizer; /* NULL: bytes; there once the options are settled */
  const char *tokenizer_name;
  batch_tokenizer_options tokenizer_options;
  batch_special_token *specials; /* tokenizer_options.special_tokens */
  separator_options separator;
  span_options spans;
  unsigned given; /* a bit for each of the options below that was on the command line */
} data_options;

#define DATA_OPTIONS_INIT                                                                                    \
  {                                                                                                          \
    .dataset = BATCH_DATASET_OPTIONS_INIT, .text = BATCH_TEXT_OPTIONS_INIT,                                  \
    .tokenizer_options = BATCH_TOKENIZER_OPTIONS_INIT, .separator = SEPARATOR_OPTIONS_INIT,                  \
    .spans = SPAN_OPTIONS_INIT                                                                               \
  }

enum {
  DATA_FORMAT = 0x1000,
  DATA_TYPE,
  DATA_FIELD,
  DATA_TOKENIZER,
  DATA_SPLIT,
  DATA_SPECIALS,
  DATA_SPECIAL,
  DATA_NORMALIZE,
  DATA_FOLD_CASE,
  DATA_SQUEEZE_SPACE,
  DATA_MALFORMED,
  DATA_ON_BAD_LINE,
  DATA_LONGEST_DOCUMENT,
  DATA_SEPARATOR,
  DATA_END_OF_TEXT,
  DATA_FRACTION,
  DATA_SPLIT_SEED,
  DATA_LOSS,
  DATA_OPTIONS_END
};

/* How files of tokens are read. */
#define DATA_TOKENS_OPTIONS_LONG                                                                             \
  {"format", required_argument, NULL, DATA_FORMAT}, {"type", required_argument, NULL, DATA_TYPE},            \
      {"separator", required_argument, NULL, DATA_SEPARATOR}, {                                              \
    "end-of-text", required_argument, NULL, DATA_END_OF_TEXT                                                 \
  }

/* The same and how text is, whichever it turns out to be. */
#define DATA_OPTIONS_LONG                                                                                    \
  DATA_TOKENS_OPTIONS_LONG, {"field", required_argument, NULL, DATA_FIELD}, SPAN_OPTIONS_LONG,               \
      {"tokenizer", required_argument, NULL, DATA_TOKENIZER},                                                \
      {"split", required_argument, NULL, DATA_SPLIT}, {"specials", required_argument, NULL, DATA_SPECIALS},  \
      {"special", required_argument, NULL, DATA_SPECIAL},                                                    \
      {"normalize", required_argument, NULL, DATA_NORMALIZE},                                                \
      {"fold-case", no_argument, NULL, DATA_FOLD_CASE},                                                      \
      {"squeeze-space", no_argument, NULL, DATA_SQUEEZE_SPACE},                                              \
      {"malformed", required_argument, NULL, DATA_MALFORMED},                                                \
      {"on-bad-line", required_argument, NULL, DATA_ON_BAD_LINE}, {                                          \
    "longest-document", required_argument, NULL, DATA_LONGEST_DOCUMENT                                       \
  }

/* Which part of the data is read, beside --split: not for what tokenizes. */
#define DATA_PART_OPTIONS_LONG                                                                               \
  {"fraction", required_argument, NULL, DATA_FRACTION}, {                                                    \
    "split-seed", required_argument, NULL, DATA_SPLIT_SEED                                                   \
  }

/* Whether loss masks are read: not for what has no use for them. */
#define DATA_LOSS_OPTION_LONG                                                                                \
  { "loss", required_argument, NULL, DATA_LOSS }

/* What --help says of them: of those that are about text, from --field on; of DATA_PART_OPTIONS_LONG and --split train, and
   the same for what takes no tokenizer; of DATA_LOSS_OPTION_LONG. */
#define DATA_HELP_TEXT                                                                                       \
  "  --field NAME          .jsonl: the member that holds the document; a.b: b in a\n"                        \
  "                        (text)\n"                                                                         \
  "  --tokenizer NAME      bytes, or a file: tokenizer.json, rank file\n"                                    \
  "                        (.tiktoken), SentencePiece (bytes)\n"                                             \
  "  --split NAME          how a rank file splits text: gpt2, cl100k, o200k,\n"                              \
  "                        llama3 or qwen2\n"                                                                \
  "  --specials WHAT       <|endoftext|> and its like in the text: ignore (they\n"                           \
  "                        are text), allow (they are the token) or error (ignore)\n"                        \
  "  --special TEXT=ID     one more special token of a rank file; may be given\n"                            \
  "                        again\n"                                                                          \
  "  --normalize FORM      none, nfc or nfkc, before tokenizing (none)\n"                                    \
  "  --fold-case           fold case before tokenizing\n"                                                    \
  "  --squeeze-space       one space for runs of white space, LF for every line\n"                           \
  "                        break\n"                                                                          \
  "  --malformed WHAT      bytes that are not UTF-8: keep, replace or error (keep)\n"                        \
  "  --on-bad-line WHAT    lines of .jsonl that cannot be used: stop, or skip and\n"                         \
  "                        count them (stop)\n"                                                              \
  "  --longest-document N  bytes of a line, or of a document that must be held\n"                            \
  "                        whole (64Mi)\n"
#define DATA_HELP_PART                                                                                       \
  "  --split PART          train or validation: that part of the documents, or of\n"                         \
  "                        blocks where none are known. May be given beside the\n"                           \
  "                        --split of a rank file\n" DATA_HELP_SIZE
#define DATA_HELP_PART_ALONE                                                                                 \
  "  --split PART          train or validation: that part of the documents, or of\n"                         \
  "                        blocks where none are known\n" DATA_HELP_SIZE
#define DATA_HELP_SIZE                                                                                       \
  "  --fraction F          of the data that is for validation (0.01)\n"                                      \
  "  --split-seed N        chooses which is (0)\n"
#define DATA_HELP_LOSS                                                                                       \
  "  --loss WHAT           mask what PATH.loss beside files of tokens says is not\n"                         \
  "                        to be learnt: auto, or none (auto)\n"

extern const char data_options_help[]; /* of all of them */

extern const char *const data_types[]; /* the words of --type, in the order of batch_token_type */

static inline bool data_option_is(int answer) {
  return (answer >= DATA_FORMAT && answer < DATA_OPTIONS_END) || span_option_is(answer);
}

/* Takes one option and its argument; returns CLI_OK or, having said why, another exit status. */
int data_option_take(data_options *options, const char *command, int answer, const char *argument);

/* When all options are known: opens the tokenizer, and says to the dataset which id parts documents, and what of them is
   learnt. Returns as data_option_take does. */
int data_options_settle(data_options *options, const char *command);

/* One by one, for commands that find the separator in another way: the tokenizer and the part; the spans. */
int data_options_open_tokenizer(data_options *options, const char *command);
int data_options_settle_spans(data_options *options, const char *command);

/* Options that none of the files has a use for are bad usage. */
int data_options_check(const data_options *options, const char *command, const BatchDataset *dataset);
int data_options_check_all(const data_options *options, const char *command,
                           const BatchDataset *const *datasets, size_t n);

/* The command has a use for this one whatever the files are. */
void data_option_pass(data_options *options, int option);

void data_options_free(data_options *options);

/* Lines of .jsonl that --on-bad-line skip passed over. */
uint64_t data_bad_lines(const BatchDataset *dataset);

/* Says on stderr how many there were, if any: also where nothing else is said. */
void data_say_bad_lines(const char *command, uint64_t lines);

#endif
