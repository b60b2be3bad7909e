#include "dataset/formats/format.h"

static const format_kind *const formats[] = {
    [BATCH_FORMAT_HEADERLESS] = &format_headerless,
    [BATCH_FORMAT_DATATROVE] = &format_datatrove,
    [BATCH_FORMAT_LLMC_GPT2] = &format_llmc_gpt2,
    [BATCH_FORMAT_LLMC_LLAMA3] = &format_llmc_llama3,
    [BATCH_FORMAT_MEGATRON] = &format_megatron,
    [BATCH_FORMAT_NPY] = &format_npy,
    [BATCH_FORMAT_TEXT] = &format_text,
    [BATCH_FORMAT_JSONL] = &format_jsonl,
};

const format_kind *format_of(batch_format number) {
  return (unsigned)number <= BATCH_FORMAT_JSONL ? formats[number] : NULL;
}

const char *batch_format_name(batch_format number) {
  return format_of(number) ? formats[number]->name : "?";
}

bool format_is_text(batch_format number) {
  return number == BATCH_FORMAT_TEXT || number == BATCH_FORMAT_JSONL;
}
