/* Writes shards of tokens, and turns text into them. See writer.h.

   Usage:
       headrace::writer writer("train.bin");
       writer.append(ids);
       writer.end_document();
       writer.finish(); // without it, by an exception too, nothing is left

   Threads: one at a time. */
#ifndef HEADRACE_WRITER_HPP
#define HEADRACE_WRITER_HPP

#include "dataset.hpp"
#include "writer.h"

#include <exception>
#include <functional>

namespace headrace {

class writer : public detail::handle<writer, BatchWriter, batch_writer_free> {
public:
  /* Returning false stops, and so does throwing. */
  using progress = std::function<bool(const batch_tokenize_progress &)>;

  writer() noexcept = default;
  explicit writer(const std::string &path, const batch_writer_options &options = BATCH_WRITER_OPTIONS_INIT)
      : handle(detail::check(batch_writer_create(path.c_str(), &options))) {}

  void check_input(const std::string &path) const {
    detail::check(batch_writer_check_input(get(), path.c_str()));
  }
  void append(const int32_t *ids, size_t count) { detail::check(batch_writer_append(get(), ids, count)); }
  void append(const std::vector<int32_t> &ids) { append(ids.data(), ids.size()); }
  void append_masked(const int32_t *ids, const uint8_t *loss, size_t count) {
    detail::check(batch_writer_append_masked(get(), ids, loss, count));
  }
  void end_document() { detail::check(batch_writer_end_document(get())); }
  void finish() { detail::check(batch_writer_finish(get())); }

  uint64_t tokens() const { return batch_writer_tokens(get()); }
  uint64_t masked() const { return batch_writer_masked(get()); }
  uint64_t documents() const { return batch_writer_documents(get()); }
  uint64_t files() const { return batch_writer_files(get()); }
  batch_token_type token_type() const { return batch_writer_token_type(get()); }

  /* batch_tokenize_files into this writer. Returns false when `report` stopped it; what report throws stops it and is
     thrown from here. */
  bool tokenize_files(const paths &files, const batch_dataset_options &options = BATCH_DATASET_OPTIONS_INIT,
                      const progress &report = progress()) {
    std::vector<const char *> raw = files.pointers();
    reporting own = {&report, nullptr};
    batch_status status = batch_tokenize_files(raw.data(), raw.size(), &options, get(),
                                               report ? reporting::call : nullptr, &own);
#if HEADRACE_EXCEPTIONS
    if (own.thrown) std::rethrow_exception(own.thrown);
#endif
    detail::check(status == BATCH_OK || status == BATCH_CLOSED);
    return status == BATCH_OK;
  }

private:
  struct reporting {
    const progress *report;
    std::exception_ptr thrown;

    static bool call(void *context, const batch_tokenize_progress *now) {
      reporting *self = static_cast<reporting *>(context);
#if HEADRACE_EXCEPTIONS
      try {
        return (*self->report)(*now);
      } catch (...) {
        self->thrown = std::current_exception();
        return false;
      }
#else
      return (*self->report)(*now);
#endif
    }
  };
};

} // namespace headrace

#endif
