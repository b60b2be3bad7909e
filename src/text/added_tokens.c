#include "text/added_tokens.h"

#include <stdlib.h>
#include <string.h>

#include "text/added_finder.h"
#include "text/characters.h"

/* The first and last bytes of some tokens. */
typedef struct edges {
  bool any, begins[256], ends[256];
} edges;

struct added_tokens {
  added_token *tokens;
  size_t count, capacity;
  batch_specials specials;
  added_finder raw, normal;
  edges strips, words; /* of the tokens that count and have lstrip or rstrip; single_word */
};

added_tokens *added_tokens_create(void) {
  return calloc(1, sizeof(added_tokens));
}

static void free_token(added_token *token) {
  free((char *)(uintptr_t)token->text);
  free((char *)(uintptr_t)token->found_as);
}

void added_tokens_free(added_tokens *a) {
  if (!a) return;
  for (size_t i = 0; i < a->count; i++) free_token(&a->tokens[i]);
  added_finder_free(&a->raw);
  added_finder_free(&a->normal);
  free(a->tokens);
  free(a);
}

static char *copy_of(const char *text, size_t bytes) {
  char *copy = malloc(bytes + 1);
  if (!copy) return NULL;
  memcpy(copy, text, bytes);
  copy[bytes] = '\0';
  return copy;
}

static bool make_room(added_tokens *a) {
  if (a->count < a->capacity) return true;
  size_t capacity = a->capacity ? 2 * a->capacity : 16;
  added_token *grown = reallocarray(a->tokens, capacity, sizeof *grown);
  if (!grown) return false;
  a->tokens = grown;
  a->capacity = capacity;
  return true;
}

added_status added_tokens_add(added_tokens *a, const added_token *token) {
  added_token mine = *token;
  if (!make_room(a)) return ADDED_NO_MEMORY;
  mine.text = copy_of(token->text, token->bytes);
  mine.found_as = token->found_as ? copy_of(token->found_as, token->found_bytes) : NULL;
  if (!mine.text || (token->found_as && !mine.found_as)) {
    free_token(&mine);
    return ADDED_NO_MEMORY;
  }
  a->tokens[a->count++] = mine;
  return ADDED_OK;
}

static int by_id(const void *a, const void *b) {
  const added_token *one = a, *other = b;
  return (one->id > other->id) - (one->id < other->id);
}

static added_status make_finder(added_tokens *a, bool normalized, added_finder *finder,
                                const added_token **clash) {
  size_t count = 0;
  added_string *strings = malloc((a->count + 1) * sizeof *strings);
  if (!strings) return ADDED_NO_MEMORY;
  for (size_t i = 0; i < a->count; i++) {
    const added_token *t = &a->tokens[i];
    if (t->only_id || t->normalized != normalized) continue;
    strings[count++] =
        t->found_as ? (added_string){t->found_as, t->found_bytes, t} : (added_string){t->text, t->bytes, t};
  }
  const added_string *twice = added_finder_make(finder, strings, count);
  if (twice) *clash = twice->of;
  return twice ? ADDED_TEXT_TAKEN : ADDED_OK;
}

/* Whether a token, once found, is more than text that is passed over. */
static bool counts(const added_tokens *a, const added_token *t) {
  return !t->only_id && (!t->special || a->specials != BATCH_SPECIALS_IGNORE);
}

static void note_edges(edges *e, const added_token *t) {
  const char *text = t->found_as ? t->found_as : t->text;
  size_t bytes = t->found_as ? t->found_bytes : t->bytes;
  e->any = true;
  e->begins[(uint8_t)text[0]] = true;
  e->ends[(uint8_t)text[bytes - 1]] = true;
}

static void note_all_edges(added_tokens *a) {
  for (size_t i = 0; i < a->count; i++) {
    const added_token *t = &a->tokens[i];
    if (!counts(a, t)) continue;
    if (t->lstrip || t->rstrip) note_edges(&a->strips, t);
    if (t->single_word) note_edges(&a->words, t);
  }
}

added_status added_tokens_finish(added_tokens *a, batch_specials specials, const added_token **clash) {
  a->specials = specials;
  if (a->count > 0) qsort(a->tokens, a->count, sizeof *a->tokens, by_id);
  for (size_t i = 1; i < a->count; i++)
    if (a->tokens[i - 1].id == a->tokens[i].id) {
      *clash = &a->tokens[i];
      return ADDED_ID_TAKEN;
    }
  note_all_edges(a);
  added_status status = make_finder(a, false, &a->raw, clash);
  return status == ADDED_OK ? make_finder(a, true, &a->normal, clash) : status;
}

size_t added_tokens_count(const added_tokens *a) {
  return a->count;
}

const added_token *added_tokens_at(const added_tokens *a, size_t index) {
  return &a->tokens[index];
}

const added_token *added_tokens_of(const added_tokens *a, int32_t id) {
  if (a->count == 0) return NULL;
  return bsearch(&(added_token){.id = id}, a->tokens, a->count, sizeof *a->tokens, by_id);
}

const added_token *added_tokens_named(const added_tokens *a, const char *text, size_t bytes) {
  for (size_t i = 0; i < a->count; i++)
    if (a->tokens[i].bytes == bytes && memcmp(a->tokens[i].text, text, bytes) == 0) return &a->tokens[i];
  return NULL;
}

bool added_tokens_found(const added_tokens *a, bool normalized) {
  return (normalized ? &a->normal : &a->raw)->count > 0;
}

static bool stands_alone(const added_walk *w, size_t start, size_t end) {
  return !characters_word_before(w->text, start) && !characters_word_behind(w->text + end, w->bytes - end);
}

/* The next match that is a token, and what it takes. */
static const added_token *next_token(const added_tokens *a, added_walk *w, size_t *start, size_t *end) {
  const added_finder *finder = w->normalized ? &a->normal : &a->raw;
  const added_string *found;
  while ((found = added_finder_next(finder, w->text, w->bytes, w->at, start))) {
    const added_token *t = found->of;
    w->at = *end = *start + found->bytes;
    if (!counts(a, t) || (t->single_word && !stands_alone(w, *start, *end))) continue;
    if (t->lstrip) {
      *start -= characters_space_before(w->text, *start);
      if (*start < w->given) *start = w->given; /* it was taken by the token before */
    }
    if (t->rstrip) *end += characters_space_behind(w->text + *end, w->bytes - *end);
    return t;
  }
  return NULL;
}

static bool give(added_walk *w, const added_token *token, size_t start, size_t end, added_part *part) {
  *part = (added_part){token, start, end};
  w->given = end;
  return true;
}

bool added_tokens_next(const added_tokens *a, added_walk *w, added_part *part) {
  size_t start, end;
  if (w->held) {
    const added_token *held = w->held;
    w->held = NULL;
    return give(w, held, w->given, w->held_end, part);
  }
  const added_token *t = next_token(a, w, &start, &end);
  if (!t) return w->given < w->bytes && give(w, NULL, w->given, w->bytes, part);
  if (w->given >= start) return give(w, t, start, end, part);
  w->held = t;
  w->held_end = end;
  return give(w, NULL, w->given, start, part);
}

/* A token that ends or begins at the place looks at the character on the other side, which then is the end of its text:
   the same unless that is one of a word. */
static bool words_allow_cut(const edges *words, const char *text, size_t bytes, size_t at) {
  return !(words->ends[(uint8_t)text[at - 1]] && characters_word_behind(text + at, bytes - at)) &&
         !(words->begins[(uint8_t)text[at]] && characters_word_before(text, at));
}

/* The white space that the place stands in, or that is none, must not lie beside a token that takes it whole. */
static bool strips_allow_cut(const edges *strips, const char *text, size_t bytes, size_t at) {
  size_t start = at - characters_space_before(text, at),
         end = at + characters_space_behind(text + at, bytes - at);
  return start > 0 && end < bytes && !strips->ends[(uint8_t)text[start - 1]] &&
         !strips->begins[(uint8_t)text[end]] && !strips->ends[(uint8_t)text[at - 1]] &&
         !strips->begins[(uint8_t)text[at]];
}

bool added_tokens_allow_cut(const added_tokens *a, const char *text, size_t bytes, size_t at) {
  const char *before = text + at - 1;
  return !byte_pairs_have(&a->raw.inside, before) && !byte_pairs_have(&a->normal.inside, before) &&
         (!a->words.any || words_allow_cut(&a->words, text, bytes, at)) &&
         (!a->strips.any || strips_allow_cut(&a->strips, text, bytes, at));
}
