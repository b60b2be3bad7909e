#include "dataset/token_type.h"

#include <stdio.h>
#include <string.h>

#include "base/path.h"

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error                                                                                                       \
    "tokens are little-endian in every format and mapped as they are: a big-endian machine has to swap them"
#endif

typedef struct token_type_facts {
  const char *name;
  uint32_t size;
  uint32_t max;
} token_type_facts;

static const token_type_facts facts[] = {
    [BATCH_TOKEN_U8] = {"u8", 1, UINT8_MAX},    [BATCH_TOKEN_I8] = {"i8", 1, INT8_MAX},
    [BATCH_TOKEN_U16] = {"u16", 2, UINT16_MAX}, [BATCH_TOKEN_I16] = {"i16", 2, INT16_MAX},
    [BATCH_TOKEN_U32] = {"u32", 4, INT32_MAX},  [BATCH_TOKEN_I32] = {"i32", 4, INT32_MAX},
    [BATCH_TOKEN_I64] = {"i64", 8, INT32_MAX},
};

static const token_type_facts *facts_of(batch_token_type type) {
  return type > BATCH_TOKEN_DEFAULT && type <= BATCH_TOKEN_I64 ? &facts[type] : NULL;
}

const char *batch_token_type_name(batch_token_type type) {
  return facts_of(type) ? facts[type].name : "?";
}

size_t batch_token_type_size(batch_token_type type) {
  return facts_of(type) ? facts[type].size : 0;
}

uint32_t token_type_max(batch_token_type type) {
  return facts_of(type) ? facts[type].max : 0;
}

batch_token_type token_type_of_name(const char *path) {
  char suffix[16];
  for (int type = BATCH_TOKEN_U8; type <= BATCH_TOKEN_I64; type++)
    for (int with_bin = 0; with_bin < 2; with_bin++) {
      snprintf(suffix, sizeof suffix, ".%s%s", facts[type].name, with_bin ? ".bin" : "");
      if (path_ends_with(path, suffix)) return (batch_token_type)type;
    }
  return BATCH_TOKEN_DEFAULT;
}

batch_token_type token_type_of_width(uint64_t width) {
  switch (width) {
  case 1:
    return BATCH_TOKEN_U8;
  case 2:
    return BATCH_TOKEN_U16;
  case 4:
    return BATCH_TOKEN_U32;
  case 8:
    return BATCH_TOKEN_I64;
  }
  return BATCH_TOKEN_DEFAULT;
}

/* Loads and stores go through memcpy, which allows any alignment and is vectorized all the same. */
#define WIDEN(stored)                                                                                        \
  for (size_t i = 0; i < count; i++) {                                                                       \
    stored token;                                                                                            \
    memcpy(&token, from + i * sizeof token, sizeof token);                                                   \
    ids[i] = (int64_t)token;                                                                                 \
  }

void token_widen(batch_token_type type, const void *raw, size_t count, int64_t *ids) {
  const uint8_t *from = raw;
  switch (type) {
  case BATCH_TOKEN_U8:
    WIDEN(uint8_t)
    break;
  case BATCH_TOKEN_I8:
    WIDEN(int8_t)
    break;
  case BATCH_TOKEN_DEFAULT:
  case BATCH_TOKEN_U16:
    WIDEN(uint16_t)
    break;
  case BATCH_TOKEN_I16:
    WIDEN(int16_t)
    break;
  case BATCH_TOKEN_U32:
    WIDEN(uint32_t)
    break;
  case BATCH_TOKEN_I32:
    WIDEN(int32_t)
    break;
  case BATCH_TOKEN_I64:
    WIDEN(int64_t)
    break;
  }
}

#define NARROW(stored)                                                                                       \
  for (size_t i = 0; i < count; i++) {                                                                       \
    stored token = (stored)ids[i];                                                                           \
    memcpy(to + i * sizeof token, &token, sizeof token);                                                     \
  }

void token_narrow(batch_token_type type, const int32_t *ids, size_t count, void *raw) {
  uint8_t *to = raw;
  switch (batch_token_type_size(type)) {
  case 1:
    NARROW(uint8_t)
    break;
  case 2:
    NARROW(uint16_t)
    break;
  case 4:
    NARROW(uint32_t)
    break;
  case 8:
    NARROW(uint64_t)
    break;
  }
}
