/* Files, or memory, seen as one stream of token ids. See dataset.h.

   Usage:
       headrace::dataset tokens({"data/fineweb_*.bin", "more.npy"});
       std::vector<int32_t> last = tokens.read(tokens.tokens() - 1024, 1024);
       batch_dataset_options options = BATCH_DATASET_OPTIONS_INIT;
       options.tokenizer = llama.get();
       headrace::dataset text("corpus.jsonl", options);

   Threads: all calls, from any number, at the same time; the dataset is destroyed last, after the loaders that use it. */
#ifndef HEADRACE_DATASET_HPP
#define HEADRACE_DATASET_HPP

#include "dataset.h"
#include "tokenizer.hpp"

#include <initializer_list>
#include <utility>

namespace headrace {

namespace detail {

/* A path in braces. Not a string: {{"a", "b"}} would be one of the two pointers, taken for its begin and end. */
struct path {
  path(const std::string &given) : name(given) {}
  /* What getenv answers, for one, may be nullptr, of which no string can be made. */
  path(const char *given) {
    if (!given) fail(error(BATCH_ERROR_INVALID_ARGUMENT, "headrace::paths: a path is nullptr"));
    name = given;
  }
  std::string name;
};

} // namespace detail

/* The paths that a call is given: one, several in braces, or a vector.
   Threads: as a vector. */
class paths {
public:
  paths(const char *path) : names_(1, detail::path(path).name) {}
  paths(const std::string &path) : names_(1, path) {}
  paths(std::vector<std::string> names) : names_(std::move(names)) {}
  paths(std::initializer_list<detail::path> names) {
    for (const detail::path &each : names) names_.push_back(each.name);
  }

  /* As C takes them; good as long as this object. */
  std::vector<const char *> pointers() const {
    std::vector<const char *> raw;
    raw.reserve(names_.size());
    for (const std::string &name : names_) raw.push_back(name.c_str());
    return raw;
  }

private:
  std::vector<std::string> names_;
};

class dataset : public detail::handle<dataset, BatchDataset, batch_dataset_free> {
public:
  dataset() noexcept = default;
  explicit dataset(const paths &files, const batch_dataset_options &options = BATCH_DATASET_OPTIONS_INIT) {
    std::vector<const char *> raw = files.pointers();
    *this = adopt(detail::check(batch_dataset_open(raw.data(), raw.size(), &options)));
  }
  explicit dataset(std::initializer_list<detail::path> files,
                   const batch_dataset_options &options = BATCH_DATASET_OPTIONS_INIT)
      : dataset(paths(files), options) {}
  /* What memory points at is borrowed for the life of the dataset. */
  static dataset from_memory(const batch_memory &memory,
                             const batch_dataset_options &options = BATCH_DATASET_OPTIONS_INIT) {
    return adopt(detail::check(batch_dataset_from_memory(&memory, &options)));
  }

  void read(uint64_t start, size_t count, int32_t *ids) const {
    detail::check(batch_dataset_read(get(), start, count, ids));
  }
  std::vector<int32_t> read(uint64_t start, size_t count) const {
    std::vector<int32_t> ids(count);
    read(start, count, ids.data());
    return ids;
  }
  bool has_loss() const { return batch_dataset_has_loss(get()); }
  void read_loss(uint64_t start, size_t count, uint8_t *loss) const {
    detail::check(batch_dataset_read_loss(get(), start, count, loss));
  }

  uint64_t tokens() const { return batch_dataset_tokens(get()); }
  uint64_t documents() const { return batch_dataset_documents(get()); }
  /* Its tokens [first, second). */
  std::pair<uint64_t, uint64_t> document(uint64_t index) const {
    std::pair<uint64_t, uint64_t> at;
    detail::check(batch_dataset_document(get(), index, &at.first, &at.second));
    return at;
  }
  size_t width() const { return batch_dataset_width(get()); }
  /* The smallest and the largest. */
  std::pair<int64_t, int64_t> id_range() const {
    std::pair<int64_t, int64_t> range;
    detail::check(batch_dataset_id_range(get(), &range.first, &range.second));
    return range;
  }
  uint64_t fingerprint() const {
    uint64_t hash = 0;
    detail::check(batch_dataset_fingerprint(get(), &hash));
    return hash;
  }
  size_t files() const { return batch_dataset_files(get()); }
  batch_dataset_file get_file(size_t index) const {
    batch_dataset_file file = BATCH_DATASET_FILE_INIT;
    detail::check(batch_dataset_get_file(get(), index, &file));
    return file;
  }
};

} // namespace headrace

#endif
