/* libsentencepiece as a program would use it: a processor, a call for each line, as spm_encode does. */
#include "../bench.h"
#include "../tokenizer.h"

#include <sentencepiece_processor.h>
#include <sentencepiece_trainer.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <unistd.h>
#include <unordered_map>
#include <vector>

namespace {

constexpr size_t SAMPLE = 1 << 19, VOCABULARY = 8000, ROOM = TOKENIZER_DOCUMENT;

struct {
  bool tried;
  std::string model; /* its file; empty: there is none */
  sentencepiece::SentencePieceProcessor processor;
  BatchTokenizer *tokenizer;
} trained; // NOLINT(cert-err58-cpp): a benchmark without memory for it has none for anything

/* The beginning of each text, but for random ones beside others. */
bool write_sample(const std::string &path) {
  FILE *file = fopen(path.c_str(), "wb");
  if (!file) return false;
  for (size_t i = 0; i < tokenizer_text_count; i++) {
    const tokenizer_text *text = &tokenizer_texts[i];
    if (i > 0 && strcmp(text->name, "random") == 0) continue;
    fwrite(text->bytes, 1, text->count < SAMPLE ? text->count : SAMPLE, file);
  }
  return fclose(file) == 0;
}

/* coverage: of the characters of the sample, by how often they come, that become pieces; the others become bytes. */
sentencepiece::util::Status train_into(const std::string &prefix, const std::string &sample,
                                       const char *coverage) {
  auto status = sentencepiece::SentencePieceTrainer::Train(
      std::unordered_map<std::string, std::string>{{"input", sample},
                                                   {"model_prefix", prefix},
                                                   {"model_type", "bpe"},
                                                   {"vocab_size", std::to_string(VOCABULARY)},
                                                   {"character_coverage", coverage},
                                                   {"byte_fallback", "true"},
                                                   {"hard_vocab_limit", "false"},
                                                   {"minloglevel", "2"}});
  return status.ok() ? trained.processor.Load(prefix + ".model") : status;
}

bool train() {
  char folder[] = "/tmp/headrace-bench-XXXXXX";
  if (!mkdtemp(folder)) return false;
  std::string prefix = std::string(folder) + "/m", sample = std::string(folder) + "/sample";
  bool written = write_sample(sample);
  auto status = train_into(prefix, sample, "0.999");
  if (!status.ok()) status = train_into(prefix, sample, "0.8"); /* more characters than pieces */
  if (!written || !status.ok())
    bench_wrong("no model of SentencePiece could be trained: %s", status.ToString().c_str());
  unlink(sample.c_str());
  unlink((prefix + ".vocab").c_str());
  if (written && status.ok())
    trained.model = prefix + ".model";
  else
    rmdir(folder);
  return !trained.model.empty();
}

tokenizer_result encode(tokenizer_worker *worker, size_t document, bool sum) {
  const tokenizer_text *text = worker->text;
  const char *at = text->bytes + text->starts[document], *end = text->bytes + text->starts[document + 1];
  size_t count = 0;
  std::vector<int> ids;
  while (at < end) {
    const char *feed = static_cast<const char *>(memchr(at, '\n', static_cast<size_t>(end - at)));
    const char *stop = feed ? feed : end;
    if (!trained.processor.Encode({at, static_cast<size_t>(stop - at)}, &ids).ok()) {
      bench_wrong("libsentencepiece refuses a line");
      return TOKENIZER_FAILED;
    }
    if (count + ids.size() <= ROOM && !ids.empty())
      memcpy(worker->ids + count, ids.data(), ids.size() * sizeof(int32_t));
    count += ids.size();
    at = feed ? feed + 1 : end;
  }
  return {count, sum ? tokenizer_sum(worker->ids, count < ROOM ? count : ROOM) : 0};
}

bool is_trained() {
  if (!trained.tried) train();
  trained.tried = true;
  return !trained.model.empty();
}

bool make(tokenizer_worker *worker) {
  worker->state = nullptr;
  return is_trained();
}

/* Headrace's own tokenizer of the model: lines are cut and encoded by the same library. */
const BatchTokenizer *tokenizer() {
  if (!is_trained()) return nullptr;
  if (!trained.tokenizer && !(trained.tokenizer = batch_tokenizer_sentencepiece(trained.model.c_str())))
    bench_wrong("%s", batch_last_error()->message);
  return trained.tokenizer;
}

} // namespace

extern "C" void tokenizer_sentencepiece_finish(void) {
  batch_tokenizer_free(trained.tokenizer);
  if (trained.model.empty()) return;
  unlink(trained.model.c_str());
  rmdir(trained.model.substr(0, trained.model.rfind('/')).c_str());
}

extern "C" const tokenizer_way tokenizer_sentencepiece = {WAY_SENTENCEPIECE, false,    make, encode,
                                                          nullptr,           tokenizer};
