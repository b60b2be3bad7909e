// libsentencepiece behind C functions. No exception leaves this file.
#include "text/tokenizer_sentencepiece.h"

#include <sentencepiece_processor.h>

#include <algorithm>
#include <cstring>
#include <exception>
#include <memory>
#include <new>
#include <string>
#include <vector>

// The library writes its complaints to stderr unless it is told not to; no header of it declares this.
namespace sentencepiece {
namespace logging {
void SetMinLogLevel(int level);
}
} // namespace sentencepiece

namespace {
constexpr int kFatalOnly = 3;
constexpr size_t kPart = 4096; // bytes of a line, at least, before it is cut between words

enum class LineFeeds { kDropped, kWhole, kCut };

struct Model {
  sentencepiece::SentencePieceProcessor processor;
  bool parts_at_words;
  LineFeeds line_feeds = LineFeeds::kDropped;
  std::vector<int> line_feed_ids; // kCut: what a text that is a line feed begins with
  int word =
      -1; // an ordinary piece that begins with a blank, which is dropped at the start of a text; -1: there is none
  size_t word_bytes = 0; // of its text there
};

struct Encoding {
  const Model &model;
  int32_t *ids;
  size_t capacity, count;
};

struct Refused : std::exception {};

Model *of(void *model) {
  return static_cast<Model *>(model);
}

const Model *of(const void *model) {
  return static_cast<const Model *>(model);
}

// The double array in libsentencepiece makes exceptions of its own of it, and says of which.
bool IsNoMemory(const std::exception &e) {
  return dynamic_cast<const std::bad_alloc *>(&e) || std::strstr(e.what(), "bad_alloc");
}

std::vector<int> Ids(const Model &model, absl::string_view text) {
  std::vector<int> found;
  if (!model.processor.Encode(text, &found).ok()) throw Refused();
  return found;
}

// Appends what stands behind the first `skip` ids.
void Put(Encoding *e, const std::vector<int> &found, size_t skip) {
  for (size_t i = skip; i < found.size(); i++, e->count++)
    if (e->count < e->capacity) e->ids[e->count] = found[i];
}

bool IsWord(char c) {
  return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

// The place of the next blank between two words, from kPart on; `bytes` where there is none.
size_t NextBlank(const Model &model, const char *text, size_t bytes) {
  for (size_t i = kPart; model.parts_at_words && i + 1 < bytes; i++)
    if (text[i] == ' ' && IsWord(text[i - 1]) && IsWord(text[i + 1])) return i;
  return bytes;
}

void PutLine(Encoding *e, const char *text, size_t bytes) {
  while (bytes > 0) {
    const size_t part = NextBlank(e->model, text, bytes);
    Put(e, Ids(e->model, absl::string_view(text, part)), 0);
    const size_t used = part < bytes ? part + 1 : bytes; // the blank is what a model puts in front of a text
    text += used;
    bytes -= used;
  }
}

// Lines without their ends, as spm_encode reads them.
void PutLines(Encoding *e, const char *text, size_t bytes) {
  while (bytes > 0) {
    const void *end = std::memchr(text, '\n', bytes);
    const size_t line = end ? static_cast<size_t>(static_cast<const char *>(end) - text) : bytes;
    PutLine(e, text, line);
    const size_t used = end ? line + 1 : line;
    text += used;
    bytes -= used;
  }
}

// Bytes of a line and the line feeds behind it.
size_t LineWithFeeds(const char *text, size_t bytes) {
  size_t i = 0;
  while (i < bytes && text[i] != '\n') i++;
  while (i < bytes && text[i] == '\n') i++;
  return i;
}

// Lines with their ends: all but the first one behind a line feed, whose ids are dropped.
void PutLinesWithFeeds(Encoding *e, const char *text, size_t bytes, bool more) {
  const std::vector<int> &feed = e->model.line_feed_ids;
  std::string behind;
  while (bytes > 0) {
    const size_t line = LineWithFeeds(text, bytes), part = NextBlank(e->model, text, line);
    if (more) {
      behind.assign(1, '\n').append(text, part);
      const std::vector<int> found = Ids(e->model, behind);
      if (found.size() < feed.size() || !std::equal(feed.begin(), feed.end(), found.begin())) throw Refused();
      Put(e, found, feed.size());
    } else {
      Put(e, Ids(e->model, absl::string_view(text, part)), 0);
    }
    if (part < line) PutLine(e, text + part + 1, line - part - 1);
    more = true;
    text += line;
    bytes -= line;
  }
}

// What the model makes of a line feed: white space or nothing, the unknown piece, or ids that mean it.
void LookAtLineFeed(Model *model, bool parts_at_lines) {
  const std::vector<int> ids = Ids(*model, "\n");
  const auto &p = model->processor;
  const bool keeps = std::any_of(ids.begin(), ids.end(), [&](int id) {
    const std::string &piece = p.IdToPiece(id);
    const bool blanks = piece.find_first_not_of(" \xE2\x96\x81") == std::string::npos;
    return !p.IsUnknown(id) && !blanks;
  });
  if (!keeps) return;
  const int last = ids.back();
  const bool itself = p.IsByte(last) || p.IdToPiece(last) == "\n";
  model->line_feeds = parts_at_lines && itself ? LineFeeds::kCut : LineFeeds::kWhole;
  model->line_feed_ids = ids;
}
std::string Text(const Model &model, const std::vector<int> &ids) {
  std::string text;
  if (!model.processor.Decode(ids, &text).ok()) throw Refused();
  return text;
}

// A piece as it stands in a text, behind another one.
std::string Shown(std::string piece) {
  for (size_t at = 0; (at = piece.find("\xE2\x96\x81", at)) != std::string::npos; at++)
    piece.replace(at, 3, " ");
  return piece;
}

// Finds the piece that decoding in parts needs: one whose blank is there behind another piece, whatever becomes of it at
// the start of a text. Not every piece is decoded so.
void FindWord(Model *model) {
  const auto &p = model->processor;
  for (int id = 0; id < p.GetPieceSize() && model->word < 0; id++) {
    const std::string &piece = p.IdToPiece(id);
    const bool ordinary = !p.IsControl(id) && !p.IsUnknown(id) && !p.IsUnused(id) && !p.IsByte(id);
    if (!ordinary || piece.size() <= 3 || piece.compare(0, 3, "\xE2\x96\x81") != 0 || !IsWord(piece[3]))
      continue;
    const std::string alone = Text(*model, {id}), shown = Shown(piece);
    if ((alone != shown && alone != shown.substr(1)) || Text(*model, {id, id}) != alone + shown) continue;
    model->word = id;
    model->word_bytes = alone.size();
  }
}

size_t Copy(const std::string &found, size_t skip, char *text, size_t capacity) {
  const size_t bytes = found.size() - skip;
  std::copy_n(found.begin() + static_cast<std::ptrdiff_t>(skip), std::min(capacity, bytes), text);
  return bytes;
}

// The byte that a piece like <0xE6> stands for.
unsigned ByteOf(const std::string &piece) {
  return static_cast<unsigned>(std::stoul(piece.substr(3, 2), nullptr, 16));
}
} // namespace

void *sentencepiece_load(const char *bytes, size_t count, const sentencepiece_facts *facts, bool *no_memory) {
  *no_memory = false;
  try {
    sentencepiece::logging::SetMinLogLevel(kFatalOnly);
    auto model = std::make_unique<Model>();
    model->parts_at_words = facts->parts_at_words;
    if (!model->processor.LoadFromSerializedProto(absl::string_view(bytes, count)).ok()) return nullptr;
    LookAtLineFeed(model.get(), facts->parts_at_lines);
    if (!facts->denormalizes) FindWord(model.get());
    return model.release();
  } catch (const std::exception &e) {
    *no_memory = IsNoMemory(e);
    return nullptr;
  }
}

void sentencepiece_free(void *model) {
  delete of(model);
}

uint32_t sentencepiece_vocab_size(void *model) {
  return static_cast<uint32_t>(of(model)->processor.GetPieceSize());
}

int32_t sentencepiece_end_of_text(void *model) {
  return of(model)->processor.eos_id();
} // -1: none

bool sentencepiece_needs_whole(void *model) {
  return of(model)->line_feeds == LineFeeds::kWhole;
}

size_t sentencepiece_encode(const void *context, void *, const char *text, size_t bytes, uint64_t before,
                            int32_t *ids, size_t capacity) {
  try {
    const Model &model = *of(context);
    Encoding e = {model, ids, capacity, 0};
    switch (model.line_feeds) {
    case LineFeeds::kDropped:
      PutLines(&e, text, bytes);
      break;
    case LineFeeds::kCut:
      PutLinesWithFeeds(&e, text, bytes, before > 0);
      break;
    case LineFeeds::kWhole:
      Put(&e, Ids(model, absl::string_view(text, bytes)), 0);
      break;
    }
    return e.count;
  } catch (const std::exception &e) {
    return IsNoMemory(e) ? TOKENIZER_NO_MEMORY : BATCH_TOKENIZER_FAILED;
  }
}

size_t sentencepiece_decode(const void *model, const int32_t *ids, size_t count, char *text,
                            size_t capacity) {
  try {
    return Copy(Text(*of(model), std::vector<int>(ids, ids + count)), 0, text, capacity);
  } catch (const std::exception &e) {
    return IsNoMemory(e) ? TOKENIZER_NO_MEMORY : BATCH_TOKENIZER_FAILED;
  }
}

bool sentencepiece_decodes_parts(void *model) {
  return of(model)->word >= 0;
}

// Byte pieces in a row are characters together: they are cut before one that begins a character, or behind one that no
// other goes on with, as the fourth in a row that would.
size_t sentencepiece_cut_ids(const void *model, const int32_t *ids, size_t count) {
  const auto &p = of(model)->processor;
  for (size_t back = 1; back <= 4 && back <= count; back++) {
    const int32_t id = ids[count - back];
    if (id < 0 || id >= p.GetPieceSize() || !p.IsByte(id)) return count - back + 1;
    const unsigned byte = ByteOf(p.IdToPiece(id));
    if (byte < 0x80) return count - back + 1;
    if (byte >= 0xC0) return count - back;
  }
  return count < 4 ? 0 : count;
}

size_t sentencepiece_decode_behind(const void *context, const int32_t *ids, size_t count, char *text,
                                   size_t capacity) {
  try {
    const Model &model = *of(context);
    std::vector<int> all = {model.word};
    all.insert(all.end(), ids, ids + count);
    return Copy(Text(model, all), model.word_bytes, text, capacity);
  } catch (const std::exception &e) {
    return IsNoMemory(e) ? TOKENIZER_NO_MEMORY : BATCH_TOKENIZER_FAILED;
  }
}

// A piece with a blank shows whether it stands at the start.
size_t sentencepiece_begins(const void *context, const int32_t *ids, size_t count, bool *begun) {
  try {
    const Model &model = *of(context);
    std::vector<int> all(ids, ids + count);
    const size_t before = Text(model, all).size();
    all.push_back(model.word);
    *begun = Text(model, all).size() - before != model.word_bytes;
    return 0;
  } catch (const std::exception &e) {
    return IsNoMemory(e) ? TOKENIZER_NO_MEMORY : BATCH_TOKENIZER_FAILED;
  }
}
