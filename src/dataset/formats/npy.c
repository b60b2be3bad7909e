/* NumPy .npy, versions 1 to 3, one dimension. The header is a Python dict literal whose keys may
   come in any order; only the three keys and the values that can describe tokens are understood. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dataset/formats/format.h"

enum { MAGIC_BYTES = 6 };
static const char magic[] = "\x93NUMPY";

enum { MAX_HEADER = 65536, OUR_HEADER = 128 }; /* as NumPy writes it, in one dimension: 128 */

static const char *const descrs[] = {
    [BATCH_TOKEN_U8] = "|u1",  [BATCH_TOKEN_I8] = "|i1",  [BATCH_TOKEN_U16] = "<u2",
    [BATCH_TOKEN_I16] = "<i2", [BATCH_TOKEN_U32] = "<u4", [BATCH_TOKEN_I32] = "<i4",
    [BATCH_TOKEN_I64] = "<i8"};

typedef struct cursor {
  const char *text, *at, *end;
  const token_file *file;
  uint64_t text_offset; /* of text in the file */
} cursor;

typedef struct npy_facts {
  batch_token_type type;
  uint64_t count;
  bool has_descr, has_order, has_shape;
} npy_facts;

static bool wrong(const cursor *c, const char *expected) {
  int left = c->end - c->at > 24 ? 24 : (int)(c->end - c->at);
  return format_fail(c->file->path, c->text_offset + (uint64_t)(c->at - c->text),
                     "found \"%.*s\", expected %s", left, c->at, expected);
}

static void skip_space(cursor *c) {
  while (c->at < c->end && (*c->at == ' ' || *c->at == '\n' || *c->at == '\t')) c->at++;
}

/* Takes a literal text after white space. */
static bool take(cursor *c, const char *literal) {
  skip_space(c);
  size_t length = strlen(literal);
  if ((size_t)(c->end - c->at) < length || memcmp(c->at, literal, length) != 0) return false;
  c->at += length;
  return true;
}

/* Takes 'text' or "text" if it is this one. */
static bool take_string(cursor *c, const char *text) {
  skip_space(c);
  const char *start = c->at;
  char quote = start < c->end ? *start : 0;
  if (quote != '\'' && quote != '"') return false;
  c->at++;
  bool taken = take(c, text) && c->at < c->end && *c->at == quote;
  c->at = taken ? c->at + 1 : start;
  return taken;
}

static bool take_descr(cursor *c, npy_facts *facts) {
  for (int type = BATCH_TOKEN_U8; type <= BATCH_TOKEN_I64; type++)
    if (take_string(c, descrs[type])) {
      facts->type = (batch_token_type)type;
      facts->has_descr = true;
      return true;
    }
  return wrong(c, "'<u2', '<u4', '<i2', '<i4', '<i8', '|u1' or '|i1' (little-endian integers)");
}

static bool take_order(cursor *c, npy_facts *facts) {
  facts->has_order = take(c, "False") || take(c, "True"); /* the same thing in one dimension */
  return facts->has_order || wrong(c, "True or False");
}

static bool take_number(cursor *c, uint64_t *number) {
  skip_space(c);
  const char *start = c->at;
  *number = 0;
  for (; c->at < c->end && *c->at >= '0' && *c->at <= '9'; c->at++)
    if (__builtin_mul_overflow(*number, 10, number) ||
        __builtin_add_overflow(*number, (uint64_t)(*c->at - '0'), number)) {
      c->at = start;
      return false;
    }
  return c->at > start;
}

static bool take_shape(cursor *c, npy_facts *facts) {
  facts->has_shape = take(c, "(") && take_number(c, &facts->count) && take(c, ",") && take(c, ")");
  return facts->has_shape || wrong(c, "a shape of one dimension, such as (1024,)");
}

static bool take_entry(cursor *c, npy_facts *facts) {
  bool (*value)(cursor *, npy_facts *) = take_string(c, "descr")           ? take_descr
                                         : take_string(c, "fortran_order") ? take_order
                                         : take_string(c, "shape")         ? take_shape
                                                                           : NULL;
  if (!value) return wrong(c, "'descr', 'fortran_order' or 'shape'");
  return (take(c, ":") || wrong(c, "a colon")) && value(c, facts);
}

static bool take_dict(cursor *c, npy_facts *facts) {
  if (!take(c, "{")) return wrong(c, "a dict");
  while (!take(c, "}")) {
    if (!take_entry(c, facts)) return false;
    if (take(c, ",")) continue;
    if (take(c, "}")) break;
    return wrong(c, "a comma or the end of the dict");
  }
  skip_space(c);
  if (c->at < c->end) return wrong(c, "nothing after the dict");
  return (facts->has_descr && facts->has_order && facts->has_shape) ||
         wrong(c, "'descr', 'fortran_order' and 'shape' before it");
}

/* Reads everything before the dict: *offset and *length say where that is. */
static bool read_prefix(const token_file *file, uint32_t *offset, uint32_t *length) {
  uint8_t head[12] = {0};
  size_t got;
  if (!file_read_some(file->fd, file->path, 0, head, sizeof head, &got)) return false;
  if (got < 10 || memcmp(head, magic, MAGIC_BYTES) != 0)
    return format_fail(
        file->path, 0,
        "found %s, expected \\x93NUMPY; tokens without a NumPy header, as OLMo's, are read when the "
        "format and the type are said (options.format and token_type, --format headerless --type u16)",
        got < 10 ? "less than 10 bytes" : "another magic");
  if (head[6] < 1 || head[6] > 3 || head[7] != 0)
    return format_fail(file->path, 6, "found version %d.%d, expected 1.0, 2.0 or 3.0", head[6], head[7]);
  *offset = head[6] == 1 ? 10 : 12;
  *length = head[6] == 1 ? load_u16(head + 8) : load_u32(head + 8);
  if (*length > MAX_HEADER || *offset + (uint64_t)*length > file->map_bytes)
    return format_fail(file->path, 8,
                       "found a header of %" PRIu32
                       " bytes in a file of %zu, expected at most %d and that it fits",
                       *length, file->map_bytes, MAX_HEADER);
  return true;
}

static bool read_facts(const token_file *file, uint32_t offset, uint32_t length, npy_facts *facts) {
  char *text = malloc(length + 1);
  if (!text) return error_fail(BATCH_ERROR_OUT_OF_MEMORY, "%.700s: no memory for its header", file->path);
  cursor c = {text, text, text + length, file, offset};
  bool good = file_read_at(file->fd, file->path, offset, text, length) && take_dict(&c, facts);
  free(text);
  return good;
}

static bool open_npy(token_file *file, const batch_dataset_options *options) {
  (void)options;
  uint32_t offset = 0, length = 0;
  npy_facts facts = {0};
  if (!read_prefix(file, &offset, &length) || !read_facts(file, offset, length, &facts)) return false;
  file->data_offset = offset + (uint64_t)length;
  if (!format_tokens_to_end(file, facts.type)) return false;
  return file->tokens == facts.count ||
         format_fail(file->path, file->data_offset,
                     "found %" PRIu64 " tokens, expected the %" PRIu64 " of the shape", file->tokens,
                     facts.count);
}

/* The bytes of numpy.save. */
static void put_header(uint8_t *header, batch_token_type type, uint64_t tokens) {
  enum { PREFIX = 10 };
  char dict[OUR_HEADER - PREFIX];
  int length =
      snprintf(dict, sizeof dict, "{'descr': '%s', 'fortran_order': False, 'shape': (%" PRIu64 ",), }",
               descrs[type], tokens);
  memcpy(header, magic, MAGIC_BYTES);
  header[6] = 1;
  header[8] = sizeof dict;
  memset(header + PREFIX, ' ', sizeof dict);
  memcpy(header + PREFIX, dict, (size_t)length);
  header[OUR_HEADER - 1] = '\n';
}

static const format_output output = {.types = {BATCH_TOKEN_U16, BATCH_TOKEN_U32, BATCH_TOKEN_U8,
                                               BATCH_TOKEN_I8, BATCH_TOKEN_I16, BATCH_TOKEN_I32,
                                               BATCH_TOKEN_I64},
                                     .suffix = ".npy",
                                     .header_bytes = OUR_HEADER,
                                     .put_header = put_header};

const format_kind format_npy = {"npy", magic, MAGIC_BYTES, open_npy, &output};
