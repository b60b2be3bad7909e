#include "text/json.h"

#include <string.h>

#include "base/utf8.h"

static bool wrong(json_text *t, const char *expected) {
  t->expected = expected;
  return false;
}

static bool next_is(const json_text *t, char c) {
  return t->at < t->end && *t->at == c;
}

static bool pass(json_text *t, char c, const char *expected) {
  if (!next_is(t, c)) return wrong(t, expected);
  t->at++;
  return true;
}

void json_skip_space(json_text *t) {
  while (t->at < t->end && (*t->at == ' ' || *t->at == '\t' || *t->at == '\n' || *t->at == '\r')) t->at++;
}

static bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

static int hex_digit(char c) {
  if (is_digit(c)) return c - '0';
  c = (char)(c | 0x20);
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Behind a backslash. */
static bool skip_escape(json_text *t) {
  if (t->at == t->end || !strchr("\"\\/bfnrtu", *t->at) || !*t->at) return wrong(t, "an escape");
  if (*t->at++ != 'u') return true;
  for (int i = 0; i < 4; i++, t->at++)
    if (t->at == t->end || hex_digit(*t->at) < 0) return wrong(t, "a hexadecimal digit");
  return true;
}

bool json_read_string(json_text *t, json_slice *string) {
  if (!pass(t, '"', "a string")) return false;
  string->text = t->at;
  for (;;) {
    while (t->at < t->end && (uint8_t)*t->at >= 0x20 && *t->at != '"' && *t->at != '\\') t->at++;
    if (t->at == t->end) return wrong(t, "the end of a string");
    char c = *t->at;
    if ((uint8_t)c < 0x20) return wrong(t, "an escape for a control character");
    string->bytes = (size_t)(t->at++ - string->text);
    if (c == '"') return true;
    if (!skip_escape(t)) return false;
  }
}

static bool skip_digits(json_text *t) {
  if (t->at == t->end || !is_digit(*t->at)) return wrong(t, "a digit");
  while (t->at < t->end && is_digit(*t->at)) t->at++;
  return true;
}

static bool skip_word(json_text *t, const char *word) {
  for (; *word; word++, t->at++)
    if (!next_is(t, *word)) return wrong(t, "a value");
  return true;
}

static bool skip_number(json_text *t) {
  if (next_is(t, '-')) t->at++;
  if (next_is(t, 'I')) return skip_word(t, "Infinity");
  if (next_is(t, '0'))
    t->at++;
  else if (!skip_digits(t))
    return false;
  if (next_is(t, '.')) {
    t->at++;
    if (!skip_digits(t)) return false;
  }
  if (!next_is(t, 'e') && !next_is(t, 'E')) return true;
  t->at++;
  if (next_is(t, '+') || next_is(t, '-')) t->at++;
  return skip_digits(t);
}

static bool enter(json_text *t) {
  if (t->depth == JSON_DEEPEST) return wrong(t, "values nested less deep");
  t->depth++;
  t->at++;
  json_skip_space(t);
  return true;
}

static bool leave(json_text *t) {
  t->depth--;
  t->at++;
  return true;
}

/* Behind an element: passes the comma, or finds the closing bracket. */
static bool next_element(json_text *t, char close, const char *expected, bool *closed) {
  json_skip_space(t);
  *closed = next_is(t, close);
  if (*closed) return true;
  if (!pass(t, ',', expected)) return false;
  json_skip_space(t);
  return true;
}

bool json_each_element(json_text *t, json_element element, void *context) {
  bool closed;
  if (!enter(t)) return false;
  for (closed = next_is(t, ']'); !closed;)
    if (!element(context, t) || !next_element(t, ']', "a comma or ]", &closed)) return false;
  return leave(t);
}

/* The name of a member, and what parts it from its value. */
static bool read_name(json_text *t, json_slice *key) {
  if (!next_is(t, '"')) return wrong(t, "a name in quotes");
  if (!json_read_string(t, key)) return false;
  json_skip_space(t);
  if (!pass(t, ':', "a colon")) return false;
  json_skip_space(t);
  return true;
}

bool json_each_member(json_text *t, json_member member, void *context) {
  bool closed;
  if (!enter(t)) return false;
  for (closed = next_is(t, '}'); !closed;) {
    json_slice key;
    if (!read_name(t, &key) || !member(context, &key, t) || !next_element(t, '}', "a comma or }", &closed))
      return false;
  }
  return leave(t);
}

/* A value that holds no other. */
static bool skip_single(json_text *t) {
  json_slice string;
  switch (t->at < t->end ? *t->at : 0) {
  case '"':
    return json_read_string(t, &string);
  case 't':
    return skip_word(t, "true");
  case 'f':
    return skip_word(t, "false");
  case 'n':
    return skip_word(t, "null");
  case 'N':
    return skip_word(t, "NaN");
  case 'I':
    return skip_word(t, "Infinity");
  default:
    if (t->at < t->end && (*t->at == '-' || is_digit(*t->at))) return skip_number(t);
    return wrong(t, "a value");
  }
}

/* What is open, by depth: a bit says whether it is an object. No recursion: the stack is the caller's. */
typedef struct json_open {
  uint64_t objects[JSON_DEEPEST / 64];
} json_open;

static bool is_object(const json_open *open, unsigned depth) {
  return open->objects[depth / 64] >> depth % 64 & 1;
}

/* At a value: comes to the first within it, or behind it where there is none. */
static bool go_in(json_text *t, json_open *open) {
  unsigned depth = t->depth;
  bool object = next_is(t, '{');
  if (!object && !next_is(t, '[')) return skip_single(t);
  if (!enter(t)) return false;
  uint64_t bit = UINT64_C(1) << depth % 64, *word = &open->objects[depth / 64];
  *word = object ? *word | bit : *word & ~bit;
  if (next_is(t, object ? '}' : ']')) return leave(t);
  json_slice key;
  return !object || read_name(t, &key);
}

/* Behind a value: comes to the next one, or out of all that is deeper than `outside`. */
static bool go_on(json_text *t, const json_open *open, unsigned outside) {
  bool closed = true;
  json_slice key;
  while (t->depth > outside && closed) {
    bool object = is_object(open, t->depth - 1);
    if (!next_element(t, object ? '}' : ']', object ? "a comma or }" : "a comma or ]", &closed)) return false;
    if (closed) leave(t);
    if (!closed && object && !read_name(t, &key)) return false;
  }
  return true;
}

static bool skip_nested(json_text *t) {
  json_open open = {0};
  const unsigned outside = t->depth;
  do {
    unsigned depth = t->depth;
    if (!go_in(t, &open)) return false;
    if (t->depth == depth && !go_on(t, &open, outside)) return false;
  } while (t->depth > outside);
  return true;
}

bool json_skip_value(json_text *t) {
  return next_is(t, '{') || next_is(t, '[') ? skip_nested(t) : skip_single(t);
}

const char *json_kind_name(char first) {
  static const char firsts[] = "{[\"tfn";
  static const char *const names[] = {"an object", "an array", "a string", "true", "false", "null"};
  const char *at = memchr(firsts, first, sizeof firsts - 1);
  return at ? names[at - firsts] : "a number";
}

typedef struct unescaping {
  const json_slice *string;
  batch_malformed malformed;
  text_buffer *out;
  size_t at, *bad;
} unescaping;

static bool refuse(const unescaping *u, size_t at) {
  *u->bad = at;
  return false;
}

/* Text without escapes, up to the next one. */
static bool put_plain(unescaping *u) {
  const char *from = u->string->text + u->at, *end = memchr(from, '\\', u->string->bytes - u->at);
  size_t bytes = end ? (size_t)(end - from) : u->string->bytes - u->at;
  const uint8_t *raw = (const uint8_t *)from;
  if (u->malformed == BATCH_MALFORMED_ERROR) {
    size_t good = utf8_well_formed(raw, bytes);
    if (good < bytes) return refuse(u, u->at + good);
  }
  u->at += bytes;
  return u->malformed == BATCH_MALFORMED_REPLACE ? text_buffer_append_repaired(u->out, raw, bytes)
                                                 : text_buffer_append(u->out, from, bytes);
}

/* The number of a \u escape at `at`; 0x110000 where there is none. */
static uint32_t escaped_unit(const json_slice *string, size_t at) {
  const char *text = string->text + at;
  uint32_t unit = 0;
  if (string->bytes - at < 6 || text[0] != '\\' || text[1] != 'u') return 0x110000;
  for (int i = 2; i < 6; i++) unit = unit << 4 | (uint32_t)hex_digit(text[i]);
  return unit;
}

static bool put_code(unescaping *u, uint32_t code) {
  char bytes[4];
  return text_buffer_append(u->out, bytes, utf8_put(code, bytes));
}

/* A \u escape, or the two of a surrogate pair. */
static bool put_unit(unescaping *u) {
  uint32_t unit = escaped_unit(u->string, u->at);
  if (unit >= 0xD800 && unit <= 0xDBFF) {
    uint32_t low = escaped_unit(u->string, u->at + 6);
    if (low >= 0xDC00 && low <= 0xDFFF) {
      u->at += 12;
      return put_code(u, 0x10000 + ((unit - 0xD800) << 10) + (low - 0xDC00));
    }
  }
  bool alone = unit >= 0xD800 && unit <= 0xDFFF;
  if (alone && u->malformed == BATCH_MALFORMED_ERROR) return refuse(u, u->at);
  u->at += 6;
  return put_code(u, alone && u->malformed == BATCH_MALFORMED_REPLACE ? 0xFFFD : unit);
}

static bool put_escape(unescaping *u) {
  static const char names[] = "bfnrt", values[] = "\b\f\n\r\t";
  char c = u->string->text[u->at + 1];
  if (c == 'u') return put_unit(u);
  const char *name = strchr(names, c);
  u->at += 2;
  return text_buffer_append(u->out, name ? &values[name - names] : &c, 1);
}

bool json_unescape(const json_slice *string, batch_malformed malformed, text_buffer *out, size_t *bad) {
  unescaping u = {string, malformed, out, 0, bad};
  *bad = SIZE_MAX;
  if (!text_buffer_reserve(out, string->bytes)) return false; /* no escape grows, but a byte replaced does */
  while (u.at < string->bytes)
    if (!(string->text[u.at] == '\\' ? put_escape(&u) : put_plain(&u))) return false;
  return true;
}
