#include "text/split/pattern.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "text/split/pattern_reader.h"

enum { DEEPEST = 30, MOST_REPEATS = 1000 }; /* PCRE2 takes up to 900 bytes of stack for a group */

/* What was read: whether it may match nothing, and whether it may be repeated. */
typedef struct part {
  bool empty, repeatable;
} part;

static bool alternatives(pattern_reader *r, unsigned depth, bool *empty);

bool pattern_refuse(pattern_reader *r, size_t at, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  int used = vsnprintf(r->why, r->room, format, arguments);
  va_end(arguments);
  if (used >= 0 && (size_t)used < r->room)
    snprintf(r->why + used, r->room - (size_t)used, " at byte %zu", at);
  return false;
}

bool pattern_append(pattern_reader *r, const char *text) {
  if (text_buffer_append(r->out, text, strlen(text))) return true;
  snprintf(r->why, r->room, "no memory for a pattern of %zu bytes", r->bytes);
  return false;
}

char pattern_peek(const pattern_reader *r, size_t ahead) {
  return ahead < r->bytes - r->at ? r->pattern[r->at + ahead] : '\0';
}

static bool starts_with(const pattern_reader *r, const char *text) {
  size_t length = strlen(text);
  return r->bytes - r->at >= length && memcmp(r->pattern + r->at, text, length) == 0;
}

/* The group that opens here. */
/* NOLINTNEXTLINE(misc-no-recursion): groups are at most DEEPEST deep */
static bool group(pattern_reader *r, unsigned depth, part *read) {
  static const char *const openings[] = {"(?i:", "(?:", "(?=", "(?!", "(?<=", "(?<!", "(?>"};
  size_t at = r->at, opening = 0;
  bool was_caseless = r->caseless;
  while (opening < 7 && !starts_with(r, openings[opening])) opening++;
  if (opening == 7 && pattern_peek(r, 1) == '?')
    return pattern_refuse(r, at, "the group that begins with %.*s",
                          (int)(r->bytes - at < 4 ? r->bytes - at : 4), r->pattern + at);
  if (r->caseless &&
      r->syntax == SPLIT_ONIGURUMA) /* what it begins with may fold together with what stands before */
    return pattern_refuse(r, at, "a group where case is ignored");
  if (depth == DEEPEST) return pattern_refuse(r, at, "groups more than %d deep", DEEPEST);
  r->at += opening < 7 ? strlen(openings[opening]) : 1;
  r->caseless |= opening == 0;
  if (!pattern_append(r, opening < 7 ? openings[opening] : "(?:") ||
      !alternatives(r, depth + 1, &read->empty))
    return false;
  if (pattern_peek(r, 0) != ')') return pattern_refuse(r, at, "a group without its closing parenthesis");
  r->at++;
  r->caseless = was_caseless;
  bool assertion = opening >= 2 && opening <= 5;
  *read = (part){read->empty || assertion, !assertion};
  return pattern_append(r, ")");
}

/* ^ and $ are those of lines to Oniguruma, of the text to Rust. */
static bool anchor(pattern_reader *r, part *read) {
  bool escaped = r->pattern[r->at] == '\\';
  char c = pattern_peek(r, escaped);
  bool start = c == '^' || c == 'A', line = !escaped && r->syntax == SPLIT_ONIGURUMA;
  r->at += 1 + (size_t)escaped;
  *read = (part){true, false};
  return pattern_append(r, line ? (start ? "(?m:^)" : "(?m:$)") : (start ? "^" : "$"));
}

/* Oniguruma lets one character match two where case is ignored: U+00DF is ss. */
static bool folds_with_next(const pattern_reader *r, uint32_t code) {
  uint32_t next = (uint32_t)(unsigned char)pattern_peek(r, 0) | 32, low = code | 32;
  if (!r->caseless || r->syntax != SPLIT_ONIGURUMA) return false;
  if (low == 's' || low == 'f') /* what repeats it, or may spell the second one in another way */
    if (next != 0 && strchr("{*+?\\", (int)next)) return true;
  return (low == 's' && (next == 's' || next == 't')) ||
         (low == 'f' && (next == 'f' || next == 'i' || next == 'l'));
}

/* NOLINTNEXTLINE(misc-no-recursion): groups are at most DEEPEST deep */
static bool atom(pattern_reader *r, unsigned depth, part *read) {
  size_t at = r->at;
  char c = pattern_peek(r, 0), next = pattern_peek(r, 1);
  pattern_item item;
  *read = (part){false, true};
  if (c == '(') return group(r, depth, read);
  if (c == '[') return pattern_bracket(r);
  if (c == '^' || c == '$' || (c == '\\' && (next == 'A' || next == 'z'))) return anchor(r, read);
  if (strchr("*+?{", c) && c) return pattern_refuse(r, at, "%c with nothing before it that it repeats", c);
  if (c == '.') {
    r->at++;
    return pattern_append(r, ".");
  }
  if (!pattern_read_item(r, &item)) return false;
  if (item.kind == ITEM_SET) return pattern_append_set(r, &item);
  if (folds_with_next(r, item.code))
    return pattern_refuse(r, at, "letters that may be one character where case is ignored");
  return pattern_append_literal(r, item.code, at);
}

/* {n}, {n,}, {n,m}, and Oniguruma's {,m}. */
static bool interval(pattern_reader *r, size_t at, unsigned *low, unsigned *high) {
  unsigned bounds[2] = {0, 0}, given = 0, digits = 0;
  r->at++;
  for (;; r->at++) {
    char c = pattern_peek(r, 0);
    if (c >= '0' && c <= '9' && bounds[given] <= MOST_REPEATS) {
      bounds[given] = bounds[given] * 10 + (unsigned)(c - '0');
      digits |= 1u << given;
    } else if (c == ',' && given == 0)
      given = 1;
    else
      break;
  }
  bool lacking = !(digits & 1) && (r->syntax == SPLIT_RUST || digits == 0);
  if (pattern_peek(r, 0) != '}' || lacking || bounds[0] > MOST_REPEATS || bounds[1] > MOST_REPEATS)
    return pattern_refuse(r, at, "a brace that is no quantifier of at most %d", MOST_REPEATS);
  r->at++;
  *low = bounds[0];
  *high = given == 0 ? bounds[0] : digits & 2 ? bounds[1] : MOST_REPEATS + 1;
  return *low <= *high || pattern_refuse(r, at, "a quantifier whose bounds are out of order");
}

static bool append_interval(pattern_reader *r, unsigned low, unsigned high) {
  char spelled[32];
  if (high > MOST_REPEATS)
    snprintf(spelled, sizeof spelled, "{%u,}", low);
  else
    snprintf(spelled, sizeof spelled, "{%u,%u}", low, high);
  return pattern_append(r, spelled);
}

/* A quantifier, if one stands here: greedy, lazy with ?, possessive with +. Oniguruma reads {2}? and {1,2}+ as two
   quantifiers, one over the other. */
static bool quantifier(pattern_reader *r, part *read) {
  size_t at = r->at;
  char c = pattern_peek(r, 0);
  unsigned low = c == '+', high = c == '?' ? 1 : MOST_REPEATS + 1;
  if (!c || !strchr("*+?{", c)) return true;
  if (c == '{' && !interval(r, at, &low, &high)) return false;
  if (c != '{') r->at++;
  if (!read->repeatable) return pattern_refuse(r, at, "a quantifier behind an assertion");
  if (read->empty && high > 1) return pattern_refuse(r, at, "the repetition of what may match nothing");
  if (!append_interval(r, low, high)) return false;
  read->empty |= low == 0;
  char mode = pattern_peek(r, 0);
  if (mode == '?' || mode == '+') {
    if (c == '{' && r->syntax == SPLIT_ONIGURUMA && (mode == '+' || low == high))
      return pattern_refuse(r, at, "a quantifier behind a quantifier");
    r->at++;
    if (!pattern_append(r, mode == '?' ? "?" : "+")) return false;
  }
  char more = pattern_peek(r, 0);
  return !more || !strchr("*+?{", more) || pattern_refuse(r, r->at, "a quantifier behind a quantifier");
}

/* NOLINTNEXTLINE(misc-no-recursion): groups are at most DEEPEST deep */
static bool sequence(pattern_reader *r, unsigned depth, bool *empty) {
  *empty = true;
  while (r->at < r->bytes && r->pattern[r->at] != '|' && r->pattern[r->at] != ')') {
    part read;
    if (!atom(r, depth, &read) || !quantifier(r, &read)) return false;
    *empty &= read.empty;
  }
  return true;
}

/* NOLINTNEXTLINE(misc-no-recursion): groups are at most DEEPEST deep */
static bool alternatives(pattern_reader *r, unsigned depth, bool *empty) {
  bool one;
  *empty = false;
  for (;;) {
    if (!sequence(r, depth, &one)) return false;
    *empty |= one;
    if (pattern_peek(r, 0) != '|') return true;
    r->at++;
    if (!pattern_append(r, "|")) return false;
  }
}

bool pattern_translate(const char *pattern, size_t bytes, split_syntax syntax, text_buffer *out, char *why,
                       size_t room) {
  pattern_reader r = {
      .pattern = pattern, .bytes = bytes, .syntax = syntax, .out = out, .why = why, .room = room};
  bool empty;
  if (!alternatives(&r, 0, &empty)) return false;
  return r.at == bytes || pattern_refuse(&r, r.at, "a closing parenthesis without its group");
}
