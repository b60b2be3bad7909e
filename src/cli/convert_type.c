/* Of which type the tokens are that headrace convert writes. */
#include "convert.h"

uint32_t convert_room(batch_token_type type) {
  switch (type) {
  case BATCH_TOKEN_I8:
    return 1u << 7;
  case BATCH_TOKEN_U8:
    return 1u << 8;
  case BATCH_TOKEN_I16:
    return 1u << 15;
  case BATCH_TOKEN_U16:
    return 1u << 16;
  default:
    return 1u << 31;
  }
}

static batch_token_type widest_of(const BatchDataset *dataset) {
  batch_token_type widest = BATCH_TOKEN_DEFAULT;
  batch_dataset_file file = BATCH_DATASET_FILE_INIT;
  for (size_t i = 0; i < batch_dataset_files(dataset); i++)
    if (batch_dataset_get_file(dataset, i, &file) &&
        (!widest || convert_room(file.token_type) > convert_room(widest)))
      widest = file.token_type;
  return widest;
}

/* Those that the writer chooses among by itself are left to it, and to what the name says. */
static bool is_by_request(batch_format format, batch_token_type type) {
  bool both =
      type == BATCH_TOKEN_U8 || type == BATCH_TOKEN_I8 || type == BATCH_TOKEN_I16 || type == BATCH_TOKEN_I64;
  return (both && (format == BATCH_FORMAT_MEGATRON || format == BATCH_FORMAT_NPY)) ||
         (type == BATCH_TOKEN_I32 && format == BATCH_FORMAT_NPY);
}

void convert_choose_type(batch_writer_options *writer, const BatchDataset *dataset, int32_t more) {
  bool alone = writer->format == BATCH_FORMAT_LLMC_GPT2 || writer->format == BATCH_FORMAT_LLMC_LLAMA3;
  if (writer->token_type || alone) return;
  batch_token_type widest = widest_of(dataset);
  uint32_t room = convert_room(widest);
  if (more >= 0 && (uint32_t)more >= room)
    writer->vocab_size = (uint32_t)more + 1;
  else if (is_by_request(writer->format, widest))
    writer->token_type = widest;
  else
    writer->vocab_size = room;
}

bool convert_narrows(const BatchWriter *writer, const BatchDataset *dataset) {
  return convert_room(widest_of(dataset)) > convert_room(batch_writer_token_type(writer));
}
