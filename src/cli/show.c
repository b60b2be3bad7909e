/* headrace show: batches as a person, or a tool, wants to see them. */
#include "show.h"

#include <stdlib.h>
#include <string.h>

static bool is_text(const BatchDataset *dataset) {
  batch_dataset_file file = BATCH_DATASET_FILE_INIT;
  for (size_t i = 0; i < batch_dataset_files(dataset); i++)
    if (!batch_dataset_get_file(dataset, i, &file) ||
        (file.format != BATCH_FORMAT_TEXT && file.format != BATCH_FORMAT_JSONL))
      return false;
  return true;
}

/* The one that is named; where none is and all files are text, that of bytes, which they are tokenized with. */
static int settle_tokenizer(show_run *run) {
  bool text = !run->ids && !run->json;
  for (size_t i = 0; i < run->sources.opened && !run->data.tokenizer_name; i++)
    text &= is_text(run->sources.datasets[i]);
  if (!text) return CLI_OK;
  if (!run->data.tokenizer) run->bytes = batch_tokenizer_bytes(1);
  run->tokenizer = run->bytes ? run->bytes : run->data.tokenizer;
  if (!run->tokenizer) return cli_library_error(show_name);
  run->letter = show_find_letter(run);
  return run->no_memory ? cli_error(show_name, "no memory for the text of tokens") : CLI_OK;
}

/* A tokenizer is of use for files of tokens too: their text is shown. */
static int open_files(show_run *run) {
  data_option_pass(&run->data, DATA_TOKENIZER);
  data_option_pass(&run->data, DATA_SPLIT);
  data_option_pass(&run->data, DATA_SPECIAL);
  int status = sources_open(&run->sources, show_name, &run->data);
  return status == CLI_OK ? settle_tokenizer(run) : status;
}

/* With skip and hand-on a batch with a fault is there, and only the last error says what it is. */
static void say_fault(show_run *run) {
  if (batch_last_error()->code < BATCH_ERROR_INVALID_ARGUMENT) return;
  run->faulty = true;
  cli_library_error(show_name);
}

static int show_one(show_run *run, BatchLoader *loader, show_batch *b) {
  uint64_t *places = calloc(b->batch->batch_size, sizeof *places);
  if (!places) return cli_error(show_name, "no memory for the places of the rows");
  say_fault(run);
  int status = batch_loader_places(loader, b->batch, places) ? CLI_OK : cli_library_error(show_name);
  b->places = places;
  if (status == CLI_OK && run->json) show_batch_json(run, b);
  if (status == CLI_OK && !run->json) show_batch_text(run, b);
  free(places);
  if (run->no_memory) return cli_error(show_name, "no memory for the text of tokens");
  return status == CLI_OK && ferror(stdout) ? cli_finish_output(show_name) : status;
}

static uint64_t cropped_so_far(const BatchLoader *loader) {
  batch_loader_stats stats = BATCH_LOADER_STATS_INIT;
  return batch_loader_get_stats(loader, &stats) ? stats.cropped : 0;
}

/* The next ones of the run. What was cropped to make one is seen in the figures of the loader. */
static int show_next(show_run *run, BatchLoader *loader) {
  int status = CLI_OK;
  for (uint64_t i = 0; i < run->steps && status == CLI_OK; i++) {
    uint64_t before = cropped_so_far(loader);
    batch_clear_error();
    Batch *batch = batch_loader_next(loader);
    if (!batch && batch_last_error()->code == BATCH_END)
      return i > 0 ? CLI_OK : cli_error(show_name, "the run is at its end, and has no batch any more");
    if (!batch) return cli_library_error(show_name);
    show_batch b = {.batch = batch, .delivered = true, .cropped = cropped_so_far(loader) - before};
    status = show_one(run, loader, &b);
    batch_release(batch);
  }
  return status;
}

/* Whether the step that was asked for is none of the run's: only then does the sentence begin so. */
static bool is_beyond(void) {
  static const char beginning[] = "step is ";
  return batch_last_error()->code == BATCH_ERROR_OUT_OF_RANGE &&
         strncmp(cli_library_sentence(), beginning, sizeof beginning - 1) == 0;
}

static int say_beyond(const show_run *run, const BatchLoader *loader) {
  const batch_loader_options *o = &run->loader.loader;
  bool skips = o->num_skips > 0 || (o->resume && o->resume->num_skips > 0);
  return cli_usage_error(
      show_name, "there is no step %s of epoch %s: an epoch has %s%s%s", cli_thousands(run->step),
      cli_thousands(run->epoch), o->packing >= BATCH_PACK_BEST_FIT ? "about " : "",
      cli_count(batch_loader_epoch_steps(loader), "step"), skips ? ", and fewer where rows are skipped" : "");
}

/* Any ones of an epoch, up to its end. */
static int show_again(show_run *run, BatchLoader *loader) {
  int status = CLI_OK;
  for (uint64_t i = 0; i < run->steps && status == CLI_OK; i++) {
    batch_clear_error();
    Batch *batch = batch_loader_replay(loader, run->epoch, run->step + i);
    if (!batch && is_beyond()) return i > 0 ? CLI_OK : say_beyond(run, loader);
    if (!batch) return cli_library_error(show_name);
    status = show_one(run, loader, &(show_batch){.batch = batch});
    batch_release(batch);
  }
  return status;
}

static int open_and_show(show_run *run) {
  batch_loader_options *o = &run->loader.loader;
  o->mask_type = TENSOR_UINT8;
  o->with_documents = true;
  o->epochs = BATCH_LOADER_ENDLESS;
  if (!run->placed) o->steps = run->steps;
  /* Padding inside a document is told from masked tokens by its id, which is not shown: one that no data has. */
  if (!run->json && o->vocab_size == 0) o->pad_id = INT32_MAX;
  if (o->resume && !run->epoch_said) run->epoch = o->resume->epoch;
  int status = open_files(run);
  if (status != CLI_OK) return status;
  run->tokens = calloc((size_t)o->sequence_length + 1, sizeof *run->tokens);
  run->masked = calloc((size_t)o->sequence_length + 1, sizeof *run->masked);
  if (!run->tokens || !run->masked) return cli_error(show_name, "no memory for the tokens of a row");
  BatchLoader *loader = sources_loader(&run->sources, o);
  if (!loader) return cli_library_error(show_name);
  screen_init(&run->screen, run->whole);
  status = (run->placed ? show_again : show_next)(run, loader);
  batch_loader_free(loader);
  if (status == CLI_OK) status = cli_finish_output(show_name);
  return status == CLI_OK && run->faulty ? CLI_BAD_DATA : status;
}

int command_show(int argc, char **argv) {
  show_run run = {.data = DATA_OPTIONS_INIT, .loader = LOADER_OPTIONS_INIT, .steps = 1, .rows = UINT32_MAX};
  int status = show_parse(argc, argv, &run);
  if (status == CLI_OK) status = run.help ? show_help() : open_and_show(&run);
  free(run.tokens);
  free(run.masked);
  batch_tokenizer_free(run.bytes);
  sources_free(&run.sources);
  loader_options_free(&run.loader);
  data_options_free(&run.data);
  return status;
}
