/* headrace feed: runs the whole pipeline over files and says what came out of it. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "feed.h"
#include "row_sum.h"
#include "stop.h"

static const char name[] = "feed";

/* That are learnt. */
static uint64_t tokens_of(const Batch *batch, uint32_t row) {
  uint64_t sum = 0;
  for (uint32_t i = 0; i < batch->sequence_length; i++)
    sum += batch->mask.u8[(size_t)row * batch->sequence_length + i];
  return sum;
}

/* Rows past the end of an epoch are padding: they have no token and no part in the checksum. */
static void add_batch(feed_sum *sum, const Batch *batch, const uint64_t *places) {
  sum->batches++;
  for (uint32_t row = 0; row < batch->batch_size; row++) {
    uint64_t tokens = tokens_of(batch, row);
    sum->tokens += tokens;
    if (places[row] != BATCH_NO_PLACE) {
      sum->rows++;
      sum->checksum += row_sum(batch, row, batch->epoch_id, places[row]);
    } else if (tokens > 0) {
      sum->errors++;
    }
  }
}

static const char *who_waits(const batch_loader_stats *stats) {
  static const char *const words[] = {[BATCH_BOTTLENECK_NONE] = "nobody waits",
                                      [BATCH_BOTTLENECK_DATA] = "waits for data",
                                      [BATCH_BOTTLENECK_TRAINER] = "data waits"};
  return words[stats->bottleneck];
}

/* Rows that lie before the run's first one, and before its end, from epoch 0 on. */
static uint64_t first_row(const batch_loader_options *o, uint64_t rows) {
  return o->resume ? o->resume->epoch * rows + o->resume->row : 0;
}
static uint64_t end_row(const batch_loader_options *o, uint64_t rows) {
  uint64_t first = first_row(o, rows), step = (uint64_t)o->batch_size * o->world, end;
  if (__builtin_mul_overflow(rows, o->epochs ? o->epochs : 1, &end)) end = UINT64_MAX;
  bool limited = o->steps > 0 && end > first && o->steps < (end - first) / step;
  return limited ? first + o->steps * step : end;
}

/* How many rows an epoch has is known at its end. */
static bool is_estimate(const feed_run *run) {
  return run->loader.loader.packing >= BATCH_PACK_BEST_FIT && !sources_are_mixed(&run->sources);
}

/* Progress is counted in bytes of the stream, from the run's first row to the batch's place in the order. Of an estimate
   it does not come to the end before the run does. */
static void show(feed_run *run, const BatchLoader *loader, const Batch *batch, uint64_t place,
                 const feed_sum *sum) {
  char note[160], about[60] = "";
  batch_loader_stats stats = BATCH_LOADER_STATS_INIT;
  if (!progress_is_due(&run->bar) || !batch_loader_get_stats(loader, &stats)) return;
  const batch_loader_options *o = &run->loader.loader;
  uint64_t rows = batch_loader_epoch_rows(loader), first = first_row(o, rows), total,
           bytes = batch->sequence_length * run->token_bytes,
           at = batch->epoch_id * rows + (place < rows ? place : rows), done = at > first ? at - first : 0;
  if (__builtin_mul_overflow(end_row(o, rows) - first, bytes, &total)) total = UINT64_MAX;
  done *= bytes;
  if (is_estimate(run)) {
    snprintf(about, sizeof about, "  about %s an epoch", cli_count(rows, "row"));
    if (done > total / 100 * 99) done = total / 100 * 99;
  }
  snprintf(note, sizeof note, "%s  %.1f Mtokens/s%s%s", who_waits(&stats),
           (double)sum->tokens / progress_seconds(&run->bar) / 1e6, run->shares, about);
  progress_draw(&run->bar, done, total, note);
}

/* The next batch, in pieces of time between which a signal is noticed: then BATCH_TIMEDOUT. */
static batch_status next(feed_run *run, BatchLoader *loader, Batch **batch) {
  enum { TENTH_OF_A_SECOND = 100 * 1000 * 1000 };
  batch_status status = BATCH_TIMEDOUT;
  while (status == BATCH_TIMEDOUT && !stop_asked()) {
    status = batch_loader_next_until(loader, batch, batch_deadline_after(TENTH_OF_A_SECOND));
    metrics_pass(&run->metrics, &(batch_metrics_object){.loader = loader});
  }
  return status;
}

/* With skip and hand-on a batch with a fault is delivered, and only the last error says what it is. */
static void say_first_fault(feed_run *run) {
  static const char from[] = "batch_loader_next_until: ";
  const batch_error *error = batch_last_error();
  if (run->fault_said || error->code < BATCH_ERROR_INVALID_ARGUMENT) return;
  if (strncmp(error->message, from, sizeof from - 1) != 0) return;
  run->fault_said = true;
  progress_end(&run->bar);
  cli_library_error(name);
}

static int save_state(const feed_run *run, BatchLoader *loader) {
  batch_loader_state state;
  if (!run->state) return CLI_OK;
  if (!batch_loader_get_state(loader, &state)) return cli_library_error(name);
  return batch_loader_state_save(&state, run->state) ? CLI_OK : cli_library_error(name);
}

/* Notes all batches; places: [batch_size]. Returns what came after the last one. */
static batch_status take_all(feed_run *run, BatchLoader *loader, uint64_t *places, feed_sum *sum) {
  Batch *batch;
  batch_status status;
  while ((status = next(run, loader, &batch)) == BATCH_OK) {
    say_first_fault(run);
    if (batch_loader_places(loader, batch, places)) {
      add_batch(sum, batch, places);
      show(run, loader, batch, places[0], sum);
    } else {
      sum->errors++;
    }
    batch_release(batch);
  }
  return status;
}

static int feed(feed_run *run, BatchLoader *loader) {
  feed_sum sum = {0};
  uint64_t *places = calloc(run->loader.loader.batch_size, sizeof *places);
  if (!places) return cli_error(name, "no memory for the places of %u rows", run->loader.loader.batch_size);
  batch_loader_stats stats = BATCH_LOADER_STATS_INIT;
  progress_start(&run->bar, run->quiet);
  batch_status status = take_all(run, loader, places, &sum);
  free(places);
  progress_end(&run->bar);
  int result = status == BATCH_END || status == BATCH_TIMEDOUT ? CLI_OK : cli_library_error(name);
  batch_loader_get_stats(loader, &stats);
  sum.errors += stats.errors;
  sum.tokens += stats.masked;
  int saved = save_state(run, loader);
  int told = metrics_end(&run->metrics, &(batch_metrics_object){.loader = loader});
  if (result == CLI_OK) result = sum.errors ? CLI_BAD_DATA : saved;
  if (result == CLI_OK) result = told;
  if (run->json)
    feed_print_json(run, &sum, &stats, result != CLI_OK ? "failed" : stop_asked() ? "stopped" : "done");
  else
    feed_print_summary(&sum, &stats);
  int printed = cli_finish_output(name); /* before a signal that stopped it ends the process */
  return result == CLI_OK ? printed : result;
}

/* Processes on one machine are told apart. */
static int begin_metrics(feed_run *run, const BatchLoader *loader) {
  static char ranks[2][12];
  const batch_loader_options *o = &run->loader.loader;
  snprintf(ranks[0], sizeof ranks[0], "%u", o->rank);
  snprintf(ranks[1], sizeof ranks[1], "%u", o->context_rank);
  if (o->world > 1) metrics_label(&run->metrics, "rank", ranks[0]);
  if (o->context_world > 1) metrics_label(&run->metrics, "context_rank", ranks[1]);
  return metrics_begin(&run->metrics, &(batch_metrics_object){.loader = loader});
}

/* Everything before the first metrics may take long, and leaves nothing but the state that it begins with: signals end
   it as they end any program. */
static int open_and_feed(feed_run *run) {
  BatchLoader *loader = NULL;
  int status = sources_open(&run->sources, name, &run->data);
  if (status == CLI_OK && !(loader = sources_loader(&run->sources, &run->loader.loader)))
    status = cli_library_error(name);
  if (status == CLI_OK)
    status = save_state(run, loader); /* what cannot be written is known before a run of hours */
  if (status == CLI_OK) stop_watch();
  if (status == CLI_OK) status = begin_metrics(run, loader);
  if (status == CLI_OK) {
    if (!run->json) sources_print(&run->sources);
    sources_describe(&run->sources, run->shares, sizeof run->shares);
    run->token_bytes = sources_width(&run->sources);
    status = feed(run, loader);
  }
  batch_loader_free(loader);
  return status;
}

int command_feed(int argc, char **argv) {
  feed_run run = {.data = DATA_OPTIONS_INIT, .loader = LOADER_OPTIONS_INIT};
  run.loader.loader.mask_type = TENSOR_UINT8;
  int status = feed_parse(argc, argv, &run);
  if (status == CLI_OK) status = run.help ? feed_help() : open_and_feed(&run);
  sources_free(&run.sources);
  loader_options_free(&run.loader);
  data_options_free(&run.data);
  stop_die();
  return status;
}
