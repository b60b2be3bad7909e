/* What headrace tokenize says in the end. */
#include <string.h>

#include "tokenize.h"
#include "writer_options.h"

/* seconds: of one look at the clock, so that what is said fits together. */
static double bytes_per_second(const tokenize_run *run, double seconds) {
  return (double)(run->last.bytes - run->bytes_before) / seconds;
}

static double tokens_per_second(const tokenize_run *run, const BatchWriter *writer, double seconds) {
  return (double)(batch_writer_tokens(writer) - run->tokens_before) / seconds;
}

static const char *work_of(const char *stage) {
  return strcmp(stage, "reader") == 0 ? "reading" : strcmp(stage, "workers") == 0 ? "tokenizing" : "writing";
}

void tokenize_print_summary(const tokenize_run *run, const BatchWriter *writer) {
  const char *stage = run->last.bottleneck;
  double seconds = progress_seconds(&run->bar);
  bool tells = stage && seconds >= 1; /* not what starting took */
  writer_print_tokens(writer);
  printf(" in %s, %s, %s, %.1f s, %s/s, %.2f Mtokens/s",
         cli_count(batch_writer_documents(writer), "document"), cli_count(batch_writer_files(writer), "file"),
         batch_format_name(run->writer.format), seconds, cli_bytes(bytes_per_second(run, seconds)),
         tokens_per_second(run, writer, seconds) * 1e-6);
  if (tells) printf(", held up by %s", work_of(stage));
  putchar('\n');
}

void tokenize_print_json(const tokenize_run *run, const BatchWriter *writer, const char *ended) {
  json j = {0};
  const batch_tokenize_progress *last = &run->last;
  uint32_t helpers = last->workers > 0;
  double seconds = progress_seconds(&run->bar);
  json_open_run(&j, tokenize_name, ended);
  writer_print_json(&j, run->output, run->writer.format, writer);
  json_count(&j, "documents", batch_writer_documents(writer));
  json_count(&j, "bad_lines", last->bad_lines);
  json_count(&j, "tokens_before", run->tokens_before);
  json_count(&j, "bytes", last->bytes);
  json_count(&j, "bytes_before", run->bytes_before);
  json_number(&j, "seconds", seconds);
  json_number(&j, "tokens_per_second", tokens_per_second(run, writer, seconds));
  json_number(&j, "bytes_per_second", bytes_per_second(run, seconds));
  json_text(&j, "bottleneck", last->bottleneck ? last->bottleneck : "none");
  json_stage(&j, "reader", helpers, last->reader_ns, last->reader_wait_ns);
  json_stage(&j, "workers", last->workers, last->worker_ns, last->worker_wait_ns);
  json_stage(&j, "writer", 1, last->writer_ns, last->writer_wait_ns);
  json_close(&j);
}
