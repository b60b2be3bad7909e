/* The scanner of JSON: what it takes and refuses, what strings mean, and the same as jansson on valid JSON. */
#include "support/check.h"
#include "support/random.h"

#include "base/utf8.h"
#include "text/json.h"
#include "text/jsonl.h"
#include "text/span_options.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

static bool takes_bytes(const char *text, size_t bytes) {
  char *exact =
      malloc(bytes ? bytes : 1); /* its end is the end of a block: AddressSanitizer sees a step beyond */
  memcpy(exact, text, bytes);
  json_text t = {.at = exact, .end = exact + bytes};
  bool whole = json_skip_value(&t) && t.at == t.end;
  cr_assert(t.at >= exact && t.at <= t.end);
  free(exact);
  return whole;
}

static bool has(const text_buffer *buffer, const char *text, size_t count) {
  return buffer->used == count && (count == 0 || memcmp(buffer->data, text, count) == 0);
}

static bool takes(const char *text) {
  return takes_bytes(text, strlen(text));
}

Test(json, takes_every_kind_of_value) {
  static const char *const values[] = {"{}",
                                       "[]",
                                       "\"\"",
                                       "0",
                                       "-0",
                                       "12",
                                       "-1.5e+300",
                                       "1E-7",
                                       "true",
                                       "false",
                                       "null",
                                       "[1,[2],{}]",
                                       "{\"a\":1,\"b\":[true,null]}",
                                       "[ 1 , 2 ]",
                                       "{ \"a\" : 1 }",
                                       "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00Ff\"",
                                       "\"\xff\x80\"",
                                       "\"\\ud800\""};
  for (size_t i = 0; i < sizeof values / sizeof *values; i++) cr_assert(takes(values[i]), "%s", values[i]);
}

Test(json, takes_numbers_of_any_size_and_those_of_python) {
  static const char *const values[] = {"18446744073709551616",
                                       "-99999999999999999999999",
                                       "1e400",
                                       "-1e-400",
                                       "NaN",
                                       "Infinity",
                                       "-Infinity",
                                       "[{\"a\":[[],{}, [1, {\"b\":{ }}]],\"c\" : 2},[{}]]",
                                       "0.00000000000000000000000000000000001"};
  for (size_t i = 0; i < sizeof values / sizeof *values; i++) cr_assert(takes(values[i]), "%s", values[i]);
}

Test(json, refuses_what_is_none) {
  static const char *const values[] = {
      "",          "{",           "[",        "\"",     "[1,]",   "{\"a\":1,}",
      "{a:1}",     "{\"a\" 1}",   "{1:2}",    "[1 2]",  "01",     "1.",
      ".5",        "+1",          "1e",       "1e+",    "-",      "--1",
      "tru",       "True",        "nan",      "-NaN",   "inf",    "'a'",
      "\"\\x\"",   "\"\\u12g4\"", "\"\\u1\"", "\"\n\"", "\"\t\"", "]",
      "{\"a\":}",  "{,}",         "[,1]",     "/**/1",  "\"\\",   "{\"a\":1 \"b\":2}",
      "undefined", "\x01",        "[}",       "{]",     "[{]}",   "{\"a\":[}]",
      "[1}",       "{\"a\":1]",   "[[1],2",   "[{1}]",  "[{},]",  "{\"a\":{\"b\":1}"};
  for (size_t i = 0; i < sizeof values / sizeof *values; i++) cr_assert(!takes(values[i]), "%s", values[i]);
  cr_assert(!takes_bytes("\"a\0b\"", 5), "a zero byte in a string must be escaped");
  cr_assert(!takes_bytes("\"\\\0\"", 4), "a zero byte is no escape");
}

Test(json, nesting_is_bounded) {
  char deep[2 * JSON_DEEPEST + 3] = "";
  cr_assert_geq(JSON_DEEPEST, 1000, "Python's json module writes what is nested 994 deep");
  memset(deep, '[', JSON_DEEPEST);
  memset(deep + JSON_DEEPEST, ']', JSON_DEEPEST);
  cr_assert(takes(deep));
  memset(deep, '[', JSON_DEEPEST + 1);
  memset(deep + JSON_DEEPEST + 1, ']', JSON_DEEPEST + 1);
  cr_assert(!takes(deep));
}

static void assert_means(const char *inside, batch_malformed malformed, const char *expected, size_t bytes) {
  text_buffer out = {0};
  size_t bad;
  const json_slice string = {inside, strlen(inside)};
  cr_assert(json_unescape(&string, malformed, &out, &bad), "%s: refused at %zu", inside, bad);
  cr_assert(has(&out, expected, bytes), "%s: \"%.*s\"", inside, (int)out.used, out.data);
  text_buffer_free(&out);
}

static void assert_bad_at(const char *inside, size_t expected) {
  text_buffer out = {0};
  size_t bad;
  const json_slice string = {inside, strlen(inside)};
  cr_assert(!json_unescape(&string, BATCH_MALFORMED_ERROR, &out, &bad));
  cr_assert_eq(bad, expected, "%s: at %zu", inside, bad);
  text_buffer_free(&out);
}

Test(json, escapes_mean_what_they_stand_for) {
  assert_means("\\\"\\\\\\/\\b\\f\\n\\r\\t", BATCH_MALFORMED_ERROR, "\"\\/\b\f\n\r\t", 8);
  assert_means("a\\u0000b", BATCH_MALFORMED_ERROR, "a\0b", 3);
  assert_means("\\u00fc\\u20AC\\uD83D\\uDCA7", BATCH_MALFORMED_ERROR, "\xc3\xbc\xe2\x82\xac\xf0\x9f\x92\xa7",
               9);
}

Test(json, lone_surrogates_are_kept_replaced_or_refused) {
  assert_means("x\\ud800y", BATCH_MALFORMED_KEEP, "x\xed\xa0\x80y", 5);
  assert_means("x\\ud800y", BATCH_MALFORMED_REPLACE, "x\xef\xbf\xbdy", 5);
  assert_means("\\udc00\\ud800\\ud83d\\udca7", BATCH_MALFORMED_REPLACE,
               "\xef\xbf\xbd\xef\xbf\xbd\xf0\x9f\x92\xa7", 10);
  assert_means("\\ud800\\n", BATCH_MALFORMED_REPLACE, "\xef\xbf\xbd\n", 4);
  assert_bad_at("xy\\ud800", 2);
  assert_bad_at("\\ud83d\\udca7\\udc00", 12);
}

Test(json, bytes_that_are_not_utf8_are_kept_replaced_or_refused) {
  assert_means("a\xff\\n\xe2\x82", BATCH_MALFORMED_KEEP, "a\xff\n\xe2\x82", 5);
  assert_means("a\xff\\n\xe2\x82", BATCH_MALFORMED_REPLACE, "a\xef\xbf\xbd\n\xef\xbf\xbd", 8);
  assert_means("\xe2\\u0082", BATCH_MALFORMED_REPLACE, "\xef\xbf\xbd\xc2\x82", 5);
  assert_bad_at("a\\n\xff", 3);
}

static bool read_field(const char *text, const char *field, jsonl_document *document, jsonl_wrong *wrong) {
  batch_span_options spans;
  cr_assert(span_options_read("test", NULL, &spans));
  const jsonl_line line = {text, strlen(text)};
  const jsonl_form form = {field, &spans, BATCH_MALFORMED_ERROR, SIZE_MAX};
  *document = (jsonl_document){0};
  return jsonl_read(&line, &form, document, wrong);
}

static void assert_field(const char *text, const char *field, const char *expected) {
  jsonl_document document;
  jsonl_wrong wrong;
  bool good = read_field(text, field, &document, &wrong);
  if (!expected) {
    cr_assert(!good, "%s: %s is there", text, field);
    cr_assert_eq(strncmp(wrong.what, "found ", 6), 0, "%s", wrong.what);
    cr_assert_leq(wrong.at, strlen(text));
  } else {
    cr_assert(good, "%s", wrong.what);
    cr_assert(has(&document.text, expected, strlen(expected)), "%s: \"%.*s\"", text, (int)document.text.used,
              document.text.data);
  }
  jsonl_document_free(&document);
}

Test(json, members_are_found_by_name_and_the_last_of_a_name_counts) {
  assert_field("{\"text\":\"a\"}", "text", "a");
  assert_field("{\"x\":{\"text\":\"no\"},\"text\":\"a\",\"y\":[{\"text\":\"no\"}]}", "text", "a");
  assert_field("{\"text\":\"a\",\"text\":\"b\"}", "text", "b");
  assert_field("{\"text\":\"a\",\"text\":null}", "text", NULL);
  assert_field("{\"te\\u0078t\":\"a\"}", "text", "a");
  assert_field("{\"\":\"a\"}", "", "a");
  assert_field("{\"texts\":\"a\",\"tex\":\"b\"}", "text", NULL);
}

Test(json, dots_lead_into_objects) {
  assert_field("{\"a\":{\"b\":{\"c\":\"x\"}}}", "a.b.c", "x");
  assert_field("{\"a\":{\"b\":\"x\"},\"a\":{}}", "a.b", NULL);
  assert_field("{\"a\":{\"b\":\"x\"},\"a\":\"b\"}", "a.b", NULL);
  assert_field("{\"a\":{\"b\":\"x\"},\"a\":{\"b\":\"y\"}}", "a.b", "y");
  assert_field("{\"a.b\":\"whole\",\"a\":{\"b\":\"x\"}}", "a.b", "whole");
  assert_field("{\"a\":{\"b\":\"x\"},\"a.b\":\"whole\"}", "a.b", "whole");
  assert_field("{\"a\":[{\"b\":\"x\"}]}", "a.b", NULL);
}

static uint64_t seed = 88172645463325252u;

static uint32_t below(uint32_t n) {
  return random_below(&seed, n);
}

static json_t *random_string(void) {
  static const uint32_t limits[] = {0x20, 0x80, 0x800, 0xD800, 0x110000};
  char text[64];
  size_t used = 0;
  for (uint32_t count = below(12); count > 0; count--) {
    uint32_t code = below(limits[below(5)]);
    if (code >= 0xD800 && code < 0xE000) code = '"';
    used += utf8_put(code, text + used);
  }
  return json_stringn(text, used);
}

static json_t *random_value(unsigned depth) {
  json_t *value;
  switch (below(depth > 4 ? 5 : 7)) {
  case 0:
    return json_integer((json_int_t)seed >> below(64));
  case 1:
    return json_real((double)below(1000000) / (1 + below(1000)));
  case 2:
    return below(2) ? json_true() : json_null();
  case 3:
  case 4:
    return random_string();
  case 5:
    value = json_array();
    for (uint32_t i = below(4); i > 0; i--) json_array_append_new(value, random_value(depth + 1));
    return value;
  default:
    value = json_object();
    for (uint32_t i = below(4); i > 0; i--) {
      char key[] = {(char)('a' + below(3)), 0};
      json_object_set_new(value, key, random_value(depth + 1));
    }
    return value;
  }
}

/* What jansson finds under a, or under a.b. */
static const json_t *expected_of(const json_t *object, bool nested) {
  const json_t *value = json_object_get(object, "a");
  return nested ? json_object_get(value, "b") : value;
}

Test(json, random_objects_give_what_jansson_finds) {
  unsigned strings = 0;
  for (unsigned round = 0; round < 30000; round++) {
    json_t *object = json_object();
    for (const char *const *key = (const char *const[]){"b", "a", "c", NULL}; *key; key++)
      if (below(4)) json_object_set_new(object, *key, random_value(0));
    size_t flags = below(2) ? JSON_ENSURE_ASCII : 0;
    char *text = json_dumps(object, flags | JSON_PRESERVE_ORDER | (below(2) ? JSON_COMPACT : 0));
    for (int nested = 0; nested < 2; nested++) {
      jsonl_document document;
      const json_t *expected = expected_of(object, nested);
      jsonl_wrong wrong;
      bool good = read_field(text, nested ? "a.b" : "a", &document, &wrong),
           string = json_is_string(expected);
      bool no_spans = json_is_array(expected) && json_array_size(expected) == 0;
      cr_assert_eq(good, string || no_spans, "%s: %s", text, wrong.what);
      cr_assert(!good || has(&document.text, string ? json_string_value(expected) : "",
                             string ? json_string_length(expected) : 0),
                "%s", text);
      strings += string;
      jsonl_document_free(&document);
    }
    free(text);
    json_decref(object);
  }
  cr_assert_gt(strings, 1000);
}

/* Bytes of valid objects are changed: both take it, or neither, but for what jansson alone refuses. */
Test(json, damaged_objects_are_refused_as_jansson_refuses_them) {
  static const char sample[] =
      "{\"a\":[1,-2.5e3,true,false,null,{}],\"b\":\"x\\u00fc\\n\\\"\",\"c\":{\"d\":[]}}",
                    alphabet[] = "{}[]\":,\\/0123456789.eE+-truefalsnx \t\r\n\x01";
  unsigned refused = 0, taken = 0;
  for (unsigned round = 0; round < 200000; round++) {
    char text[sizeof sample];
    memcpy(text, sample, sizeof sample);
    for (uint32_t changes = 1 + below(3); changes > 0; changes--)
      text[below(sizeof sample - 1)] = alphabet[below(sizeof alphabet - 1)];
    json_error_t error;
    json_t *theirs = json_loads(text, JSON_DECODE_ANY, &error);
    json_text t = {.at = text, .end = text + strlen(text)};
    json_skip_space(&t);
    bool ours = json_skip_value(&t);
    json_skip_space(&t);
    ours = ours && t.at == t.end;
    bool theirs_alone = json_error_code(&error) == json_error_numeric_overflow || strstr(text, "\\u");
    cr_assert(ours == (theirs != NULL) || (ours && theirs_alone), "\"%s\": jansson: %s", text, error.text);
    refused += !ours;
    taken += ours;
    json_decref(theirs);
  }
  cr_assert(refused > 1000 && taken > 1000, "%u refused, %u taken", refused, taken);
}

Test(json, the_beginning_of_a_file_tells_lines_from_one_value) {
  static const struct {
    const char *text;
    jsonl_look look;
  } heads[] = {{"{\"a\":1}\n{\"a\":2}\n", JSONL_LINES},
               {"\n {\"a\":1}", JSONL_LINES},
               {"{\"a\":\"goes on", JSONL_LINES},
               {"{\"a\":1} \r\n{", JSONL_LINES},
               {"{\n  \"a\": 1\n}\n", JSONL_OTHER},
               {"{\"a\":\n", JSONL_OTHER},
               {"[{\"a\":1},", JSONL_ARRAY},
               {"[]\n", JSONL_ARRAY},
               {"[1] Smith, A.", JSONL_NO},
               {"{\"a\":1} x", JSONL_NO},
               {"{ return 1; }", JSONL_NO},
               {"text", JSONL_NO},
               {"", JSONL_NO},
               {"{\"a\":1}{\"a\":2}", JSONL_OTHER},
               {"{\"a\":1}, {\"a\":2}", JSONL_OTHER}};
  for (size_t i = 0; i < sizeof heads / sizeof *heads; i++)
    cr_assert_eq(jsonl_look_at(heads[i].text, strlen(heads[i].text)), heads[i].look, "\"%s\"", heads[i].text);
}
