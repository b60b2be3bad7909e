#include <stdio.h>
#include <string.h>

#include "base/utf8.h"
#include "text/split/pattern_reader.h"

static bool is_one_of(const char *name, size_t bytes, const char *names) {
  for (const char *n = names; *n; n += strcspn(n, " "), n += *n == ' ')
    if (strcspn(n, " ") == bytes && memcmp(n, name, bytes) == 0) return true;
  return false;
}

/* General categories mean the same everywhere, but for case where case is ignored: Rust folds \p{Lu}, Oniguruma does
   not. A script is spelled out: \p{Han} of PCRE2 would be Script_Extensions. */
static bool property(pattern_reader *r, size_t at, const char *name, size_t bytes, pattern_item *item) {
  static const char categories[] =
      "L Lm Lo M Mn Mc Me N Nd Nl No P Pc Pd Ps Pe Pi Pf Po S Sm Sc Sk So Z Zs Zl Zp C "
      "Cc Cf Co Cn White_Space";
  static const char scripts[] =
      "Arabic Armenian Bengali Bopomofo Cyrillic Devanagari Ethiopic Georgian Greek Gujarati "
      "Gurmukhi Han Hangul Hebrew Hiragana Kannada Katakana Khmer Lao Latin Malayalam "
      "Mongolian Myanmar Oriya Sinhala Tamil Telugu Thai Tibetan";
  bool cased = is_one_of(name, bytes, "Lu Ll Lt");
  if (cased && r->caseless) return pattern_refuse(r, at, "\\p{%.*s} where case is ignored", (int)bytes, name);
  if (cased || is_one_of(name, bytes, categories))
    snprintf(item->spelled, sizeof item->spelled, "\\p{%.*s}", (int)bytes, name);
  else if (is_one_of(name, bytes, scripts))
    snprintf(item->spelled, sizeof item->spelled, "\\p{sc:%.*s}", (int)bytes, name);
  else
    return pattern_refuse(r, at, "the property %.*s", bytes < 40 ? (int)bytes : 40, name);
  item->set = item->spelled;
  return true;
}

/* \p{Name}, \P{Name}, and Rust's \pL. */
static bool read_property(pattern_reader *r, size_t at, pattern_item *item) {
  const char *name = r->pattern + r->at;
  if (pattern_peek(r, 0) != '{') {
    if (r->syntax != SPLIT_RUST || r->at == r->bytes)
      return pattern_refuse(r, at, "a property without braces");
    r->at++;
    return property(r, at, name, 1, item);
  }
  const char *close = memchr(name, '}', r->bytes - r->at);
  if (!close) return pattern_refuse(r, at, "a property without its closing brace");
  r->at += (size_t)(close - name) + 1;
  return property(r, at, name + 1, (size_t)(close - name) - 1, item);
}

static int digit_of(char c) {
  return c >= '0' && c <= '9' ? c - '0' : (c | 32) >= 'a' && (c | 32) <= 'f' ? (c | 32) - 'a' + 10 : -1;
}

/* \xHH (of ASCII: above that it is a byte to one and a character to the other), \x{H...}, \uHHHH. */
static bool read_code(pattern_reader *r, size_t at, char letter, pattern_item *item) {
  bool braces = pattern_peek(r, 0) == '{';
  size_t most = braces ? 6 : letter == 'x' ? 2 : 4, count = 0;
  if (braces) r->at++;
  item->code = 0;
  for (; count < most && digit_of(pattern_peek(r, 0)) >= 0; count++)
    item->code = item->code << 4 | (uint32_t)digit_of(r->pattern[r->at++]);
  bool whole = braces ? count > 0 && pattern_peek(r, 0) == '}' && r->at++ < r->bytes : count == most;
  bool other =
      (braces && letter == 'u' && r->syntax != SPLIT_RUST) || (!braces && letter == 'x' && item->code > 0x7F);
  bool scalar = item->code < 0xD800 || (item->code > 0xDFFF && item->code <= 0x10FFFF);
  return (whole && !other && scalar) || pattern_refuse(r, at, "this form of \\%c", letter);
}

/* PCRE2's \w is \p{L}, \p{N} and _. Oniguruma's takes six more characters of Latin-1 where it stands alone, but not in
   a set. */
static const char *word_set(const pattern_reader *r) {
  if (r->syntax == SPLIT_RUST) return "\\p{Alphabetic}\\p{M}\\p{Nd}\\p{Pc}\\p{Join_Control}";
  return r->in_set ? "\\p{Alphabetic}\\p{M}\\p{Nd}\\p{Pc}"
                   : "\\p{Alphabetic}\\p{M}\\p{Nd}\\p{Pc}\\x{b2}\\x{b3}\\x{b9}\\x{bc}-\\x{be}";
}

static bool read_escape(pattern_reader *r, size_t at, pattern_item *item) {
  static const char from[] = "nrtfva", to[] = "\n\r\t\f\v\a";
  char c = r->at < r->bytes ? r->pattern[r->at++] : '\0';
  item->negated = c == 'S' || c == 'D' || c == 'W' || c == 'P';
  const char *control = c ? strchr(from, c) : NULL;
  item->kind = ITEM_SET;
  switch (c) {
  case 's':
  case 'S':
    item->set = "\\p{White_Space}"; /* PCRE2's \s takes U+180E too */
    return true;
  case 'd':
  case 'D':
    item->set = "\\p{Nd}";
    return true;
  case 'w':
  case 'W':
    item->set = word_set(r);
    return true;
  case 'p':
  case 'P':
    return read_property(r, at, item);
  }
  item->kind = ITEM_LITERAL;
  if (c == 'x' || c == 'u') return read_code(r, at, c, item);
  bool mark = c > ' ' && c < 0x7F && !strchr("<>'`", c) && !(c >= '0' && c <= '9') &&
              !((c | 32) >= 'a' && (c | 32) <= 'z');
  if (!control && !mark && c != ' ')
    return c > ' ' && c < 0x7F ? pattern_refuse(r, at, "\\%c", c) : pattern_refuse(r, at, "this escape");
  item->code = (uint8_t)(control ? to[control - from] : c);
  return true;
}

bool pattern_read_item(pattern_reader *r, pattern_item *item) {
  size_t at = r->at;
  *item = (pattern_item){.kind = ITEM_LITERAL};
  utf8_step step = utf8_next((const uint8_t *)r->pattern + at, r->bytes - at);
  if (!step.valid) return pattern_refuse(r, at, "malformed UTF-8");
  r->at += step.bytes;
  item->code = step.code;
  return step.code != '\\' || read_escape(r, at, item);
}

bool pattern_append_literal(pattern_reader *r, uint32_t code, size_t at) {
  char spelled[16];
  if (r->caseless && code > 0x7F)
    return pattern_refuse(r, at, "a character outside ASCII where case is ignored");
  snprintf(spelled, sizeof spelled, "\\x{%x}", (unsigned)code);
  return pattern_append(r, spelled);
}

bool pattern_append_set(pattern_reader *r, const pattern_item *item) {
  return pattern_append(r, item->negated ? "[^" : "[") && pattern_append(r, item->set) &&
         pattern_append(r, "]");
}

/* A set inside brackets: \P{L} there is what it is alone, but \W is several, which negation would have to join. */
static bool set_in_bracket(pattern_reader *r, size_t at, pattern_item *item) {
  char negated[sizeof item->spelled];
  if (!item->negated) return pattern_append(r, item->set);
  if (strchr(item->set + 1, '\\')) return pattern_refuse(r, at, "\\W in a set");
  snprintf(negated, sizeof negated, "\\P%s", item->set + 2);
  return pattern_append(r, negated);
}

/* The end of the range that began with `low`, behind its hyphen. */
static bool range(pattern_reader *r, size_t at, uint32_t low) {
  pattern_item high;
  if (pattern_peek(r, 0) == '[' || pattern_peek(r, 0) == '-' || pattern_peek(r, 0) == '&')
    return pattern_refuse(r, r->at, "a range that ends with an unescaped %c", pattern_peek(r, 0));
  if (!pattern_read_item(r, &high)) return false;
  if (high.kind != ITEM_LITERAL || high.code < low)
    return pattern_refuse(r, at, "a range of what has no order");
  return pattern_append_literal(r, low, at) && pattern_append(r, "-") &&
         pattern_append_literal(r, high.code, at);
}

/* What both engines, or one of them, read as an operation on sets. */
static bool is_set_operation(pattern_reader *r) {
  char c = pattern_peek(r, 0);
  if (c != pattern_peek(r, 1)) return false;
  return c == '&' || (r->syntax == SPLIT_RUST && (c == '-' || c == '~'));
}

/* One member of a set; first: the first one, where a hyphen is itself. */
static bool member(pattern_reader *r, bool first) {
  size_t at = r->at;
  char c = pattern_peek(r, 0);
  pattern_item item;
  if (is_set_operation(r)) return pattern_refuse(r, at, "the class set operation %c%c", c, c);
  if (c == '-' && !first && pattern_peek(r, 1) != ']') return pattern_refuse(r, at, "a hyphen inside a set");
  if (!pattern_read_item(r, &item)) return false;
  bool ranges = pattern_peek(r, 0) == '-' && pattern_peek(r, 1) != ']';
  if (ranges && is_set_operation(r)) ranges = false;
  if (item.kind == ITEM_SET) {
    if (ranges) return pattern_refuse(r, at, "a range of what has no order");
    return set_in_bracket(r, at, &item);
  }
  if (!ranges) return pattern_append_literal(r, item.code, at);
  if (c == '-') return pattern_refuse(r, at, "a range that begins with an unescaped -");
  r->at++;
  return range(r, at, item.code);
}

/* Members up to the closing bracket. Sets within a set are joined: what they hold is written out. */
/* NOLINTNEXTLINE(misc-no-recursion): at most 8 deep */
static bool members(pattern_reader *r, size_t open, unsigned depth) {
  if (pattern_peek(r, 0) == ']') return pattern_refuse(r, open, "a set that begins with ]");
  if (depth > 8) return pattern_refuse(r, open, "sets within sets more than 8 deep");
  for (bool first = true; r->at < r->bytes; first = false) {
    size_t at = r->at;
    char c = pattern_peek(r, 0), next = pattern_peek(r, 1);
    if (c == ']') {
      r->at++;
      return true;
    }
    if (c != '[') {
      if (!member(r, first)) return false;
      continue;
    }
    if (next == ':' || next == '^')
      return pattern_refuse(r, at, next == ':' ? "a POSIX class" : "a negated set within a set");
    r->at++;
    if (!members(r, at, depth + 1)) return false;
  }
  return pattern_refuse(r, open, "a set without its closing bracket");
}

bool pattern_bracket(pattern_reader *r) {
  size_t open = r->at++;
  bool negated = pattern_peek(r, 0) == '^';
  r->at += negated;
  r->in_set = true;
  if (!pattern_append(r, negated ? "[^" : "[") || !members(r, open, 0)) return false;
  r->in_set = false;
  return pattern_append(r, "]");
}
