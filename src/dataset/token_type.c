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
#define WIDEN(name, stored)                                                                                  \
  static void widen_##name(const uint8_t *raw, size_t count, int64_t *ids) {                                 \
    for (size_t i = 0; i < count; i++) {                                                                     \
      stored token;                                                                                          \
      memcpy(&token, raw + i * sizeof token, sizeof token);                                                  \
      ids[i] = (int64_t)token;                                                                               \
    }                                                                                                        \
  }

WIDEN(u8, uint8_t)
WIDEN(i8, int8_t)
WIDEN(u16, uint16_t)
WIDEN(i16, int16_t)
WIDEN(u32, uint32_t)
WIDEN(i32, int32_t)
WIDEN(i64, int64_t)

void token_widen(batch_token_type type, const void *raw, size_t count, int64_t *ids) {
  switch (type) {
  case BATCH_TOKEN_U8:
    widen_u8(raw, count, ids);
    break;
  case BATCH_TOKEN_I8:
    widen_i8(raw, count, ids);
    break;
  case BATCH_TOKEN_DEFAULT:
  case BATCH_TOKEN_U16:
    widen_u16(raw, count, ids);
    break;
  case BATCH_TOKEN_I16:
    widen_i16(raw, count, ids);
    break;
  case BATCH_TOKEN_U32:
    widen_u32(raw, count, ids);
    break;
  case BATCH_TOKEN_I32:
    widen_i32(raw, count, ids);
    break;
  case BATCH_TOKEN_I64:
    widen_i64(raw, count, ids);
    break;
  }
}

#define NARROW(stored)                                                                                       \
  static void narrow_##stored(const int32_t *ids, size_t count, uint8_t *raw) {                              \
    for (size_t i = 0; i < count; i++) {                                                                     \
      stored token = (stored)ids[i];                                                                         \
      memcpy(raw + i * sizeof token, &token, sizeof token);                                                  \
    }                                                                                                        \
  }

NARROW(uint8_t)
NARROW(uint16_t)
NARROW(uint32_t)
NARROW(uint64_t)

void token_narrow(batch_token_type type, const int32_t *ids, size_t count, void *raw) {
  switch (batch_token_type_size(type)) {
  case 1:
    narrow_uint8_t(ids, count, raw);
    break;
  case 2:
    narrow_uint16_t(ids, count, raw);
    break;
  case 4:
    narrow_uint32_t(ids, count, raw);
    break;
  case 8:
    narrow_uint64_t(ids, count, raw);
    break;
  }
}
