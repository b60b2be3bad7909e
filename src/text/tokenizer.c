#include "text/tokenizer.h"

#include <inttypes.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/live.h"
#include "base/options.h"
#include "sync/thread.h"

enum { IDLE_SCRATCHES = 16 };

struct BatchTokenizer {
  const tokenizer_kind *kind;
  void *context;
  uint32_t vocab_size;
  int32_t end_of_text;
  uint64_t identity; /* 0: not told */
  /* Working memory that batch_tokenizer_encode has used and nobody uses just now. Whoever takes one out of here owns
     it until it is put back.
       GIVE (scratch_give: release CAS) -> TAKE (scratch_take: acquire exchange): what was written in it */
  _Atomic(void *) idle[IDLE_SCRATCHES];
};

static size_t bytes_encode(const void *context, void *scratch, const char *text, size_t bytes,
                           uint64_t before, int32_t *ids, size_t capacity) {
  (void)context, (void)scratch, (void)before;
  const uint8_t *from = (const uint8_t *)text;
  for (size_t i = 0; i < bytes && i < capacity; i++) ids[i] = from[i];
  return bytes;
}

static size_t bytes_decode(const void *context, const int32_t *ids, size_t count, char *text,
                           size_t capacity) {
  (void)context;
  size_t bytes = 0;
  for (size_t i = 0; i < count; i++) {
    if (ids[i] > UINT8_MAX) continue;
    if (bytes < capacity) text[bytes] = (char)ids[i];
    bytes++;
  }
  return bytes;
}

static size_t bytes_cut(const void *context, const char *text, size_t from, size_t bytes) {
  (void)context, (void)text;
  return bytes > 0 && bytes - 1 > from ? bytes - 1 : 0;
}

static const tokenizer_kind bytes_kind = {
    .encode = bytes_encode, .decode = bytes_decode, .cut = bytes_cut, .checked = true, .decodes_each = true};

bool tokenizer_is_bytes(const BatchTokenizer *tokenizer) {
  return !tokenizer || tokenizer->kind == &bytes_kind;
}

bool tokenizer_can_cut(const BatchTokenizer *tokenizer) {
  return tokenizer->kind->cut;
}

size_t tokenizer_cut(const BatchTokenizer *tokenizer, const char *text, size_t from, size_t bytes) {
  return tokenizer->kind->cut ? tokenizer->kind->cut(tokenizer->context, text, from, bytes) : 0;
}

BatchTokenizer *tokenizer_make(const char *function, const tokenizer_kind *kind, void *context,
                               uint32_t vocab_size, int32_t end_of_text) {
  BatchTokenizer *tokenizer = malloc(sizeof *tokenizer);
  if (!tokenizer)
    return error_null(BATCH_ERROR_OUT_OF_MEMORY, "%s: no memory for %zu bytes", function, sizeof *tokenizer);
  *tokenizer = (BatchTokenizer){kind, context, vocab_size, end_of_text, 0, {NULL}};
  live_enter(tokenizer);
  return tokenizer;
}

void *tokenizer_context(const BatchTokenizer *tokenizer, batch_tokenizer_kind what) {
  return tokenizer->kind->what == what ? tokenizer->context : NULL;
}

void tokenizer_identify(BatchTokenizer *tokenizer, uint64_t identity) {
  tokenizer->identity = identity;
}

uint64_t tokenizer_identity(const BatchTokenizer *tokenizer) {
  return tokenizer->identity;
}

BatchTokenizer *batch_tokenizer_bytes(uint32_t specials) {
  const uint32_t most = UINT16_MAX + 1 - 256;
  if (specials > most)
    return error_null(BATCH_ERROR_INVALID_ARGUMENT,
                      "batch_tokenizer_bytes: specials is %" PRIu32 ", expected at most %" PRIu32, specials,
                      most);
  return tokenizer_make("batch_tokenizer_bytes", &bytes_kind, NULL, 256 + specials,
                        specials ? 256 : BATCH_NO_TOKEN);
}

/* A tokenizer of the caller's own. */
typedef struct custom {
  batch_tokenizer_functions functions;
  void *context;
} custom;

static size_t custom_encode(const void *context, void *scratch, const char *text, size_t bytes,
                            uint64_t before, int32_t *ids, size_t capacity) {
  (void)scratch, (void)before;
  const custom *mine = context;
  /* What an encoder counts and does not write is then no id. */
  if (capacity > 0) memset(ids, 0xFF, capacity * sizeof *ids);
  size_t count = mine->functions.encode(mine->context, text, bytes, ids, capacity);
  return count > TOKENIZER_SAID ? BATCH_TOKENIZER_FAILED : count;
}

static size_t custom_decode(const void *context, const int32_t *ids, size_t count, char *text,
                            size_t capacity) {
  const custom *mine = context;
  size_t bytes = mine->functions.decode(mine->context, ids, count, text, capacity);
  return bytes > TOKENIZER_SAID ? BATCH_TOKENIZER_FAILED : bytes;
}

static void custom_free(void *context) {
  custom *mine = context;
  if (mine->functions.free) mine->functions.free(mine->context);
  free(mine);
}

static BatchTokenizer *custom_make(const batch_tokenizer_functions *functions, void *context,
                                   uint32_t vocab_size, int32_t end_of_text) {
  static const tokenizer_kind kind = {
      .encode = custom_encode, .decode = custom_decode, .free = custom_free, .what = BATCH_TOKENIZER_CUSTOM};
  static const char function[] = "batch_tokenizer_custom";
  custom *mine = malloc(sizeof *mine);
  if (!mine)
    return error_null(BATCH_ERROR_OUT_OF_MEMORY, "%s: no memory for %zu bytes", function, sizeof *mine);
  *mine = (custom){*functions, context};
  BatchTokenizer *tokenizer = tokenizer_make(function, &kind, mine, vocab_size, end_of_text);
  if (!tokenizer) free(mine);
  return tokenizer;
}

BatchTokenizer *batch_tokenizer_custom(const batch_tokenizer_functions *functions, void *context,
                                       uint32_t vocab_size, int32_t end_of_text) {
  static const options_type type =
      OPTIONS_TYPE(batch_tokenizer_functions, BATCH_TOKENIZER_FUNCTIONS_INIT, free);
  batch_tokenizer_functions mine;
  if (!options_read(&type, "batch_tokenizer_custom", "functions", functions, &mine)) return NULL;
  if (!mine.encode || !mine.decode)
    return error_null(BATCH_ERROR_INVALID_ARGUMENT, "batch_tokenizer_custom: %s is NULL, expected a function",
                      mine.encode ? "decode" : "encode");
  if (vocab_size == 0 || vocab_size - 1 > INT32_MAX)
    return error_null(BATCH_ERROR_INVALID_ARGUMENT,
                      "batch_tokenizer_custom: vocab_size is %" PRIu32 ", expected 1 to 2^31", vocab_size);
  if (end_of_text != BATCH_NO_TOKEN && (uint32_t)end_of_text >= vocab_size)
    return error_null(BATCH_ERROR_INVALID_ARGUMENT,
                      "batch_tokenizer_custom: end_of_text is %" PRId32
                      ", expected BATCH_NO_TOKEN, or 0 or more and below %" PRIu32,
                      end_of_text, vocab_size);
  return custom_make(&mine, context, vocab_size, end_of_text);
}

void batch_tokenizer_free(BatchTokenizer *tokenizer) {
  HOLD_CANCELLATION;
  if (!tokenizer) return;
  live_leave("batch_tokenizer_free", tokenizer);
  for (size_t i = 0; i < IDLE_SCRATCHES; i++) {
    void *idle = atomic_load_explicit(&tokenizer->idle[i], memory_order_relaxed);
    if (idle) tokenizer->kind->scratch_free(idle);
  }
  if (tokenizer->kind->free) tokenizer->kind->free(tokenizer->context);
  free(tokenizer);
}

static bool check_arguments(const char *function, const BatchTokenizer *tokenizer, bool text, bool ids) {
  return (tokenizer && text && ids) ||
         error_fail(BATCH_ERROR_INVALID_ARGUMENT, "%s: %s is NULL, expected an address", function,
                    !tokenizer ? "tokenizer"
                    : !text    ? "text"
                               : "ids");
}

/* The first id outside the vocabulary; count if there is none. */
static size_t first_outside(const BatchTokenizer *tokenizer, const int32_t *ids, size_t count) {
  size_t i = 0;
  /* NOLINTNEXTLINE(clang-analyzer-core.NullDereference): ids is NULL where count is 0 */
  while (i < count && (uint32_t)ids[i] < tokenizer->vocab_size) i++; /* one below 0 is 2^31 or more */
  return i;
}

static size_t id_outside(const char *function, const BatchTokenizer *tokenizer, const int32_t *ids,
                         size_t at) {
  int32_t id = ids[at]; /* NOLINT(clang-analyzer-core.NullDereference): as above */
  error_set(BATCH_ERROR_OUT_OF_RANGE,
            "%s: ids[%zu] is %" PRId32 ", expected 0 or more and below the vocabulary size %" PRIu32,
            function, at, id, tokenizer->vocab_size);
  return BATCH_TOKENIZER_FAILED;
}

static size_t refused(const char *function, size_t count, const char *what) {
  error_set(BATCH_ERROR_FORMAT, "%s: the tokenizer refuses %zu %s%s", function, count, what,
            count == 1 ? "" : "s");
  return BATCH_TOKENIZER_FAILED;
}

/* What encode or decode has given, of so many bytes or ids. */
static size_t answer(const char *function, size_t count, const char *what, size_t given) {
  if (given == TOKENIZER_NO_MEMORY)
    error_set(BATCH_ERROR_OUT_OF_MEMORY, "%s: no memory to %scode %zu %s%s", function,
              what[0] == 'b' ? "en" : "de", count, what, count == 1 ? "" : "s");
  if (given == TOKENIZER_SAID) error_name(function);
  return given == BATCH_TOKENIZER_FAILED ? refused(function, count, what)
         : given >= TOKENIZER_SAID       ? BATCH_TOKENIZER_FAILED
                                         : given;
}

bool tokenizer_scratch_make(const char *function, const BatchTokenizer *tokenizer,
                            tokenizer_scratch *scratch) {
  *scratch = (tokenizer_scratch){tokenizer->kind, NULL};
  if (!tokenizer->kind->scratch_make) return true;
  scratch->memory = tokenizer->kind->scratch_make(tokenizer->context);
  return scratch->memory ||
         error_fail(BATCH_ERROR_OUT_OF_MEMORY, "%s: no memory for what the tokenizer works with", function);
}

void tokenizer_scratch_free(tokenizer_scratch *scratch) {
  if (scratch->memory) scratch->kind->scratch_free(scratch->memory);
  scratch->memory = NULL;
}

size_t tokenizer_encode_part(const char *function, const BatchTokenizer *tokenizer,
                             const tokenizer_scratch *scratch, const char *text, size_t bytes,
                             uint64_t before, int32_t *ids, size_t capacity) {
  size_t count =
      tokenizer->kind->encode(tokenizer->context, scratch->memory, text, bytes, before, ids, capacity);
  /* NOLINTNEXTLINE(readability-suspicious-call-argument): how many bytes there were, and the answer */
  if (count >= TOKENIZER_SAID) return answer(function, bytes, "byte", count);
  if (tokenizer->kind->checked) return count;
  size_t written = count < capacity ? count : capacity, bad = first_outside(tokenizer, ids, written);
  return bad == written ? count : id_outside(function, tokenizer, ids, bad);
}

static bool scratch_take(const char *function, BatchTokenizer *tokenizer, tokenizer_scratch *scratch) {
  for (size_t i = 0; tokenizer->kind->scratch_make && i < IDLE_SCRATCHES; i++) {
    if (!atomic_load_explicit(&tokenizer->idle[i], memory_order_relaxed)) continue;
    /* TAKE: acquire; pairs with GIVE in scratch_give. */
    void *idle = atomic_exchange_explicit(&tokenizer->idle[i], NULL, memory_order_acquire);
    *scratch = (tokenizer_scratch){tokenizer->kind, idle};
    if (idle) return true;
  }
  return tokenizer_scratch_make(function, tokenizer, scratch);
}

static void scratch_give(BatchTokenizer *tokenizer, tokenizer_scratch *scratch) {
  for (size_t i = 0; scratch->memory && i < IDLE_SCRATCHES; i++) {
    void *none = NULL;
    /* GIVE: release; pairs with TAKE in scratch_take. */
    if (atomic_compare_exchange_strong_explicit(&tokenizer->idle[i], &none, scratch->memory,
                                                memory_order_release, memory_order_relaxed))
      return;
  }
  tokenizer_scratch_free(scratch);
}

size_t batch_tokenizer_encode(const BatchTokenizer *tokenizer, const char *text, size_t bytes, int32_t *ids,
                              size_t capacity) {
  HOLD_CANCELLATION;
  static const char function[] = "batch_tokenizer_encode";
  if (!check_arguments(function, tokenizer, text || bytes == 0, ids || capacity == 0))
    return BATCH_TOKENIZER_FAILED;
  BatchTokenizer *mine =
      (BatchTokenizer *)(uintptr_t)tokenizer; /* its idle working memory is no part of what it is */
  tokenizer_scratch scratch;
  if (!scratch_take(function, mine, &scratch)) return BATCH_TOKENIZER_FAILED;
  size_t count = tokenizer_encode_part(function, tokenizer, &scratch, text, bytes, 0, ids, capacity);
  scratch_give(mine, &scratch);
  return count;
}

size_t tokenizer_decode(const char *function, const BatchTokenizer *tokenizer, const int32_t *ids,
                        size_t count, bool behind, char *text, size_t capacity) {
  const tokenizer_kind *kind = tokenizer->kind;
  size_t bad = first_outside(tokenizer, ids, count);
  if (bad < count) return id_outside(function, tokenizer, ids, bad);
  return answer(
      function, count, "id",
      (behind ? kind->parts->decode_behind : kind->decode)(tokenizer->context, ids, count, text, capacity));
}

size_t batch_tokenizer_decode(const BatchTokenizer *tokenizer, const int32_t *ids, size_t count, char *text,
                              size_t capacity) {
  HOLD_CANCELLATION;
  static const char function[] = "batch_tokenizer_decode";
  if (!check_arguments(function, tokenizer, text || capacity == 0, ids || count == 0))
    return BATCH_TOKENIZER_FAILED;
  return tokenizer_decode(function, tokenizer, ids, count, false, text, capacity);
}

bool tokenizer_decodes_each(const BatchTokenizer *tokenizer) {
  return tokenizer->kind->decodes_each;
}

size_t tokenizer_cut_ids(const BatchTokenizer *tokenizer, const int32_t *ids, size_t count) {
  const decode_parts *parts = tokenizer->kind->parts;
  return parts ? parts->cut(tokenizer->context, ids, count) : 0;
}

bool tokenizer_begins(const char *function, const BatchTokenizer *tokenizer, const int32_t *ids, size_t count,
                      bool *begun) {
  return answer(function, count, "id",
                tokenizer->kind->parts->begins(tokenizer->context, ids, count, begun)) == 0;
}

uint32_t batch_tokenizer_vocab_size(const BatchTokenizer *tokenizer) {
  return check_arguments("batch_tokenizer_vocab_size", tokenizer, true, true) ? tokenizer->vocab_size : 0;
}

int32_t batch_tokenizer_end_of_text(const BatchTokenizer *tokenizer) {
  return check_arguments("batch_tokenizer_end_of_text", tokenizer, true, true) ? tokenizer->end_of_text
                                                                               : BATCH_NO_TOKEN;
}

bool batch_tokenizer_describe(const BatchTokenizer *tokenizer, batch_tokenizer_facts *facts) {
  static const char function[] = "batch_tokenizer_describe";
  static const options_type type =
      OPTIONS_TYPE(batch_tokenizer_facts, BATCH_TOKENIZER_FACTS_INIT, normal_unicode);
  if (!check_arguments(function, tokenizer, true, true)) return false;
  batch_tokenizer_facts mine = {.size = sizeof mine,
                                .kind = tokenizer->kind->what,
                                .vocab_size = tokenizer->vocab_size,
                                .end_of_text = tokenizer->end_of_text};
  if (tokenizer->kind->describe) tokenizer->kind->describe(tokenizer->context, &mine);
  return options_write(&type, function, "facts", &mine, facts);
}
