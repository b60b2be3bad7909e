/* headrace convert: from files of tokens to files of tokens in another format. */
#include "convert.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "stop.h"
#include "token_input.h"

static bool puts_separators(const convert_options *o) {
  return o->separator == SEPARATOR_PUT_BEFORE || o->separator == SEPARATOR_PUT_AFTER;
}

static int settle_separator(convert_run *run) {
  const separator_options *given = &run->options->data.separator;
  documents *d = &run->documents;
  int status = CLI_OK;
  d->end_of_text = given->end_of_text;
  d->keep = run->options->separator == SEPARATOR_KEEP;
  if (given->place >= 0)
    d->separator = (batch_separator)given->place;
  else if (given->end_of_text >= 0)
    status = token_input_usual_separator(convert_name, run->dataset, &d->separator);
  if (status != CLI_OK || d->separator || puts_separators(run->options)) return status;
  return separator_needs_place(given, convert_name);
}

static int check_documents(const convert_run *run) {
  batch_dataset_file file;
  if (!run->options->separator || convert_unknown_files(run, &file) == 0) return CLI_OK;
  return cli_usage_error(convert_name,
                         "%s: no documents are known, expected --separator, as --output-separator is given",
                         file.path);
}

static bool show_progress(convert_run *run, const char *what) {
  const documents *d = &run->documents;
  char note[96];
  run->stopped = stop_asked();
  if (run->stopped) return false;
  if (!progress_is_due(&run->bar)) return true;
  uint64_t width = batch_dataset_width(run->dataset);
  snprintf(note, sizeof note, "%s  %.1f Mtokens/s", what, (double)d->at * 1e-6 / progress_seconds(&run->bar));
  progress_draw(&run->bar, d->at * width, d->end * width, note);
  return true;
}

/* Begins at the first document. */
static documents *rewind_documents(convert_run *run) {
  documents *d = &run->documents;
  documents_free(d);
  *d = (documents){.dataset = run->dataset,
                   .separator = d->separator,
                   .end_of_text = d->end_of_text,
                   .keep = d->keep,
                   .end = batch_dataset_tokens(run->dataset),
                   .last = UINT64_MAX};
  progress_start(&run->bar, run->options->quiet);
  return d;
}

static int does_not_fit(const convert_run *run, uint64_t token, int32_t id) {
  batch_dataset_file file = BATCH_DATASET_FILE_INIT;
  batch_token_type type = batch_writer_token_type(run->writer);
  token_input_find(run->dataset, token, &file);
  return cli_error(
      convert_name, "%s: token %s of %s is %" PRId32 ", expected at most %" PRIu32 ": %s is to hold %s",
      file.path, cli_thousands(token - file.first_token), token_input_counted(&run->options->data.dataset),
      id, convert_room(type) - 1, run->options->output, batch_token_type_name(type));
}

/* Before a token is written. */
static int check_ids(convert_run *run) {
  document_piece piece;
  int32_t most = (int32_t)(convert_room(batch_writer_token_type(run->writer)) - 1);
  documents *d = rewind_documents(run);
  while (documents_next(d, &piece)) {
    int32_t largest = 0;
    for (size_t i = 0; i < piece.count; i++) largest = piece.ids[i] > largest ? piece.ids[i] : largest;
    for (size_t i = 0; largest > most && i < piece.count; i++)
      if (piece.ids[i] > most) return does_not_fit(run, piece.first + i, piece.ids[i]);
    if (!show_progress(run, "looking at the ids")) return CLI_OK;
  }
  return d->failed ? documents_fail(d, convert_name) : CLI_OK;
}

static bool put_separator(convert_run *run) {
  return batch_writer_append(run->writer, &run->documents.end_of_text, 1);
}

/* Where no documents are known and none are written, shards are cut anywhere. */
static bool write_parts(convert_run *run, const document_piece *piece, const uint8_t *loss) {
  uint64_t most = run->writing.shard_tokens;
  for (size_t from = 0, n; from < piece->count; from += n) {
    uint64_t room = most - run->in_part, left = piece->count - from;
    n = (size_t)(left < room ? left : room);
    if (!batch_writer_append_masked(run->writer, piece->ids + from, loss ? loss + from : NULL, n))
      return false;
    run->in_part = (run->in_part + n) % most;
    if (run->in_part == 0 && !batch_writer_end_document(run->writer)) return false;
  }
  return true;
}

static bool write_piece(convert_run *run, const document_piece *piece) {
  output_separator separator = run->options->separator;
  const uint8_t *loss = run->loss;
  bool known = documents_are_known(&run->documents);
  if (loss && !batch_dataset_read_loss(run->dataset, piece->first, piece->count, run->loss)) return false;
  if (!known && run->writing.shard_tokens && !separator_has_index(run->writing.format))
    return write_parts(run, piece, loss);
  run->num_documents += piece->ends && known;
  return (!piece->begins || separator != SEPARATOR_PUT_BEFORE || put_separator(run)) &&
         batch_writer_append_masked(run->writer, piece->ids, loss, piece->count) &&
         (!piece->ends || separator != SEPARATOR_PUT_AFTER || put_separator(run)) &&
         (!piece->ends || batch_writer_end_document(run->writer));
}

static int write_tokens(convert_run *run) {
  document_piece piece;
  documents *d = rewind_documents(run);
  if (batch_dataset_has_loss(run->dataset) && !(run->loss = malloc(DOCUMENTS_PIECE)))
    return cli_error(convert_name, "no memory for the loss masks");
  while (documents_next(d, &piece)) {
    if (!write_piece(run, &piece)) return cli_library_error(convert_name);
    if (!show_progress(run, cli_count(batch_writer_tokens(run->writer), "token"))) return CLI_OK;
  }
  if (d->failed) return documents_fail(d, convert_name);
  if (!batch_writer_finish(run->writer)) return cli_library_error(convert_name);
  return CLI_OK;
}

static int say_stopped(const convert_run *run) {
  uint64_t shards = batch_writer_files(run->writer);
  return cli_error(convert_name, "stopped by a signal; %s%s", shards ? "kept: " : "nothing is written",
                   shards ? cli_count(shards, "whole shard") : "");
}

static int print_result(const convert_run *run, const char *ended) {
  if (run->options->json)
    convert_print_json(run, ended);
  else if (!run->options->quiet && strcmp(ended, "done") == 0)
    convert_print_summary(run);
  return cli_finish_output(convert_name);
}

static int write_all(convert_run *run) {
  int status = convert_narrows(run->writer, run->dataset) ? check_ids(run) : CLI_OK;
  progress_end(&run->bar);
  if (status == CLI_OK && !run->stopped) convert_say_lost(run);
  if (status == CLI_OK && !run->stopped) status = write_tokens(run);
  progress_end(&run->bar);
  const char *ended = status != CLI_OK ? "failed" : run->stopped ? "stopped" : "done";
  if (status == CLI_OK && run->stopped) status = say_stopped(run);
  int printed = print_result(run, ended);
  return status == CLI_OK ? printed : status;
}

/* What is to be put between documents must fit, and nothing is written over what is read. */
static int check_output(const convert_run *run) {
  uint32_t room = convert_room(batch_writer_token_type(run->writer));
  batch_dataset_file file = BATCH_DATASET_FILE_INIT;
  if (puts_separators(run->options) && (uint32_t)run->documents.end_of_text >= room)
    return cli_usage_error(
        convert_name, "--end-of-text is %" PRId32 ", expected below %" PRIu32 ", for tokens of type %s",
        run->documents.end_of_text, room, batch_token_type_name(batch_writer_token_type(run->writer)));
  for (size_t i = 0; i < batch_dataset_files(run->dataset); i++)
    if (batch_dataset_get_file(run->dataset, i, &file) && !batch_writer_check_input(run->writer, file.path))
      return cli_library_error(convert_name);
  return CLI_OK;
}

/* --separator says of files with an index which ids --output-separator takes out. */
static int check_options(const convert_run *run) {
  data_options data = run->options->data;
  if (run->options->separator != SEPARATOR_KEEP) {
    data_option_pass(&data, DATA_SEPARATOR);
    data_option_pass(&data, DATA_END_OF_TEXT);
  }
  return data_options_check(&data, convert_name, run->dataset);
}

static int convert(convert_run *run, const char *const *paths, size_t n) {
  const convert_options *o = run->options;
  int status = token_input_open(convert_name, paths, n, &o->data.dataset, &run->dataset);
  if (status == CLI_OK) status = check_options(run);
  if (status == CLI_OK) status = settle_separator(run);
  if (status == CLI_OK) status = check_documents(run);
  if (status != CLI_OK) return status;
  run->writing = o->writer;
  convert_choose_type(&run->writing, run->dataset, puts_separators(o) ? o->data.separator.end_of_text : -1);
  stop_watch();
  run->writer = batch_writer_create(o->output, &run->writing);
  if (!run->writer) return cli_library_error(convert_name);
  status = check_output(run);
  return status == CLI_OK ? write_all(run) : status;
}

int command_convert(int argc, char **argv) {
  convert_options options = CONVERT_OPTIONS_INIT;
  convert_run run = {.options = &options};
  int status = convert_options_take(&options, argc, argv);
  if (status == CLI_OK && !options.help)
    status = convert(&run, (const char *const *)argv + optind, (size_t)(argc - optind));
  free(run.loss);
  documents_free(&run.documents);
  batch_writer_free(run.writer);
  batch_dataset_free(run.dataset);
  data_options_free(&options.data);
  stop_die();
  return status;
}
