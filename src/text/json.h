/* A strict scanner of JSON (RFC 8259) that builds nothing: it passes over values and shows where strings lie.

   What it takes beyond the RFC, since Python writes it: NaN, Infinity and -Infinity. What a string holds is not
   looked at: escaped surrogates alone and bytes that are not UTF-8 are passed over, numbers have any size.
   It reads nothing beyond `end` and nests at most JSON_DEEPEST deep. */
#ifndef HEADRACE_TEXT_JSON_H
#define HEADRACE_TEXT_JSON_H

#include "headrace/tokenizer.h"
#include "text/text_buffer.h"

enum { JSON_DEEPEST = 1024 }; /* Python writes less than 1000 */

typedef struct json_text {
  const char *at, *end;
  const char *expected; /* after a failure: what should stand at `at` */
  unsigned depth;
} json_text;

/* What lies between the quotes of a string, escapes as they are. */
typedef struct json_slice {
  const char *text;
  size_t bytes;
} json_slice;

void json_skip_space(json_text *t);

/* Pass over one value, or over one string; false leaves `at` where it is wrong: at `end` when the text is valid
   but goes on. */
bool json_skip_value(json_text *t);
bool json_read_string(json_text *t, json_slice *string);

/* Visits the members of the object at hand: `member` is called with t->at at the value, which it must pass. */
typedef bool (*json_member)(void *context, const json_slice *key, json_text *t);
bool json_each_member(json_text *t, json_member member, void *context);

/* As that, of the elements of the array at hand. */
typedef bool (*json_element)(void *context, json_text *t);
bool json_each_element(json_text *t, json_element element, void *context);

/* The kind of the value that begins with this byte, for people: "a string", "an array". */
const char *json_kind_name(char first);

/* Appends what a valid string means. Lone surrogates and bytes that are not UTF-8 are kept (a surrogate as the
   three bytes of its number), replaced by U+FFFD, or refused: *bad is where the first one lies in string->text.
   Returns false when refused, or out of memory (*bad is SIZE_MAX). */
bool json_unescape(const json_slice *string, batch_malformed malformed, text_buffer *out, size_t *bad);

#endif
