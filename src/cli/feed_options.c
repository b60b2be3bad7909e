/* The arguments of headrace feed. */
#include <inttypes.h>

#include "feed.h"
#include "help.h"

static const char name[] = "feed";

int feed_help(void) {
  return help_print(
      name,
      "headrace feed [OPTION...] FILE...\n"
      "headrace feed [OPTION...] FILE:WEIGHT...\n",
      (const char *const[]){
          "Makes batches of FILEs as a trainer would get them, and prints how many, with a\n"
          "checksum over every element of input, target and mask. The checksums of all\n"
          "ranks, and of the parts of a run that was interrupted and resumed, add up\n"
          "(modulo 2^64) to that of the whole run.\n",
          sources_help,
          "SIGINT, SIGTERM, SIGHUP and SIGQUIT stop it after the batch at hand: it writes\n"
          "--state, prints what there was and ends by the signal.\n",
          "Options:\n"
          "  --epochs N            times every row is visited (1)\n"
          "  --steps N             stop after so many batches\n"
          "  --documents           make the tensors of documents and positions too; the\n"
          "                        checksum has them\n"
          "  --pool N              batches there are (2 workers + 2)\n"
          "  --as-they-come        do not put batches in order (stopped and resumed, some\n"
          "                        come again)\n"
          "  --state FILE          write where to resume, at the beginning and at the end\n" METRICS_FILE_HELP
          "  --json                in the end one JSON object on the standard output, and\n"
          "                        nothing else: also what was read, how long it took, and\n"
          "                        who waited for whom\n"
          "  --quiet               no progress\n"
          "  -h, --help            print this\n",
          loader_options_help, data_options_help,
          "Examples:\n"
          "  # the text of a folder, four times, in 8 rows of 256 bytes\n"
          "  headrace feed --epochs 4 --batch-size 8 --sequence-length 256 text\n"
          "  # three rows of tokens.bin for one of more.bin\n"
          "  headrace feed --sequence-length 64 tokens.bin:3 more.bin:1\n"
          "  # stop after 2 steps, and go on from there\n"
          "  headrace feed --sequence-length 64 --steps 2 --state run.state tokens.bin\n"
          "  headrace feed --sequence-length 64 --resume run.state tokens.bin\n",
          NULL});
}

enum { POOL = 1, EPOCHS, STEPS, STATE, METRICS, DOCUMENTS, AS_THEY_COME, JSON, QUIET, HELP };

const struct option feed_options_long[] = {DATA_OPTIONS_LONG,
                                           DATA_PART_OPTIONS_LONG,
                                           DATA_LOSS_OPTION_LONG,
                                           LOADER_OPTIONS_LONG,
                                           {"epochs", required_argument, NULL, EPOCHS},
                                           {"steps", required_argument, NULL, STEPS},
                                           {"documents", no_argument, NULL, DOCUMENTS},
                                           {"pool", required_argument, NULL, POOL},
                                           {"as-they-come", no_argument, NULL, AS_THEY_COME},
                                           {"state", required_argument, NULL, STATE},
                                           {"metrics", required_argument, NULL, METRICS},
                                           {"json", no_argument, NULL, JSON},
                                           {"quiet", no_argument, NULL, QUIET},
                                           {"help", no_argument, NULL, HELP},
                                           {0}};

static int take_number(const char *option, const char *text, uint64_t most, uint64_t *value) {
  return cli_take_number(name, option, text, 1, most, value);
}

static int take_small(const char *option, const char *text, uint64_t most, uint32_t *value) {
  uint64_t large;
  int status = take_number(option, text, most, &large);
  if (status == CLI_OK) *value = (uint32_t)large;
  return status;
}

static int take(feed_run *run, int option, const char *text) {
  batch_loader_options *loader = &run->loader.loader;
  if (data_option_is(option)) return data_option_take(&run->data, name, option, text);
  if (loader_option_is(option))
    return loader_option_take(&run->loader, &run->data.dataset, name, option, text);
  switch (option) {
  case POOL:
    return take_small("pool", text, BATCH_MAX_LIVE, &loader->pool_size);
  case EPOCHS:
    return take_small("epochs", text, BATCH_LOADER_ENDLESS, &loader->epochs);
  case STEPS:
    return take_number("steps", text, UINT64_MAX, &loader->steps);
  case METRICS:
    return metrics_take(&run->metrics, name, text);
  case STATE:
    run->state = text;
    break;
  case DOCUMENTS:
    loader->with_documents = true;
    break;
  case AS_THEY_COME:
    loader->as_they_come = true;
    break;
  case JSON:
    run->json = true;
    break;
  case QUIET:
    run->quiet = true;
    break;
  default: /* --help or -h */
    run->help = true;
    break;
  }
  return CLI_OK;
}

int feed_parse(int argc, char **argv, feed_run *run) {
  for (int c, status; (c = cli_next_option(name, argc, argv)) != -1;) {
    if (c == '?') return CLI_BAD_USAGE;
    if ((status = take(run, c, optarg)) != CLI_OK) return status;
  }
  if (run->help) return CLI_OK;
  int status = sources_take(&run->sources, name, argv + optind, (size_t)(argc - optind));
  if (status == CLI_OK) status = data_options_settle(&run->data, name);
  return status == CLI_OK ? loader_options_settle(&run->loader, name) : status;
}
