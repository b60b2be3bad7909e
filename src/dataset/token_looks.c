#include "dataset/token_looks.h"

#include "base/file.h"

enum {
  PLACE_BYTES = 1024, /* of each place that is looked at */
  WORD = 8,           /* places begin at multiples of the widest token */
  LEAST = 4,          /* tokens that tell anything */
  LEAST_SMALL = 16,   /* tokens that tell anything when they are small themselves */
  TINY = 16           /* 2^20 in units of 2^16 */
};

typedef struct sample {
  uint8_t bytes[3 * PLACE_BYTES];
  size_t count;
} sample;

static bool add_place(const token_file *file, uint64_t at, uint64_t bytes, sample *s) {
  size_t n = bytes < PLACE_BYTES ? (size_t)bytes : PLACE_BYTES;
  n -= n % WORD;
  if (!file_read_at(file->fd, file->path, file->data_offset + at, s->bytes + s->count, n)) return false;
  s->count += n;
  return true;
}

static bool take_sample(const token_file *file, sample *s) {
  uint64_t bytes = file->tokens * file->width;
  if (bytes <= sizeof s->bytes)
    return add_place(file, 0, bytes, s) && add_place(file, s->count, bytes - s->count, s) &&
           add_place(file, s->count, bytes - s->count, s);
  uint64_t middle = bytes / 2, tail = bytes - PLACE_BYTES;
  return add_place(file, 0, PLACE_BYTES, s) && add_place(file, middle - middle % WORD, PLACE_BYTES, s) &&
         add_place(file, tail - tail % WORD, PLACE_BYTES, s);
}

/* The words of a sample that may be tokens of some width. */
typedef struct look {
  size_t count;
  size_t ids;     /* below 2^20, as ids are */
  size_t small;   /* below 2^16 */
  size_t usual;   /* whose lower half is not tiny */
  size_t changes; /* unlike the one before */
} look;

/* Padding and ids to ignore (0, -1, -100): they are in data of every width, and tell nothing. */
static bool is_filler(int64_t id) {
  return id <= 0 && id >= -256;
}

static look look_at(const sample *s, uint32_t width) {
  look l = {.count = 0};
  int64_t before = 0;
  for (size_t at = 0; at + width <= s->count; at += width) {
    int64_t id = width == 8 ? (int64_t)load_u64(s->bytes + at) : (int32_t)load_u32(s->bytes + at);
    if (is_filler(id)) continue;
    l.ids += id >= 0 && id < (int64_t)TINY << 16;
    l.small += id >= 0 && id < INT64_C(1) << 16;
    l.usual += (id & 0xFFFF) >= TINY;
    l.changes += l.count > 0 && (id & 0xFFFF) != (before & 0xFFFF);
    l.count++;
    before = id;
  }
  return l;
}

/* All but one in 32. */
static bool nearly_all(size_t n, size_t count) {
  return count - n <= count / 32;
}

static bool looks_like(const sample *s, uint32_t width) {
  look l = look_at(s, width);
  if (l.count < LEAST || l.changes < 2) return false;
  return (nearly_all(l.ids, l.count) && 4 * l.usual >= 3 * l.count) ||
         (l.count >= LEAST_SMALL && nearly_all(l.small, l.count));
}

static bool looks_narrower(const sample *s, uint32_t width) {
  look l = look_at(s, width);
  return l.count >= LEAST && 4 * l.ids < l.count;
}

static batch_token_type type_by_looks(const sample *s, uint32_t width) {
  if (width < 8 && looks_like(s, 8)) return BATCH_TOKEN_I64;
  if (width < 4 && looks_like(s, 4)) return BATCH_TOKEN_U32;
  if (width >= 4 && looks_narrower(s, width))
    return width == 8 && looks_like(s, 4) ? BATCH_TOKEN_U32 : BATCH_TOKEN_U16;
  return BATCH_TOKEN_DEFAULT;
}

bool token_looks_check(const token_file *file, token_witness witness) {
  sample s = {.count = 0};
  if (!take_sample(file, &s)) return false;
  batch_token_type looks = type_by_looks(&s, file->width);
  const char *found = batch_token_type_name(looks), *expected = batch_token_type_name(file->type);
  if (!looks) return true;
  if (witness == TOKENS_BY_DEFAULT)
    return format_fail(file->path, file->data_offset,
                       "found tokens that look like %s, expected %s where nothing tells the type: say it "
                       "(options.token_type, --type %s or --type %s)",
                       found, expected, found, expected);
  return format_fail(
      file->path, file->data_offset,
      "found tokens that look like %s, expected %s as %s: if so say it "
      "(options.token_type, --type %s)",
      found, expected,
      witness == TOKENS_BY_NAME ? "the name says" : "the index says, which may be of other tokens", expected);
}
