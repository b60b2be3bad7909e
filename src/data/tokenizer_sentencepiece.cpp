// libsentencepiece behind C functions. No exception leaves this file.
#include "data/tokenizer_sentencepiece.h"

#include <sentencepiece_processor.h>

#include <algorithm>
#include <cstdio>
#include <exception>
#include <memory>
#include <string>
#include <vector>

using sentencepiece::SentencePieceProcessor;

static SentencePieceProcessor *processor(void *model) {
  return static_cast<SentencePieceProcessor *>(model);
}

void *sentencepiece_load(const char *bytes, size_t count, char *sentence, size_t room) {
  try {
    auto model = std::make_unique<SentencePieceProcessor>();
    const auto status = model->LoadFromSerializedProto(absl::string_view(bytes, count));
    if (status.ok()) return model.release();
    std::snprintf(sentence, room, "%s", status.ToString().c_str());
  } catch (const std::exception &e) {
    std::snprintf(sentence, room, "%s", e.what());
  }
  return nullptr;
}

void sentencepiece_free(void *model) {
  delete processor(model);
}

uint32_t sentencepiece_vocab_size(void *model) {
  return static_cast<uint32_t>(processor(model)->GetPieceSize());
}

int64_t sentencepiece_end_of_text(void *model) {
  return processor(model)->eos_id();
} // -1: none

size_t sentencepiece_encode(void *model, const char *text, size_t bytes, uint32_t *ids, size_t capacity) {
  try {
    std::vector<int> found;
    if (!processor(model)->Encode(absl::string_view(text, bytes), &found).ok()) return BATCH_TOKENIZER_FAILED;
    std::copy_n(found.begin(), std::min(capacity, found.size()), ids);
    return found.size();
  } catch (const std::exception &) {
    return BATCH_TOKENIZER_FAILED;
  }
}

size_t sentencepiece_decode(void *model, const uint32_t *ids, size_t count, char *text, size_t capacity) {
  try {
    std::string found;
    if (!processor(model)->Decode(std::vector<int>(ids, ids + count), &found).ok())
      return BATCH_TOKENIZER_FAILED;
    std::copy_n(found.begin(), std::min(capacity, found.size()), text);
    return found.size();
  } catch (const std::exception &) {
    return BATCH_TOKENIZER_FAILED;
  }
}
