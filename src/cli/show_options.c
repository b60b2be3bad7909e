/* The arguments of headrace show. */
#include <inttypes.h>

#include "help.h"
#include "show.h"

const char show_name[] = "show";

int show_help(void) {
  return help_print(show_name,
                    "headrace show [OPTION...] FILE...\n"
                    "headrace show [OPTION...] FILE:WEIGHT...\n",
                    (const char *const[]){
                        "Shows a batch as a trainer gets it: each row with its place in the epoch, its\n"
                        "documents, their text or ids, and which of them are masked. A document's line\n"
                        "is what its positions hold as input, and the target of the last one, but in\n"
                        "windows where the next line begins with that; what is marked is a target whose\n"
                        "mask is 0.\n",
                        sources_help,
                        "Options:\n"
                        "  --epoch N             of that epoch (0)\n"
                        "  --step N              that step of the epoch, from 0 on (the first of the\n"
                        "                        run)\n"
                        "  --steps N             so many batches, after --epoch and --step up to the end\n"
                        "                        of the epoch (1)\n"
                        "  --rows N              no more than so many rows of each (all)\n"
                        "  --ids                 ids, where text would be shown: of text, and with\n"
                        "                        --tokenizer\n"
                        "  --full                do not cut lines where the terminal ends\n"
                        "  --json                one line with one JSON object for each batch: every\n"
                        "                        element, and the rows' places (null: padding)\n"
                        "  -h, --help            print this\n",
                        loader_options_help, data_options_help,
                        "Examples:\n"
                        "  # the first two rows of the first batch\n"
                        "  headrace show --rows 2 --sequence-length 64 text\n"
                        "  # what of a chat is learnt, each chat a row\n"
                        "  headrace show --messages --pack documents --sequence-length 64 chats.jsonl\n"
                        "  # step 1 as JSON, a line\n"
                        "  headrace show --step 1 --batch-size 4 --sequence-length 8 --json tokens.bin\n",
                        NULL});
}

enum { EPOCH = 1, STEP, STEPS, ROWS, IDS, FULL, JSON, HELP };

const struct option show_options_long[] = {DATA_OPTIONS_LONG,
                                           DATA_PART_OPTIONS_LONG,
                                           DATA_LOSS_OPTION_LONG,
                                           LOADER_OPTIONS_LONG,
                                           {"epoch", required_argument, NULL, EPOCH},
                                           {"step", required_argument, NULL, STEP},
                                           {"steps", required_argument, NULL, STEPS},
                                           {"rows", required_argument, NULL, ROWS},
                                           {"ids", no_argument, NULL, IDS},
                                           {"full", no_argument, NULL, FULL},
                                           {"json", no_argument, NULL, JSON},
                                           {"help", no_argument, NULL, HELP},
                                           {0}};

static int take_rows(show_run *run, const char *text) {
  uint64_t rows;
  int status = cli_take_number(show_name, "rows", text, 1, UINT32_MAX, &rows);
  if (status == CLI_OK) run->rows = (uint32_t)rows;
  return status;
}

static int take(show_run *run, int option, const char *text) {
  if (data_option_is(option)) return data_option_take(&run->data, show_name, option, text);
  if (loader_option_is(option))
    return loader_option_take(&run->loader, &run->data.dataset, show_name, option, text);
  switch (option) {
  case EPOCH:
    run->placed = run->epoch_said = true;
    return cli_take_number(show_name, "epoch", text, 0, BATCH_LOADER_ENDLESS - 1, &run->epoch);
  case STEP:
    run->placed = true;
    return cli_take_number(show_name, "step", text, 0, UINT64_MAX - 1, &run->step);
  case STEPS:
    return cli_take_number(show_name, "steps", text, 1, UINT64_MAX, &run->steps);
  case ROWS:
    return take_rows(run, text);
  case IDS:
    run->ids = true;
    break;
  case FULL:
    run->whole = true;
    break;
  case JSON:
    run->json = true;
    break;
  default: /* --help or -h */
    run->help = true;
    break;
  }
  return CLI_OK;
}

static int check(const show_run *run) {
  if (run->json && (run->whole || run->ids || run->rows != UINT32_MAX))
    return cli_usage_error(show_name, "--json has every row whole, as ids: expected it without --%s",
                           run->whole ? "full"
                           : run->ids ? "ids"
                                      : "rows");
  return CLI_OK;
}

int show_parse(int argc, char **argv, show_run *run) {
  for (int c, status; (c = cli_next_option(show_name, argc, argv)) != -1;) {
    if (c == '?') return CLI_BAD_USAGE;
    if ((status = take(run, c, optarg)) != CLI_OK) return status;
  }
  if (run->help) return CLI_OK;
  int status = check(run);
  if (status == CLI_OK)
    status = sources_take(&run->sources, show_name, argv + optind, (size_t)(argc - optind));
  if (status == CLI_OK) status = data_options_settle(&run->data, show_name);
  return status == CLI_OK ? loader_options_settle(&run->loader, show_name) : status;
}
