#include "text/sentencepiece_model.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "text/character_map.h"
#include "text/json.h"

/* Protocol buffers: a message is a row of fields. */
typedef struct message {
  const char *path;
  const uint8_t *file, *at, *end;
} message;

typedef struct field {
  uint32_t number, wire;
  uint64_t value;      /* VARINT, and the bits of FIXED32 */
  const uint8_t *data; /* BYTES */
  size_t bytes;
  uint64_t offset; /* in the file */
} field;

enum { VARINT = 0, FIXED64 = 1, BYTES = 2, FIXED32 = 5 };

__attribute__((format(printf, 3, 4))) static bool model_fail(const message *m, uint64_t place,
                                                             const char *found, ...) {
  char what[256];
  va_list arguments;
  va_start(arguments, found);
  vsnprintf(what, sizeof what, found, arguments);
  va_end(arguments);
  return format_fail(m->path, place, "found %s, expected a SentencePiece model", what);
}

static uint64_t offset_of(const message *m) {
  return (uint64_t)(m->at - m->file);
}

static bool read_varint(message *m, uint64_t *value) {
  *value = 0;
  for (unsigned shift = 0; shift < 64 && m->at < m->end; shift += 7) {
    uint8_t byte = *m->at++;
    *value |= (uint64_t)(byte & 0x7F) << shift;
    if (byte < 0x80) return true;
  }
  return false;
}

static bool read_content(message *m, field *f) {
  static const uint64_t sizes[] = {[FIXED64] = 8, [FIXED32] = 4};
  if (f->wire == VARINT) return read_varint(m, &f->value);
  uint64_t bytes = f->wire <= FIXED32 ? sizes[f->wire] : 0;
  if (f->wire == BYTES && !read_varint(m, &bytes)) return false;
  if ((f->wire != BYTES && bytes == 0) || bytes > (uint64_t)(m->end - m->at)) return false;
  f->data = m->at;
  f->bytes = (size_t)bytes;
  m->at += bytes;
  if (f->wire == FIXED32) f->value = load_u32(f->data);
  return true;
}

/* The next field; false at the end, or when there is none that can be: then *good becomes false. */
static bool next_field(message *m, field *f, bool *good) {
  uint64_t key;
  if (!*good || m->at == m->end) return false;
  *f = (field){.offset = offset_of(m)};
  *good = read_varint(m, &key) && key >> 3 > 0 && key >> 3 <= UINT32_MAX;
  f->number = (uint32_t)(key >> 3);
  f->wire = (uint32_t)(key & 7);
  *good = *good && read_content(m, f);
  if (!*good) model_fail(m, f->offset, "what is no field of a message");
  return *good;
}

static message inside(const message *outer, const field *f) {
  return (message){outer->path, outer->file, f->data, f->data + f->bytes};
}

/* What a model says of itself; the numbers are those of sentencepiece_model.proto. */
typedef struct model_facts {
  sentencepiece_facts *facts;
  uint64_t unknown;                    /* pieces of that type */
  bool piece_crosses, piece_has_break; /* a blank, or a line feed, behind or before something else */
  bool blank_is_piece;
  bool bpe, suffix, no_dummy_prefix, no_escape, has_map;
  character_map map;
} model_facts;

static const char blank[] = "\xE2\x96\x81"; /* U+2581, which stands for a blank */

/* A blank behind something that is none. */
static bool crosses(const char *text, size_t bytes) {
  bool other = false;
  for (size_t i = 0; i < bytes;) {
    bool long_blank = bytes - i >= 3 && memcmp(text + i, blank, 3) == 0;
    bool is_blank = long_blank || text[i] == ' ';
    if (is_blank && other) return true;
    other |= !is_blank;
    i += long_blank ? 3 : 1;
  }
  return false;
}

static bool has_break(const char *text, size_t bytes) {
  size_t breaks = 0;
  for (size_t i = 0; i < bytes; i++) breaks += text[i] == '\n';
  return breaks > 0 && breaks < bytes;
}

static bool wire_is(const message *m, const field *f, uint32_t wire, const char *name) {
  return f->wire == wire || model_fail(m, f->offset, "another kind of field as %s", name);
}

static bool check_piece(const message *outer, const field *f, model_facts *model) {
  enum { NORMAL = 1, UNKNOWN = 2, TYPES = 6 };
  message m = inside(outer, f);
  field own, text = {0};
  uint64_t type = NORMAL;
  uint32_t bits;
  float score = 0;
  bool good = true;
  while (next_field(&m, &own, &good)) {
    switch (own.number) {
    case 1:
      good = wire_is(&m, &own, BYTES, "a piece");
      text = own;
      break;
    case 2:
      good = wire_is(&m, &own, FIXED32, "a score");
      bits = (uint32_t)own.value;
      memcpy(&score, &bits, sizeof score);
      break;
    case 3:
      good = wire_is(&m, &own, VARINT, "a type");
      type = own.value;
      break;
    }
  }
  if (!good) return false;
  if (text.bytes == 0) return model_fail(&m, f->offset, "an empty piece %zu", model->facts->pieces);
  if (type < NORMAL || type > TYPES)
    return model_fail(&m, f->offset, "type %" PRIu64 " of piece %zu", type, model->facts->pieces);
  if (!isfinite(score))
    return model_fail(&m, f->offset, "no finite score of piece %zu", model->facts->pieces);
  model->facts->pieces++;
  model->unknown += type == UNKNOWN;
  model->piece_crosses |= crosses((const char *)text.data, text.bytes);
  model->piece_has_break |= has_break((const char *)text.data, text.bytes);
  model->blank_is_piece |= type == NORMAL && text.bytes == 3 && memcmp(text.data, blank, 3) == 0;
  return true;
}

static bool check_trainer(const message *outer, const field *f, model_facts *model) {
  enum { MODEL_TYPE = 3, WHITESPACE_AS_SUFFIX = 24, BPE = 2 };
  message m = inside(outer, f);
  field own;
  bool good = true;
  while (next_field(&m, &own, &good)) {
    if (own.number == MODEL_TYPE) {
      good = wire_is(&m, &own, VARINT, "the kind of model");
      model->bpe = own.value == BPE;
    }
    if (own.number == WHITESPACE_AS_SUFFIX) model->suffix = own.value != 0;
  }
  return good;
}

static bool check_normalizer(const message *outer, const field *f, model_facts *model) {
  enum { MAP = 2, DUMMY_PREFIX = 3, ESCAPE = 5 };
  message m = inside(outer, f);
  field own;
  bool good = true;
  while (next_field(&m, &own, &good)) {
    if (own.number == MAP) {
      model->has_map |= own.bytes > 0;
      const char *wrong =
          own.wire == BYTES ? character_map_check(own.data, own.bytes, &model->map) : "another kind of field";
      if (wrong) good = model_fail(&m, own.offset, "a character map with %s", wrong);
    }
    if (own.number == DUMMY_PREFIX) model->no_dummy_prefix = own.value == 0;
    if (own.number == ESCAPE) model->no_escape = own.value == 0;
  }
  return good;
}

static bool check_denormalizer(const message *outer, const field *f, model_facts *model) {
  model_facts mine = {0};
  bool good = check_normalizer(outer, f, &mine);
  model->facts->denormalizes |= mine.has_map;
  return good;
}

static bool check_part(const message *m, const field *f, model_facts *model) {
  enum { PIECE = 1, TRAINER = 2, NORMALIZER = 3, DENORMALIZER = 5 };
  if (f->number > DENORMALIZER || f->number == 4) return true;
  if (!wire_is(m, f, BYTES, "a part of it")) return false;
  return f->number == PIECE        ? check_piece(m, f, model)
         : f->number == TRAINER    ? check_trainer(m, f, model)
         : f->number == NORMALIZER ? check_normalizer(m, f, model)
                                   : check_denormalizer(m, f, model);
}

bool sentencepiece_model_check(const char *path, const uint8_t *bytes, size_t count,
                               sentencepiece_facts *facts) {
  message m = {path, bytes, bytes, bytes + count};
  model_facts model = {.facts = facts};
  field f;
  bool good = true;
  *facts = (sentencepiece_facts){0};
  while (next_field(&m, &f, &good)) good = check_part(&m, &f, &model);
  if (!good) return false;
  if (facts->pieces == 0) return model_fail(&m, 0, "no pieces");
  if (model.unknown != 1)
    return model_fail(&m, 0, "%" PRIu64 " pieces for what is unknown instead of one", model.unknown);
  facts->parts_at_words = model.bpe && !model.suffix && !model.no_dummy_prefix && !model.no_escape &&
                          !model.piece_crosses && !model.map.mixes_blank && model.blank_is_piece;
  facts->parts_at_lines = !model.piece_has_break && !model.map.mixes_line_feed;
  return true;
}
