// Tokenizers, datasets, writers and loaders; and that exceptions of callbacks do not cross the library's frames.
#include "check.hpp"

#include <cstdlib>
#include <cstring>
#include <fstream>
#include <numeric>
#include <utility>

#include <unistd.h>

using headrace::batch;

// A folder that is empty again at the end.
static std::string folder;

static std::string path(const char *name) {
  return folder + "/" + name;
}

static batch_loader_options small_rows() {
  batch_loader_options options = BATCH_LOADER_OPTIONS_INIT;
  options.batch_size = 2;
  options.sequence_length = 4;
  options.workers = 2;
  options.shuffle = BATCH_SHUFFLE_NONE;
  return options;
}

static headrace::dataset numbers(std::vector<uint16_t> &tokens, uint64_t count) {
  tokens.resize(count);
  std::iota(tokens.begin(), tokens.end(), uint16_t(0));
  batch_memory memory = BATCH_MEMORY_INIT;
  memory.tokens = tokens.data();
  memory.count = count;
  memory.token_type = BATCH_TOKEN_U16;
  return headrace::dataset::from_memory(memory);
}

static void a_loop_over_a_loader_has_every_batch_once() {
  std::vector<uint16_t> tokens;
  headrace::dataset data = numbers(tokens, 81);
  headrace::loader loader(data, small_rows());
  CHECK(loader.epoch_rows() == 20 && loader.epoch_steps() == 10);
  uint64_t steps = 0;
  batch kept;
  for (batch &b : loader) {
    CHECK(b->batch_id == steps && b->ref_count.load() == 1);
    for (size_t i = 0; i < 8; i++) {
      CHECK(b.input<int32_t>()[i] == int32_t(8 * steps + i) &&
            b.target<int32_t>()[i] == int32_t(8 * steps + i + 1));
    }
    if (steps++ == 3) kept = b;
  }
  CHECK(steps == 10 && kept->batch_id == 3 && batch_last_error()->code == BATCH_END);
  CHECK(loader.places(kept) == (std::vector<uint64_t>{6, 7}));
  batch again = loader.replay(0, 3);
  CHECK(again.input<int32_t>()[0] == 24);
  CHECK(loader.get_stats().batches == 10);
  CHECK(!loader.next());
  batch none = kept;
  CHECK(loader.next_until(none, BATCH_FOREVER) == BATCH_END && !none);
  CHECK(loader.arm() == BATCH_END && loader.fd() >= 0);
  CHECK_THROWS(loader.replay(1, 0), BATCH_ERROR_OUT_OF_RANGE, "batch_loader_replay");
  CHECK_THROWS(loader.places(batch(3, 4)), BATCH_ERROR_INVALID_ARGUMENT, "batch_loader_places");
}

static void a_loop_that_is_cut_short_throws() {
  std::vector<uint16_t> tokens;
  headrace::dataset data = numbers(tokens, 81);
  headrace::loader closed(data, small_rows());
  uint64_t steps = 0;
  auto drain_closed = [&] {
    for (batch &b : closed)
      if (b && ++steps == 3) closed.close();
  };
  CHECK_THROWS(drain_closed(), BATCH_CLOSED, "batch_loader_next");
  CHECK(steps == 3);
  batch_loader_options options = small_rows();
  options.vocab_size = 20; // a fault: larger ids
  headrace::loader faulty(data, options);
  steps = 0;
  auto drain_faulty = [&] {
    for (batch &b : faulty) steps += b->batch_size > 0;
  };
  CHECK_THROWS(drain_faulty(), BATCH_ERROR_OUT_OF_RANGE, "memory");
  CHECK(steps == 2); // tokens 0 to 16
  for (batch &b : headrace::loader(data, small_rows()))
    if (b) break; // leaving a loop drops its batch
}

static void a_pool_of_one_is_enough_for_a_loop() {
  std::vector<uint16_t> tokens;
  headrace::dataset data = numbers(tokens, 81);
  batch_loader_options options = small_rows();
  options.workers = options.pool_size = 1;
  headrace::loader loader(data, options);
  uint64_t steps = 0;
  for (batch &b : loader) steps += b->batch_size == 2;
  CHECK(steps == 10);
}

static void a_state_resumes_a_run() {
  std::vector<uint16_t> tokens;
  headrace::dataset data = numbers(tokens, 81);
  batch_loader_options options = small_rows();
  {
    headrace::loader loader(data, options);
    for (int i = 0; i < 4; i++) CHECK(loader.next());
    CHECK(loader.state_at(0, 4 * options.batch_size).check == loader.get_state().check);
    CHECK_THROWS(loader.state_at(7, 0), BATCH_ERROR_OUT_OF_RANGE, "epoch is 7");
    headrace::loader::state_save(loader.get_state(), path("run.state"));
  }
  batch_loader_state state = headrace::loader::state_load(path("run.state"));
  options.resume = &state;
  headrace::loader loader(data, options);
  CHECK(loader.next()->batch_id == 4);
  CHECK_THROWS(headrace::loader::state_load(path("none.state")), BATCH_ERROR_IO, "none.state");
  options.seed = 5;
  CHECK_THROWS(headrace::loader(data, options), BATCH_ERROR_INVALID_ARGUMENT, "seed");
}

static void sources_are_mixed() {
  std::vector<uint16_t> a, b;
  headrace::dataset first = numbers(a, 81), second = numbers(b, 41);
  std::vector<batch_loader_source> sources = {{first.get(), 3}, {second.get(), 1}};
  headrace::loader loader(sources, small_rows());
  CHECK(loader.epoch_rows() == 30 && loader.next());
  CHECK_THROWS(headrace::loader(std::vector<batch_loader_source>(), small_rows()),
               BATCH_ERROR_INVALID_ARGUMENT, "batch_loader_create_mixed");
}

static void metrics_are_a_string() {
  std::vector<uint16_t> tokens;
  headrace::dataset data = numbers(tokens, 81);
  headrace::loader loader(data, small_rows());
  std::vector<std::string> names;
  std::vector<batch_metrics_object> objects(8, batch_metrics_object());
  for (size_t i = 0; i < objects.size(); i++) names.push_back("loader " + std::to_string(i));
  for (size_t i = 0; i < objects.size(); i++) {
    objects[i].name = names[i].c_str();
    objects[i].loader = loader.get();
  }
  batch_metrics_options options = BATCH_METRICS_OPTIONS_INIT;
  options.objects = objects.data();
  options.num_objects = objects.size();
  std::string text = headrace::metrics_text(options);
  CHECK(text.size() > 4096 && text.back() == '\n' && text.find("\"loader 7\"") != std::string::npos);
  objects[0].loader = nullptr;
  CHECK_THROWS(headrace::metrics_text(options), BATCH_ERROR_INVALID_ARGUMENT, "batch_metrics_text");
}

static bool plus_one(const batch &b, uint32_t row, batch_random &) {
  for (int32_t &id : b.input<int32_t>().row(row)) id++;
  return true;
}

static void a_transform_may_be_a_function() {
  std::vector<uint16_t> tokens;
  headrace::dataset data = numbers(tokens, 81);
  batch_loader_options options = small_rows();
  const batch_transform chain[] = {headrace::transform(plus_one), headrace::transform(&plus_one)};
  options.transforms = chain;
  options.num_transforms = 2;
  headrace::loader loader(data, options);
  batch first = loader.next();
  CHECK(first.input<int32_t>()[0] == 2);
}

static void a_transform_that_throws_is_a_fault() {
  std::vector<uint16_t> tokens;
  headrace::dataset data = numbers(tokens, 81);
  auto doubled = [](const batch &b, uint32_t row, batch_random &) {
    for (int32_t &id : b.input<int32_t>().row(row)) id *= 2;
    return true;
  };
  auto thrower = [](const batch &b, uint32_t row, batch_random &) -> bool {
    if (b.input<int32_t>().row(row)[0] == 64) throw std::runtime_error("no");
    return true;
  };
  batch_transform chain[] = {headrace::transform(doubled), headrace::transform(thrower)};
  batch_loader_options options = small_rows();
  options.transforms = chain;
  options.num_transforms = 2;
  headrace::loader loader(data, options);
  int32_t last = 0;
  auto all = [&] {
    for (batch &b : loader) last = b.input<int32_t>()[7];
  };
  CHECK_THROWS(all(), BATCH_ERROR_INVALID_ARGUMENT, "transform");
  CHECK(last == 2 * 31);
}

// Ids are letters: a is 0.
class letters final : public headrace::custom_tokenizer {
public:
  explicit letters(bool *gone) : gone_(gone) {}
  ~letters() override { *gone_ = true; }
  size_t encode(const char *text, size_t bytes, int32_t *ids, size_t capacity) const override {
    for (size_t i = 0; i < bytes; i++)
      if (text[i] == '!') throw std::runtime_error("no letter");
    for (size_t i = 0; i < 3 * bytes && i < capacity; i++) ids[i] = text[i / 3] - 'a';
    return 3 * bytes; // more than a first guess has room for
  }
  size_t decode(const int32_t *ids, size_t count, char *text, size_t capacity) const override {
    for (size_t i = 0; i < count; i++) {
      if (ids[i] == 25) throw std::runtime_error("no z");
      if (i < capacity) text[i] = char('a' + ids[i]);
    }
    return count;
  }

private:
  bool *gone_;
};

static void tokenizers_encode_and_decode() {
  headrace::tokenizer bytes = headrace::tokenizer::bytes();
  CHECK(bytes.decode(bytes.encode("mill race")) == "mill race" && bytes.encode("").empty());
  CHECK(bytes.decode(std::vector<int32_t>()).empty() && bytes.vocab_size() == 257 &&
        bytes.end_of_text() == 256);
  CHECK(bytes.describe().kind == BATCH_TOKENIZER_BYTES);
  CHECK_THROWS(bytes.decode({300}), BATCH_ERROR_OUT_OF_RANGE, "300");
  CHECK_THROWS(headrace::tokenizer::bytes(70000), BATCH_ERROR_INVALID_ARGUMENT, "70000");
  CHECK_THROWS(headrace::tokenizer::open(path("none.json")), BATCH_ERROR_IO, "none.json");
  bool built_in = std::strstr(batch_features(), "sentencepiece") != nullptr;
  CHECK_THROWS(headrace::tokenizer::sentencepiece(path("none.model")),
               built_in ? BATCH_ERROR_IO : BATCH_ERROR_UNSUPPORTED, "none.model");
  std::string text = "at first ";
  headrace::decoder decoder(bytes);
  decoder.feed(bytes.encode("mill").data(), 4, false, text);
  decoder.feed(bytes.encode(" race").data(), 5, true, text);
  CHECK(text == "at first mill race");
  batch_text_options options = BATCH_TEXT_OPTIONS_INIT;
  options.squeeze_space = true;
  CHECK(headrace::text_normalize("a  \t b", options) == "a b");
  options.malformed = BATCH_MALFORMED_ERROR;
  CHECK_THROWS(headrace::text_normalize("a\xff", options), BATCH_ERROR_FORMAT, "1");
}

static void a_tokenizer_of_ones_own_may_throw() {
  bool gone = false;
  {
    headrace::tokenizer own =
        headrace::tokenizer::custom(std::unique_ptr<headrace::custom_tokenizer>(new letters(&gone)), 26);
    CHECK(own.encode("abc") == (std::vector<int32_t>{0, 0, 0, 1, 1, 1, 2, 2, 2}));
    CHECK(own.decode({7, 8}) == "hi");
    CHECK_THROWS(own.encode("a!"), batch_last_error()->code, "batch_tokenizer_encode");
    CHECK_THROWS(own.decode({25}), batch_last_error()->code, "batch_tokenizer_decode");
    CHECK(!gone);
  }
  CHECK(gone);
  gone = false;
  CHECK_THROWS(
      headrace::tokenizer::custom(std::unique_ptr<headrace::custom_tokenizer>(new letters(&gone)), 0),
      BATCH_ERROR_INVALID_ARGUMENT, "batch_tokenizer_custom");
  CHECK_THROWS(headrace::tokenizer::custom(nullptr, 26), BATCH_ERROR_INVALID_ARGUMENT,
               "headrace::tokenizer::custom");
  const char *unset = nullptr;
  CHECK_THROWS(headrace::dataset(unset), BATCH_ERROR_INVALID_ARGUMENT, "a path is nullptr");
  CHECK(gone); // also where the library did not take it
}

static void what_a_writer_writes_a_dataset_reads() {
  std::vector<int32_t> ids(100);
  std::iota(ids.begin(), ids.end(), 0);
  {
    headrace::writer unfinished(path("undone.bin"));
    unfinished.append(ids);
  }
  CHECK_THROWS(headrace::dataset(path("undone.bin")), BATCH_ERROR_IO, "undone.bin");
  for (const char *name : {"a.npy", "b.npy"}) {
    batch_writer_options options = BATCH_WRITER_OPTIONS_INIT;
    options.format = BATCH_FORMAT_NPY;
    headrace::writer writer(path(name), options);
    writer.append(ids);
    writer.end_document();
    writer.finish();
    CHECK(writer.tokens() == 100 && writer.files() == 1 && writer.masked() == 0);
  }
  headrace::dataset one(path("a.npy")), two({path("a.npy"), path("b.npy")});
  CHECK(one.tokens() == 100 && two.tokens() == 200 && two.files() == 2 && two.read(100, 100) == ids);
  CHECK(two.id_range() == (std::pair<int64_t, int64_t>(0, 99)) && two.width() == 2 && !two.has_loss());
  CHECK(two.get_file(1).format == BATCH_FORMAT_NPY && one.fingerprint() != two.fingerprint());
  CHECK_THROWS(two.read(101, 100), BATCH_ERROR_OUT_OF_RANGE, "batch_dataset_read");
  CHECK_THROWS(two.get_file(2), BATCH_ERROR_OUT_OF_RANGE, "2");
  CHECK_THROWS(headrace::dataset(std::vector<std::string>()), BATCH_ERROR_INVALID_ARGUMENT,
               "batch_dataset_open");
}

static void paths_are_one_several_or_a_vector() {
  const std::string first = path("a.npy"), second = path("b.npy");
  const batch_dataset_options options = BATCH_DATASET_OPTIONS_INIT;
  const std::vector<std::string> both = {first, second};
  CHECK(headrace::dataset(first).tokens() == 100 &&
        headrace::dataset(first.c_str(), options).tokens() == 100);
  CHECK(headrace::dataset({first}).tokens() == 100 &&
        headrace::dataset({first.c_str()}, options).files() == 1);
  CHECK(headrace::dataset(both).tokens() == 200 && headrace::dataset({first, second}, options).files() == 2);
  CHECK(
      (headrace::dataset{first.c_str(), second.c_str()}.files() == 2)); // not the string between two pointers
  CHECK((headrace::dataset{{first.c_str(), second.c_str()}}.files() == 2));
  CHECK((headrace::paths{{first.c_str(), second.c_str()}}.pointers().size() == 2));
  CHECK_THROWS(headrace::dataset({first.c_str(), static_cast<const char *>(nullptr)}),
               BATCH_ERROR_INVALID_ARGUMENT, "a path is nullptr");
}

static void a_report_that_throws_stops_and_is_thrown() {
  std::ofstream(path("text.txt")) << "mill race\n";
  headrace::tokenizer bytes = headrace::tokenizer::bytes();
  batch_dataset_options options = BATCH_DATASET_OPTIONS_INIT;
  options.tokenizer = bytes.get();
  options.workers = 1;
  headrace::writer whole(path("whole.bin"));
  uint64_t reported = 0;
  CHECK(whole.tokenize_files(path("text.txt"), options, [&](const batch_tokenize_progress &now) {
    reported = now.tokens;
    return true;
  }));
  CHECK(whole.tokens() == 10 && reported == 10);
  headrace::writer stopped(path("stopped.bin")), thrown(path("thrown.bin"));
  CHECK(!stopped.tokenize_files(path("text.txt"), options,
                                [](const batch_tokenize_progress &) { return false; }));
  std::string what;
  try {
    thrown.tokenize_files(path("text.txt"), options, [](const batch_tokenize_progress &) -> bool {
      throw std::runtime_error("enough");
    });
  } catch (const std::runtime_error &e) {
    what = e.what();
  }
  CHECK(what == "enough");
  CHECK_THROWS(whole.tokenize_files(path("none.txt"), options), BATCH_ERROR_IO, "none.txt");
}

static void documents_have_their_places() {
  std::ofstream(path("two.jsonl")) << "{\"text\": \"mill\"}\n{\"text\": \"race\"}\n";
  headrace::dataset data(path("two.jsonl").c_str());
  CHECK(data.documents() == 2 && data.document(1) == (std::pair<uint64_t, uint64_t>(4, 8)));
  CHECK_THROWS(data.document(2), BATCH_ERROR_OUT_OF_RANGE, "batch_dataset_document");
  batch_loader_options options = small_rows();
  options.with_documents = options.with_cu_seqlens = true;
  options.packing = BATCH_PACK_DOCUMENTS;
  headrace::loader loader(data, options);
  batch first = loader.next();
  CHECK(first.documents()[0] == 0 && first.positions()[2] == 2 && first.cu_seqlens().size() > 1);
}

int main() {
  char name[] = "/tmp/headrace_cpp_XXXXXX";
  folder = mkdtemp(name);
  RUN(a_loop_over_a_loader_has_every_batch_once);
  RUN(a_loop_that_is_cut_short_throws);
  RUN(a_pool_of_one_is_enough_for_a_loop);
  RUN(a_state_resumes_a_run);
  RUN(sources_are_mixed);
  RUN(metrics_are_a_string);
  RUN(a_transform_that_throws_is_a_fault);
  RUN(a_transform_may_be_a_function);
  RUN(tokenizers_encode_and_decode);
  RUN(a_tokenizer_of_ones_own_may_throw);
  RUN(what_a_writer_writes_a_dataset_reads);
  RUN(paths_are_one_several_or_a_vector);
  RUN(a_report_that_throws_stops_and_is_thrown);
  RUN(documents_have_their_places);
  for (const char *made : {"run.state", "a.npy", "b.npy", "text.txt", "two.jsonl"})
    std::remove(path(made).c_str());
  CHECK(rmdir(folder.c_str()) == 0);
  return failures > 0;
}
