/* The vocabulary of the tests, tests/vocabulary: a tokenizer.json and a rank file with the same 1000 tokens.

   Usage, in a suite that begins with files_begin:
       const char *path = vocabulary_write("nfc.json", "\"normalizer\": null", "\"normalizer\": {\"type\": \"NFC\"}");
       BatchTokenizer *tokenizer = vocabulary_open(path); */
#ifndef HEADRACE_TESTS_VOCABULARY_H
#define HEADRACE_TESTS_VOCABULARY_H

#include <headrace/headrace.h>

/* The path of a file of that folder; good until the next call. */
const char *vocabulary_path(const char *name);

/* The text of it; the caller frees. */
char *vocabulary_text(const char *name);

/* The text with the first `from`, which must be there, replaced by `to`; the caller frees, and text is freed. */
char *vocabulary_replace(char *text, const char *from, const char *to);

/* small.json with one replacement, in the test's directory. */
const char *vocabulary_write(const char *name, const char *from, const char *to);

/* Opens a file, which must work. */
BatchTokenizer *vocabulary_open(const char *path, batch_text_split split, batch_specials specials);

#endif
