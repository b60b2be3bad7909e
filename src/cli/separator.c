#include "separator.h"

int separator_take_place(separator_options *o, const char *command, const char *word) {
  static const char *const places[] = {"none", "before", "after", NULL};
  return cli_take_word(command, "separator", word, places, &o->place);
}

int separator_take_end_of_text(separator_options *o, const char *command, const char *text) {
  uint64_t value;
  if (!cli_number(text, &value) || value > INT32_MAX)
    return cli_usage_error(command, "--end-of-text is %s, expected a token id", text);
  o->end_of_text = (int32_t)value;
  return CLI_OK;
}

bool separator_has_index(batch_format format) {
  return format == BATCH_FORMAT_MEGATRON || format == BATCH_FORMAT_DATATROVE;
}

batch_separator separator_usual(batch_format format) {
  bool llmc = format == BATCH_FORMAT_LLMC_GPT2 || format == BATCH_FORMAT_LLMC_LLAMA3;
  return separator_has_index(format) ? BATCH_SEPARATOR_NONE
         : llmc                      ? BATCH_SEPARATOR_BEFORE
                                     : BATCH_SEPARATOR_AFTER;
}

int separator_needs_place(const separator_options *o, const char *command) {
  if (o->end_of_text < 0) return CLI_OK;
  return cli_usage_error(command, "--end-of-text is of no use without a separator%s",
                         o->place >= 0 ? "" : ", which this format lacks: say --separator");
}

int separator_settle(const separator_options *o, const char *command, batch_separator usual,
                     const BatchTokenizer *tokenizer, batch_separator *place, int32_t *id) {
  int32_t own = tokenizer ? batch_tokenizer_end_of_text(tokenizer) : 256;
  *place = o->place >= 0 ? (batch_separator)o->place : usual;
  *id = o->end_of_text >= 0 ? o->end_of_text : own;
  return *place ? CLI_OK : separator_needs_place(o, command);
}

int separator_lacks_id(const char *command) {
  return cli_usage_error(command,
                         "the tokenizer has no end-of-text id, expected --end-of-text or --separator none");
}

int separator_settle_files(const separator_options *o, const char *command, const char *tokenizer_name,
                           const BatchTokenizer *tokenizer, batch_separator *place, int32_t *id) {
  if (o->end_of_text >= 0 && o->place < 0)
    return cli_usage_error(command, "--end-of-text is given without --separator, expected where it stands");
  if (o->place > BATCH_SEPARATOR_NONE && o->end_of_text < 0 && !tokenizer_name)
    return cli_usage_error(command, "--separator is given without --end-of-text, expected the id");
  int32_t found;
  int status = separator_settle(o, command, BATCH_SEPARATOR_NONE, tokenizer, place, &found);
  if (status == CLI_OK && *place && found < 0) return separator_lacks_id(command);
  *id = *place ? found : 0;
  return status;
}
