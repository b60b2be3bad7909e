/* What headrace feed says in the end. */
#include <inttypes.h>

#include "feed.h"
#include "json.h"

void feed_print_summary(const feed_sum *sum, const batch_loader_stats *stats) {
  printf("positions: %" PRIu64 ", of which %" PRIu64 " masked, %" PRIu64 " padding; %" PRIu64
         " tokens cropped\n",
         sum->tokens + stats->padding, stats->masked, stats->padding, stats->cropped);
  printf("feed: %" PRIu64 " batches, %" PRIu64 " tokens, checksum %016" PRIx64 ", %" PRIu64 " errors\n",
         sum->batches, sum->tokens, sum->checksum, sum->errors);
}

static void print_content(json *j, const feed_sum *sum, const batch_loader_stats *stats) {
  json_count(j, "batches", sum->batches);
  json_count(j, "rows", sum->rows);
  json_count(j, "tokens", sum->tokens);
  json_count(j, "masked", stats->masked);
  json_count(j, "padding", stats->padding);
  json_count(j, "cropped", stats->cropped);
  json_hash(j, "checksum", sum->checksum);
  json_count(j, "errors", sum->errors);
  json_count(j, "rows_skipped", stats->skipped);
}

/* The workers wait for batches to come back, the trainer, which is the command, for them to be filled. */
static void print_stages(json *j, const batch_loader_stats *stats) {
  json_text(j, "bottleneck", batch_bottleneck_name(stats->bottleneck));
  json_stage(j, "workers", stats->workers, stats->worker_fill_ns, stats->worker_wait_ns);
  json_open(j, "trainer", '{');
  json_count(j, "threads", 1);
  json_count(j, "wait_ns", stats->trainer_wait_ns);
  json_close(j);
  json_open(j, "pool", '{');
  json_count(j, "batches", stats->pool_size);
  json_count(j, "hits", stats->pool_hits);
  json_count(j, "misses", stats->pool_misses);
  json_close(j);
}

void feed_print_json(const feed_run *run, const feed_sum *sum, const batch_loader_stats *stats,
                     const char *ended) {
  json j = {0};
  const batch_loader_options *o = &run->loader.loader;
  double seconds = progress_seconds(&run->bar);
  json_open_run(&j, "feed", ended);
  json_count(&j, "rank", o->rank);
  json_count(&j, "world", o->world);
  json_count(&j, "context_rank", o->context_rank);
  json_count(&j, "context_world", o->context_world ? o->context_world : 1);
  sources_print_json(&run->sources, &j);
  print_content(&j, sum, stats);
  json_count(&j, "bytes", stats->bytes);
  json_number(&j, "seconds", seconds);
  json_number(&j, "tokens_per_second", (double)sum->tokens / seconds);
  json_number(&j, "bytes_per_second", (double)stats->bytes / seconds);
  print_stages(&j, stats);
  json_close(&j);
}
