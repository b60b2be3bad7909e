#include "writer_options.h"

#include "data_options.h"

/* In the order of batch_format, from HEADERLESS on. */
static const char *const formats[] = {"headerless", "datatrove", "llmc-gpt2", "llmc-llama3",
                                      "megatron",   "npy",       NULL};

int writer_take_format(batch_writer_options *writer, const char *command, const char *word) {
  int value, status = cli_take_word(command, "to", word, formats, &value);
  writer->format = (batch_format)(BATCH_FORMAT_HEADERLESS + value);
  return status;
}

int writer_take_type(batch_writer_options *writer, const char *command, const char *word) {
  int value, status = cli_take_word(command, "token-type", word, data_types, &value);
  writer->token_type = (batch_token_type)value;
  return status;
}

int writer_take_shard_tokens(batch_writer_options *writer, const char *command, const char *text) {
  if (cli_number(text, &writer->shard_tokens) && writer->shard_tokens > 0) return CLI_OK;
  return cli_usage_error(command, "--shard-tokens is %s, expected a number of tokens such as 100M", text);
}

void writer_print_tokens(const BatchWriter *writer) {
  uint64_t masked = batch_writer_masked(writer);
  printf("%s (%s", cli_count(batch_writer_tokens(writer), "token"),
         batch_token_type_name(batch_writer_token_type(writer)));
  if (masked > 0) printf(", %s not to be learnt", cli_thousands(masked));
  putchar(')');
}

void writer_print_json(json *j, const char *output, batch_format format, const BatchWriter *writer) {
  json_text(j, "output", output);
  json_text(j, "format", batch_format_name(format));
  json_text(j, "token_type", batch_token_type_name(batch_writer_token_type(writer)));
  json_count(j, "files", batch_writer_files(writer));
  json_count(j, "tokens", batch_writer_tokens(writer));
  json_count(j, "masked", batch_writer_masked(writer));
}
