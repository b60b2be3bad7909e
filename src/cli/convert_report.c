/* What headrace convert says. */
#include "convert.h"
#include "writer_options.h"

size_t convert_unknown_files(const convert_run *run, batch_dataset_file *first) {
  size_t count = 0;
  batch_dataset_file file = BATCH_DATASET_FILE_INIT;
  if (run->documents.separator) return 0;
  for (size_t i = 0; i < batch_dataset_files(run->dataset); i++) {
    if (!batch_dataset_get_file(run->dataset, i, &file) || separator_has_index(file.format) ||
        file.tokens == 0)
      continue;
    if (count++ == 0) *first = file;
  }
  return count;
}

static uint64_t indexed_documents(const convert_run *run) {
  uint64_t count = 0;
  batch_dataset_file file = BATCH_DATASET_FILE_INIT;
  for (size_t i = 0; i < batch_dataset_files(run->dataset); i++)
    if (batch_dataset_get_file(run->dataset, i, &file) && separator_has_index(file.format))
      count += file.documents;
  return count;
}

void convert_say_lost(const convert_run *run) {
  batch_dataset_file file;
  size_t unknown = convert_unknown_files(run, &file);
  uint64_t indexed = indexed_documents(run);
  output_separator separator = run->options->separator;
  const char *format = batch_format_name(run->writing.format);
  if (separator_has_index(run->writing.format)) {
    if (unknown > 0)
      cli_note(convert_name, "no documents are known in %s: %s one (--end-of-text finds them)",
               cli_count(unknown, "file"), unknown == 1 ? "it is" : "each is");
  } else if (separator == SEPARATOR_TAKE_OUT) {
    cli_note(convert_name, "%s has no index: documents are not kept", format);
  } else if (separator == SEPARATOR_KEEP && indexed > 0) {
    cli_note(convert_name,
             "%s has no index: the ends of %s are kept only where the tokens have end-of-text ids "
             "(--output-separator puts them there)",
             format, cli_count(indexed, "document"));
  }
}

/* seconds: of one look at the clock, so that what is said fits together. */
static double bytes_per_second(const convert_run *run, double seconds) {
  return (double)(run->documents.at * batch_dataset_width(run->dataset)) / seconds;
}

void convert_print_summary(const convert_run *run) {
  double seconds = progress_seconds(&run->bar);
  uint64_t tokens = batch_writer_tokens(run->writer);
  writer_print_tokens(run->writer);
  if (run->num_documents) printf(" in %s", cli_count(run->num_documents, "document"));
  printf(", %s, %s, %.1f s, %s/s, %.1f Mtokens/s\n", cli_count(batch_writer_files(run->writer), "file"),
         batch_format_name(run->writing.format), seconds, cli_bytes(bytes_per_second(run, seconds)),
         (double)tokens * 1e-6 / seconds);
}

void convert_print_json(const convert_run *run, const char *ended) {
  json j = {0};
  double seconds = progress_seconds(&run->bar);
  json_open_run(&j, convert_name, ended);
  writer_print_json(&j, run->options->output, run->writing.format, run->writer);
  if (run->num_documents)
    json_count(&j, "documents", run->num_documents);
  else
    json_null(&j, "documents");
  json_number(&j, "seconds", seconds);
  json_number(&j, "tokens_per_second", (double)batch_writer_tokens(run->writer) / seconds);
  json_number(&j, "bytes_per_second", bytes_per_second(run, seconds));
  json_close(&j);
}
