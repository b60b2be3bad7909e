#include "support/raw_tokens.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
  LLMC_HEADER = 1024,
  IDX_TYPE = 17,
  IDX_SEQUENCES = 18,
  IDX_BOUNDARIES = 26,
  IDX_LENGTHS = 34,
  NPY_VERSION = 6,
  NPY_LENGTH = 8,
  MOST_NAME = 256
};

typedef struct stored {
  const char *name, *descr;
  unsigned width;
  bool is_signed;
} stored;

static const stored types[] = {
    [BATCH_TOKEN_U8] = {"u8", "|u1", 1, false},   [BATCH_TOKEN_I8] = {"i8", "|i1", 1, true},
    [BATCH_TOKEN_U16] = {"u16", "<u2", 2, false}, [BATCH_TOKEN_I16] = {"i16", "<i2", 2, true},
    [BATCH_TOKEN_U32] = {"u32", "<u4", 4, false}, [BATCH_TOKEN_I32] = {"i32", "<i4", 4, true},
    [BATCH_TOKEN_I64] = {"i64", "<i8", 8, true}};

typedef struct raw {
  uint8_t *bytes;
  size_t size;
} raw;

static raw read_all(const char *path) {
  FILE *file = fopen(path, "rb");
  if (!file || fseek(file, 0, SEEK_END) != 0) fuzz_fail("%s: cannot be read", path);
  long bytes = ftell(file);
  rewind(file);
  raw r = {malloc((size_t)bytes + 1), (size_t)bytes};
  if (!r.bytes || fread(r.bytes, 1, r.size, file) != r.size) fuzz_fail("%s: cannot be read", path);
  fclose(file);
  return r;
}

/* Little-endian. */
static uint64_t number_at(const uint8_t *bytes, unsigned width) {
  uint64_t value = 0;
  for (unsigned i = 0; i < width; i++) value |= (uint64_t)bytes[i] << 8 * i;
  return value;
}

static int64_t token_at(const uint8_t *bytes, const stored *type) {
  uint64_t value = number_at(bytes, type->width);
  if (type->is_signed && type->width < 8 && value >> (8 * type->width - 1))
    value |= UINT64_MAX << 8 * type->width;
  return (int64_t)value;
}

/* The one type whose descr stands in the header; where several do, nobody knows. */
static batch_token_type type_of_npy(const raw *r, size_t end) {
  batch_token_type found = BATCH_TOKEN_DEFAULT;
  for (int t = BATCH_TOKEN_U8; t <= BATCH_TOKEN_I64; t++) {
    if (!memmem(r->bytes, end, types[t].descr, 3)) continue;
    if (found) return BATCH_TOKEN_DEFAULT;
    found = (batch_token_type)t;
  }
  return found;
}

static size_t begin_of(const raw *r, batch_format format) {
  if (format == BATCH_FORMAT_LLMC_GPT2 || format == BATCH_FORMAT_LLMC_LLAMA3) return LLMC_HEADER;
  if (format != BATCH_FORMAT_NPY) return 0;
  unsigned width = r->size > NPY_LENGTH && r->bytes[NPY_VERSION] == 1 ? 2 : 4;
  return r->size < NPY_LENGTH + width ? r->size
                                      : NPY_LENGTH + width + number_at(r->bytes + NPY_LENGTH, width);
}

static bool is_there_with(const char *path, const char *suffix) {
  char name[MOST_NAME];
  snprintf(name, sizeof name, "%s%s", path, suffix);
  return access(name, F_OK) == 0;
}

/* From a name that ends with .u32 or .u32.bin. */
static batch_token_type type_of_name(const char *path) {
  size_t bytes = strlen(path);
  if (bytes > 4 && strcmp(path + bytes - 4, ".bin") == 0) bytes -= 4;
  for (int t = BATCH_TOKEN_U8; t <= BATCH_TOKEN_I64; t++) {
    size_t own = strlen(types[t].name);
    if (bytes > own && path[bytes - own - 1] == '.' && strncmp(path + bytes - own, types[t].name, own) == 0)
      return (batch_token_type)t;
  }
  return BATCH_TOKEN_U16;
}

/* x.ds.index beside x.ds, x.idx beside x.bin. */
static raw read_index(const batch_dataset_file *file) {
  char name[MOST_NAME];
  if (file->format == BATCH_FORMAT_DATATROVE)
    snprintf(name, sizeof name, "%s.index", file->path);
  else
    snprintf(name, sizeof name, "%.*s.idx", (int)strlen(file->path) - 4, file->path);
  return read_all(name);
}

static batch_token_type type_of_idx(const batch_dataset_file *file) {
  static const batch_token_type codes[] = {BATCH_TOKEN_DEFAULT, BATCH_TOKEN_U8,      BATCH_TOKEN_I8,
                                           BATCH_TOKEN_I16,     BATCH_TOKEN_I32,     BATCH_TOKEN_I64,
                                           BATCH_TOKEN_DEFAULT, BATCH_TOKEN_DEFAULT, BATCH_TOKEN_U16};
  raw index = read_index(file);
  unsigned code = index.size > IDX_TYPE ? index.bytes[IDX_TYPE] : 0;
  free(index.bytes);
  return code < sizeof codes / sizeof *codes ? codes[code] : BATCH_TOKEN_DEFAULT;
}

/* BATCH_TOKEN_DEFAULT: a .metadata or the look of the tokens says it. */
static batch_token_type type_of(const raw *r, const batch_dataset_file *file, batch_token_type said) {
  switch (file->format) {
  case BATCH_FORMAT_LLMC_GPT2:
    return BATCH_TOKEN_U16;
  case BATCH_FORMAT_LLMC_LLAMA3:
    return BATCH_TOKEN_U32;
  case BATCH_FORMAT_NPY:
    return type_of_npy(r, begin_of(r, file->format));
  case BATCH_FORMAT_MEGATRON:
    return type_of_idx(file);
  default:
    if (said != BATCH_TOKEN_DEFAULT) return said;
    if (file->format == BATCH_FORMAT_DATATROVE || is_there_with(file->path, ".metadata"))
      return BATCH_TOKEN_DEFAULT;
    return type_of_name(file->path);
  }
}

static void check_tokens(const raw *r, const batch_dataset_file *file, const fuzz_contents *c) {
  const stored *type = &types[file->token_type];
  size_t begin = begin_of(r, file->format);
  if (begin > r->size || (r->size - begin) / type->width != file->tokens ||
      (r->size - begin) % type->width != 0)
    fuzz_fail("%s: %" PRIu64 " tokens in %zu bytes from %zu on", file->path, file->tokens, r->size, begin);
  for (uint64_t i = 0; i < file->tokens && c->readable && c->count == c->tokens; i++) {
    int64_t expected = token_at(r->bytes + begin + i * type->width, type) + fuzz_control;
    if (c->ids[file->first_token + i] != expected)
      fuzz_fail("%s: token %" PRIu64 " is %d, expected %" PRId64, file->path, i,
                (int)c->ids[file->first_token + i], expected);
  }
}

/* Documents of an .idx: sequences from one boundary to the next, or each of them. */
typedef struct idx {
  const uint8_t *lengths, *boundaries;
  uint64_t sequences, documents;
  bool has_boundaries;
} idx;

static idx idx_of(const raw *index) {
  uint64_t sequences = number_at(index->bytes + IDX_SEQUENCES, 8),
           boundaries = number_at(index->bytes + IDX_BOUNDARIES, 8);
  const uint8_t *lengths = index->bytes + IDX_LENGTHS;
  return (idx){lengths, lengths + sequences * (4 + 8), sequences, boundaries > 1 ? boundaries - 1 : sequences,
               boundaries > 1};
}

/* Where a document ends, in tokens; the one before ends at `end`, behind *sequence sequences. */
static uint64_t idx_end(const idx *i, uint64_t document, uint64_t end, uint64_t *sequence) {
  uint64_t last = i->has_boundaries ? number_at(i->boundaries + 8 * (document + 1), 8) : document + 1;
  for (; *sequence < last; ++*sequence) end += number_at(i->lengths + 4 * *sequence, 4);
  return end;
}

/* first: how many documents there are in the files before. */
static void check_ends(const batch_dataset_file *file, const fuzz_contents *c, uint64_t first) {
  const bool megatron = file->format == BATCH_FORMAT_MEGATRON;
  if (!megatron && file->format != BATCH_FORMAT_DATATROVE) return;
  raw index = read_index(file);
  idx all = megatron ? idx_of(&index) : (idx){.documents = index.size / 8};
  if (file->documents != all.documents)
    fuzz_fail("%s: %" PRIu64 " documents, expected %" PRIu64, file->path, file->documents, all.documents);
  for (uint64_t i = 0, end = 0, sequence = 0; i < all.documents && first + i < c->num_ends; i++) {
    end = megatron ? idx_end(&all, i, end, &sequence) : number_at(index.bytes + 8 * i, 8);
    if (c->ends[first + i] != file->first_token + end)
      fuzz_fail("%s: document %" PRIu64 " ends at %" PRIu64 ", expected %" PRIu64, file->path, i,
                c->ends[first + i] - file->first_token, end);
  }
  free(index.bytes);
}

void fuzz_check_raw(const BatchDataset *dataset, const batch_dataset_options *options,
                    const fuzz_contents *c) {
  batch_token_type said = options ? options->token_type : BATCH_TOKEN_DEFAULT;
  uint64_t documents = 0;
  for (size_t i = 0; i < batch_dataset_files(dataset) && !(options && options->subset); i++) {
    batch_dataset_file file = BATCH_DATASET_FILE_INIT;
    if (!batch_dataset_get_file(dataset, i, &file)) fuzz_fail("file %zu is not there", i);
    if (file.format == BATCH_FORMAT_TEXT || file.format == BATCH_FORMAT_JSONL) continue;
    raw r = read_all(file.path);
    batch_token_type expected = type_of(&r, &file, said);
    if (file.token_type < BATCH_TOKEN_U8 || (expected && file.token_type != expected))
      fuzz_fail("%s: tokens are %s, expected %s", file.path, batch_token_type_name(file.token_type),
                batch_token_type_name(expected));
    check_tokens(&r, &file, c);
    check_ends(&file, c, documents);
    documents += file.documents ? file.documents : c->documents > 0 && file.tokens > 0;
    free(r.bytes);
  }
}
