#include "text/tokenizer_bpe.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"

enum {
  PIECES = 512,
  KEPT = 1 << 20
}; /* pieces at once; bytes of working memory that wait for the next text */

/* One thread's. */
typedef struct bpe_scratch {
  bpe_worker *worker;
  splitter_state *state;
  own_form form;
  int32_t *ids; /* where the caller's room may not do */
  size_t room;
  piece pieces[PIECES];
} bpe_scratch;

typedef struct encoding {
  const bpe_parts *parts;
  bpe_scratch *scratch;
  int32_t *ids; /* [capacity], the caller's */
  size_t capacity, count;
  size_t failed; /* what to answer instead of the count; 0: nothing */
} encoding;

static bool fail(encoding *e, size_t answer) {
  e->failed = answer;
  return false;
}

static void put_id(encoding *e, int32_t id) {
  if (e->count < e->capacity) e->ids[e->count] = id;
  e->count++;
}

/* Where `most` ids have room: in the caller's array if that is certain. */
static int32_t *room_for(encoding *e, size_t most) {
  bpe_scratch *s = e->scratch;
  if (e->count <= e->capacity && e->capacity - e->count >= most) return e->ids + e->count;
  if (s->room >= most) return s->ids;
  int32_t *grown = reallocarray(s->ids, most, sizeof *grown);
  if (!grown) return NULL;
  s->ids = grown;
  s->room = most;
  return grown;
}

static bool merge_pieces(encoding *e, const char *text, size_t pieces) {
  const piece *list = e->scratch->pieces;
  int32_t *to = room_for(e, list[pieces - 1].end - list[0].start);
  if (!to) return fail(e, TOKENIZER_NO_MEMORY);
  size_t count = bpe_encode(e->parts->model, e->scratch->worker, text, list, pieces, to);
  if (count == SIZE_MAX) return fail(e, TOKENIZER_NO_MEMORY);
  if (to == e->scratch->ids && e->count < e->capacity) {
    size_t left = e->capacity - e->count;
    memcpy(e->ids + e->count, to, (count < left ? count : left) * sizeof *to);
  }
  e->count += count;
  return true;
}

static bool split_failed(encoding *e, size_t answer, size_t bytes) {
  if (answer == SPLITTER_NO_MEMORY)
    error_set(BATCH_ERROR_OUT_OF_MEMORY, "no memory to split %zu bytes of text", bytes);
  else
    error_set(BATCH_ERROR_FORMAT,
              "found %zu bytes of text in which the split's pattern takes more steps for a match than PCRE2 "
              "allows, expected fewer",
              bytes);
  return fail(e, TOKENIZER_SAID);
}

/* Text without added tokens, normalized. */
static bool encode_plain(encoding *e, const char *text, size_t bytes) {
  bpe_scratch *s = e->scratch;
  for (size_t from = 0; from < bytes;) {
    size_t pieces = splitter_next(e->parts->split, s->state, text, bytes, &from, s->pieces, PIECES);
    if (pieces >= SPLITTER_GAVE_UP) return split_failed(e, pieces, bytes);
    if (pieces > 0 && !merge_pieces(e, text, pieces)) return false;
  }
  return true;
}

/* at: of the text. formed: it lies there or further on, where the normal form has moved it. */
static bool encode_token(encoding *e, const added_token *token, uint64_t at, bool formed) {
  if (token->special && e->parts->specials == BATCH_SPECIALS_ERROR) {
    error_set(BATCH_ERROR_FORMAT,
              "at byte %" PRIu64
              " of the text%s: found the special token %.200s, expected text without special "
              "tokens (options.specials)",
              at, formed ? " or behind it" : "", token->text);
    return fail(e, TOKENIZER_SAID);
  }
  put_id(e, token->id);
  return true;
}

/* Text without tokens that are found in raw text, at `at` of the whole. */
static bool encode_raw(encoding *e, const char *text, size_t bytes, uint64_t at) {
  const bpe_parts *parts = e->parts;
  const char *raw = text;
  added_part part;
  if (parts->form && !(text = own_form_apply(&e->scratch->form, text, &bytes)))
    return fail(e, TOKENIZER_SAID);
  if (!added_tokens_found(parts->added, true)) return encode_plain(e, text, bytes);
  for (added_walk walk = {.text = text, .bytes = bytes, .normalized = true};
       added_tokens_next(parts->added, &walk, &part);)
    if (!(part.token ? encode_token(e, part.token, at + (text == raw ? part.start : 0), text != raw)
                     : encode_plain(e, text + part.start, part.end - part.start)))
      return false;
  return true;
}

static bool encode_text(encoding *e, const char *text, size_t bytes, uint64_t before) {
  added_part part;
  if (!added_tokens_found(e->parts->added, false)) return encode_raw(e, text, bytes, before);
  for (added_walk walk = {.text = text, .bytes = bytes}; added_tokens_next(e->parts->added, &walk, &part);)
    if (!(part.token ? encode_token(e, part.token, before + part.start, false)
                     : encode_raw(e, text + part.start, part.end - part.start, before + part.start)))
      return false;
  return true;
}

/* What one huge piece or document has made grow is given back. */
static void give_back(bpe_scratch *s) {
  text_buffer_shrink(&s->form.out, KEPT);
  text_normalizer_shrink(&s->form.normalizer, KEPT);
  if (s->room <= KEPT / sizeof *s->ids) return;
  free(s->ids);
  s->ids = NULL;
  s->room = 0;
}

static size_t bpe_tokenizer_encode(const void *context, void *scratch, const char *text, size_t bytes,
                                   uint64_t before, int32_t *ids, size_t capacity) {
  encoding e = {.parts = context, .scratch = scratch, .ids = ids, .capacity = capacity};
  size_t count = encode_text(&e, text, bytes, before) ? e.count : e.failed;
  give_back(scratch);
  return count;
}

static const char *bytes_of(const bpe_parts *parts, int32_t id, size_t *bytes) {
  const char *text = bpe_model_bytes(parts->model, id, bytes);
  if (text) return text;
  const added_token *token = added_tokens_of(parts->added, id);
  if (token) *bytes = token->bytes;
  return token ? token->text : NULL;
}

static size_t bpe_tokenizer_decode(const void *context, const int32_t *ids, size_t count, char *text,
                                   size_t capacity) {
  size_t total = 0;
  for (size_t i = 0; i < count; i++) {
    size_t bytes;
    const char *token = bytes_of(context, ids[i], &bytes);
    if (!token) {
      error_set(BATCH_ERROR_OUT_OF_RANGE, "ids[%zu] is %" PRId32 ", which is no token of this vocabulary", i,
                ids[i]);
      return TOKENIZER_SAID;
    }
    if (total < capacity) memcpy(text + total, token, bytes < capacity - total ? bytes : capacity - total);
    total += bytes;
  }
  return total;
}

static void scratch_free(void *scratch) {
  bpe_scratch *s = scratch;
  bpe_worker_free(s->worker);
  splitter_state_free(s->state);
  own_form_free(&s->form);
  free(s->ids);
  free(s);
}

static void *scratch_make(const void *context) {
  const bpe_parts *parts = context;
  bpe_scratch *s = calloc(1, sizeof *s);
  if (!s) return NULL;
  s->worker = bpe_worker_create(parts->model);
  s->state = splitter_state_create(parts->split);
  s->form.rules = parts->form;
  if (s->worker && s->state) return s;
  scratch_free(s);
  return NULL;
}

static void describe(const void *context, batch_tokenizer_facts *facts) {
  const bpe_parts *parts = context;
  facts->specials = parts->specials;
  facts->normal_form = parts->form ? parts->form->options.normal_form : BATCH_NORMAL_NONE;
  facts->normal_unicode = parts->form ? own_form_unicode_version() : NULL;
  facts->split = splitter_way(parts->split);
  facts->split_unicode = facts->split ? splitter_unicode_version() : NULL;
  for (size_t i = 0; i < added_tokens_count(parts->added); i++)
    facts->added_tokens += !added_tokens_at(parts->added, i)->only_id;
}

bool bpe_parts_make(const char *path, bpe_parts *parts) {
  *parts = (bpe_parts){bpe_model_create(), splitter_create(), added_tokens_create(), 0, NULL};
  if (parts->model && parts->split && parts->added) return true;
  bpe_parts_free(parts);
  return error_fail(BATCH_ERROR_OUT_OF_MEMORY, "%.700s: no memory for a tokenizer", path);
}

void bpe_parts_free(bpe_parts *parts) {
  bpe_model_free(parts->model);
  splitter_free(parts->split);
  added_tokens_free(parts->added);
  free(parts->form);
  *parts = (bpe_parts){0};
}

static void parts_free(void *context) {
  bpe_parts_free(context);
  free(context);
}

/* Names that mean it, the surest first. */
static int32_t end_of_text(const added_tokens *added) {
  static const char *const names[] = {"<|endoftext|>", "<|end_of_text|>", "<｜end▁of▁sentence｜>", "<eos>",
                                      "</s>",          "<|im_end|>"};
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    const added_token *found = added_tokens_named(added, names[i], strlen(names[i]));
    if (found && !found->only_id) return found->id;
  }
  return BATCH_NO_TOKEN;
}

static uint32_t vocab_size(const bpe_parts *parts) {
  uint32_t size = bpe_model_size(parts->model);
  size_t added = added_tokens_count(parts->added);
  uint32_t beyond = added > 0 ? (uint32_t)added_tokens_at(parts->added, added - 1)->id + 1 : 0;
  return size > beyond ? size : beyond;
}

static BatchTokenizer *wrap(const char *function, batch_tokenizer_kind kind, bpe_parts *mine) {
#define BPE_KIND(type, how)                                                                                  \
  {                                                                                                          \
    .encode = bpe_tokenizer_encode, .decode = bpe_tokenizer_decode, .scratch_make = scratch_make,            \
    .scratch_free = scratch_free, .free = parts_free, .checked = true, .decodes_each = true, .what = type,   \
    .cut = how, .describe = describe                                                                         \
  }
  static const tokenizer_kind kinds[2][2] = {
      {BPE_KIND(BATCH_TOKENIZER_RANKS, NULL), BPE_KIND(BATCH_TOKENIZER_RANKS, tokenizer_bpe_cut)},
      {BPE_KIND(BATCH_TOKENIZER_JSON, NULL), BPE_KIND(BATCH_TOKENIZER_JSON, tokenizer_bpe_cut)}};
  return tokenizer_make(function, &kinds[kind == BATCH_TOKENIZER_JSON][splitter_can_cut(mine->split)], mine,
                        vocab_size(mine), end_of_text(mine->added));
}

BatchTokenizer *tokenizer_bpe_make(const char *function, batch_tokenizer_kind kind, bpe_parts *parts) {
  bpe_parts *mine = malloc(sizeof *mine);
  if (!mine) {
    bpe_parts_free(parts);
    return error_null(BATCH_ERROR_OUT_OF_MEMORY, "%s: no memory for a tokenizer", function);
  }
  *mine = *parts;
  BatchTokenizer *tokenizer = wrap(function, kind, mine);
  if (!tokenizer) parts_free(mine);
  return tokenizer;
}

static const bpe_parts *parts_of(const BatchTokenizer *tokenizer) {
  const bpe_parts *ranks = tokenizer_context(tokenizer, BATCH_TOKENIZER_RANKS);
  return ranks ? ranks : tokenizer_context(tokenizer, BATCH_TOKENIZER_JSON);
}

splitter *tokenizer_bpe_splitter(BatchTokenizer *tokenizer) {
  const bpe_parts *parts = parts_of(tokenizer);
  return parts ? parts->split : NULL;
}

const bpe_model *tokenizer_bpe_model(const BatchTokenizer *tokenizer) {
  const bpe_parts *parts = parts_of(tokenizer);
  return parts ? parts->model : NULL;
}
