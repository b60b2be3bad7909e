#include "token_input.h"

#include <stdlib.h>
#include <string.h>

#include "separator.h"

/* A tokenizer that stops at the first text, so that hours of tokenizing do not come before the refusal. */
static size_t note_text(void *context, const char *text, size_t bytes, int32_t *ids, size_t capacity) {
  (void)text, (void)bytes, (void)ids, (void)capacity;
  *(bool *)context = true;
  return BATCH_TOKENIZER_FAILED;
}

static size_t no_text(void *context, const int32_t *ids, size_t count, char *text, size_t capacity) {
  (void)context, (void)ids, (void)count, (void)text, (void)capacity;
  return BATCH_TOKENIZER_FAILED;
}

static int is_text(const char *command, const char *path) {
  return cli_usage_error(command, "%s: is text, expected files of tokens (headrace tokenize makes them)",
                         path);
}

/* Text without a byte is not tokenized. */
static int check_formats(const char *command, const BatchDataset *dataset) {
  batch_dataset_file file = BATCH_DATASET_FILE_INIT;
  for (size_t i = 0; i < batch_dataset_files(dataset); i++)
    if (batch_dataset_get_file(dataset, i, &file) &&
        (file.format == BATCH_FORMAT_TEXT || file.format == BATCH_FORMAT_JSONL))
      return is_text(command, file.path);
  return CLI_OK;
}

/* Which of the paths it was. */
static int say_text(const char *command, const char *const *paths, size_t n,
                    const batch_dataset_options *options, bool *text) {
  *text = false;
  for (size_t i = 0; i < n; i++) {
    batch_dataset_free(batch_dataset_open(&paths[i], 1, options));
    if (*text) return is_text(command, paths[i]);
  }
  return is_text(command, paths[0]);
}

int token_input_open(const char *command, const char *const *paths, size_t n,
                     const batch_dataset_options *options, BatchDataset **dataset) {
  bool text = false;
  batch_tokenizer_functions functions = BATCH_TOKENIZER_FUNCTIONS_INIT;
  batch_dataset_options mine = *options;
  functions.encode = note_text;
  functions.decode = no_text;
  BatchTokenizer *refusing = batch_tokenizer_custom(&functions, &text, 1, BATCH_NO_TOKEN);
  mine.tokenizer = refusing;
  mine.workers = 1;
  *dataset = refusing ? batch_dataset_open(paths, n, &mine) : NULL;
  int status = *dataset ? check_formats(command, *dataset)
               : text   ? say_text(command, paths, n, &mine, &text)
                        : cli_library_error(command);
  batch_tokenizer_free(refusing);
  if (status == CLI_OK) return CLI_OK;
  batch_dataset_free(*dataset);
  *dataset = NULL;
  return status;
}

bool token_input_find(const BatchDataset *dataset, uint64_t token, batch_dataset_file *file) {
  for (size_t i = batch_dataset_files(dataset); i-- > 0;)
    if (batch_dataset_get_file(dataset, i, file) && file->tokens > 0 && file->first_token <= token)
      return true;
  return false;
}

const char *token_input_counted(const batch_dataset_options *options) {
  return options->subset ? "what --split leaves of the file" : "the file";
}

int token_input_usual_separator(const char *command, const BatchDataset *dataset, batch_separator *usual) {
  batch_dataset_file file = BATCH_DATASET_FILE_INIT;
  *usual = BATCH_SEPARATOR_NONE;
  for (size_t i = 0; i < batch_dataset_files(dataset); i++) {
    if (!batch_dataset_get_file(dataset, i, &file)) continue;
    if (i > 0 && separator_usual(file.format) != *usual)
      return cli_usage_error(command,
                             "the files are of formats that part documents in different ways, expected "
                             "--separator, or files of one format");
    *usual = separator_usual(file.format);
  }
  return CLI_OK;
}
