/* From text to ids and back. See tokenizer.h.

   Usage:
       headrace::tokenizer llama = headrace::tokenizer::open("tokenizer.json");
       std::vector<int32_t> ids = llama.encode("mill race");
       std::string text = llama.decode(ids);

   Threads: encode, decode and describe, from any number, at the same time; the tokenizer is destroyed last. */
#ifndef HEADRACE_TOKENIZER_HPP
#define HEADRACE_TOKENIZER_HPP

#include "base.hpp"
#include "tokenizer.h"

#include <memory>
#include <vector>

namespace headrace {

/* A tokenizer of the caller's own: derive from it and give it to tokenizer::custom.
   Threads: both are called from several threads at the same time. */
class custom_tokenizer {
public:
  virtual ~custom_tokenizer() = default;
  /* As batch_tokenizer_functions: at most `capacity` are written, and the answer is how many there are in all. The same text
     gives the same count. What they throw is BATCH_TOKENIZER_FAILED. */
  virtual size_t encode(const char *text, size_t bytes, int32_t *ids, size_t capacity) const = 0;
  virtual size_t decode(const int32_t *ids, size_t count, char *text, size_t capacity) const = 0;
};

namespace detail {

/* All that `fill` has to write, asked again where the guess was too small: as snprintf. */
template <typename Container, typename F> Container filled(size_t guess, F fill) {
  Container made(guess + 1, 0);
  for (;;) {
    size_t count = fill(&made[0], made.size());
    check(count != BATCH_TOKENIZER_FAILED);
    bool fits = count <= made.size();
    made.resize(count);
    if (fits) return made;
  }
}

} // namespace detail

class tokenizer : public detail::handle<tokenizer, BatchTokenizer, batch_tokenizer_free> {
public:
  tokenizer() noexcept = default;

  static tokenizer bytes(uint32_t specials = 1) {
    return adopt(detail::check(batch_tokenizer_bytes(specials)));
  }
  static tokenizer open(const std::string &path,
                        const batch_tokenizer_options &options = BATCH_TOKENIZER_OPTIONS_INIT) {
    return adopt(detail::check(batch_tokenizer_open(path.c_str(), &options)));
  }
  static tokenizer sentencepiece(const std::string &path) {
    return adopt(detail::check(batch_tokenizer_sentencepiece(path.c_str())));
  }
  /* Every id is below vocab_size. */
  static tokenizer custom(std::unique_ptr<custom_tokenizer> own, uint32_t vocab_size,
                          int32_t end_of_text = BATCH_NO_TOKEN);

  std::vector<int32_t> encode(const char *text, size_t bytes) const {
    return detail::filled<std::vector<int32_t>>(bytes, [&](int32_t *ids, size_t capacity) {
      return batch_tokenizer_encode(get(), text, bytes, ids, capacity);
    });
  }
  std::vector<int32_t> encode(const std::string &text) const { return encode(text.data(), text.size()); }

  std::string decode(const int32_t *ids, size_t count) const {
    return detail::filled<std::string>(4 * count, [&](char *text, size_t capacity) {
      return batch_tokenizer_decode(get(), ids, count, text, capacity);
    });
  }
  std::string decode(const std::vector<int32_t> &ids) const { return decode(ids.data(), ids.size()); }

  uint32_t vocab_size() const { return batch_tokenizer_vocab_size(get()); }
  int32_t end_of_text() const { return batch_tokenizer_end_of_text(get()); }
  batch_tokenizer_facts describe() const {
    batch_tokenizer_facts facts = BATCH_TOKENIZER_FACTS_INIT;
    detail::check(batch_tokenizer_describe(get(), &facts));
    return facts;
  }
};

inline tokenizer tokenizer::custom(std::unique_ptr<custom_tokenizer> own, uint32_t vocab_size,
                                   int32_t end_of_text) {
  if (!own)
    detail::fail(error(BATCH_ERROR_INVALID_ARGUMENT,
                       "headrace::tokenizer::custom: own is nullptr, expected a tokenizer"));
  batch_tokenizer_functions functions = BATCH_TOKENIZER_FUNCTIONS_INIT;
  functions.encode = [](void *self, const char *text, size_t bytes, int32_t *ids, size_t capacity) {
    return detail::guarded(BATCH_TOKENIZER_FAILED, [=] {
      return static_cast<custom_tokenizer *>(self)->encode(text, bytes, ids, capacity);
    });
  };
  functions.decode = [](void *self, const int32_t *ids, size_t count, char *text, size_t capacity) {
    return detail::guarded(BATCH_TOKENIZER_FAILED, [=] {
      return static_cast<custom_tokenizer *>(self)->decode(ids, count, text, capacity);
    });
  };
  functions.free = [](void *self) { delete static_cast<custom_tokenizer *>(self); };
  tokenizer made =
      adopt(detail::check(batch_tokenizer_custom(&functions, own.get(), vocab_size, end_of_text)));
  (void)own.release();
  return made;
}

/* Text after batch_text_normalize. */
inline std::string text_normalize(const std::string &text, const batch_text_options &options) {
  return detail::filled<std::string>(text.size(), [&](char *out, size_t capacity) {
    return batch_text_normalize(text.data(), text.size(), &options, out, capacity);
  });
}

/* Decodes documents in parts.
   Usage:  std::string text;
           headrace::decoder decoder(llama);
           decoder.feed(ids.data(), ids.size(), true, text);
   Threads: one at a time. The tokenizer must live as long. */
class decoder : public detail::handle<decoder, BatchDecoder, batch_decoder_free> {
public:
  decoder() noexcept = default;
  explicit decoder(const tokenizer &lent) : handle(detail::check(batch_decoder_create(lent.get()))) {}
  explicit decoder(const tokenizer &&) = delete;

  /* Appends to `text` what the ids add to it. */
  void feed(const int32_t *ids, size_t count, bool ends, std::string &text) {
    const char *more = nullptr;
    size_t bytes = 0;
    detail::check(batch_decoder_feed(get(), ids, count, ends, &more, &bytes));
    text.append(more ? more : "", bytes);
  }
};

} // namespace headrace

#endif
