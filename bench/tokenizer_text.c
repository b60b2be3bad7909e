/* Texts of this machine and generated ones. */
#include "bench.h"
#include "tokenizer.h"

#include <errno.h>
#include <fnmatch.h>
#include <fts.h>
#include <headrace/transform.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_TEXTS = 4, FULL = 2 << 20, QUICK = 1 << 18, LEAST = 1 << 14, MOST_OF_A_FILE = 1 << 17 };

tokenizer_text tokenizer_texts[MOST_TEXTS];
size_t tokenizer_text_count;

typedef struct growing {
  char *bytes; /* [most] */
  size_t count, most;
} growing;

/* Whole lines of the file, as long as there is room. False: it cannot be read. */
static bool add_file(growing *text, const char *path, size_t most) {
  FILE *file = fopen(path, "rb");
  if (!file) return false;
  size_t room = text->most - text->count < most ? text->most - text->count : most;
  size_t got = fread(text->bytes + text->count, 1, room, file);
  bool good = !ferror(file);
  fclose(file);
  char *end = memrchr(text->bytes + text->count, '\n', got);
  text->count = end ? (size_t)(end + 1 - text->bytes) : text->count;
  return good;
}

static int by_name(const FTSENT **a, const FTSENT **b) {
  return strcmp((*a)->fts_name, (*b)->fts_name);
}

/* Files below the folder whose name matches, in the order of their names. */
static void add_folder(growing *text, const char *folder, const char *pattern) {
  char *paths[] = {(char *)(uintptr_t)folder, NULL};
  FTS *tree = fts_open(paths, FTS_PHYSICAL | FTS_NOCHDIR, by_name);
  for (FTSENT *entry; tree && text->count < text->most && (entry = fts_read(tree));)
    if (entry->fts_info == FTS_F && fnmatch(pattern, entry->fts_name, 0) == 0)
      add_file(text, entry->fts_path, MOST_OF_A_FILE);
  if (tree) fts_close(tree);
}

static void make_english(growing *text) {
  add_folder(text, "/usr/share/common-licenses", "*");
  add_folder(text, "/usr/share/perl", "*.pod");
  add_folder(text, "/usr/share/doc", "README*[!z]");
  add_folder(text, "/usr/share/doc", "copyright");
}

static void make_code(growing *text) {
  add_folder(text, "/usr/include", "*.h");
}

static void add_character(growing *text, uint32_t c) {
  char *at = text->bytes + text->count;
  if (c < 0x80) {
    *at = (char)c;
    text->count++;
  } else if (c < 0x800) {
    at[0] = (char)(0xC0 | c >> 6), at[1] = (char)(0x80 | (c & 63));
    text->count += 2;
  } else if (c < 0x10000) {
    at[0] = (char)(0xE0 | c >> 12), at[1] = (char)(0x80 | (c >> 6 & 63)), at[2] = (char)(0x80 | (c & 63));
    text->count += 3;
  } else {
    at[0] = (char)(0xF0 | c >> 18), at[1] = (char)(0x80 | (c >> 12 & 63));
    at[2] = (char)(0x80 | (c >> 6 & 63)), at[3] = (char)(0x80 | (c & 63));
    text->count += 4;
  }
}

/* Words of one to three of 3000 characters: the n-th of 20,000 comes with a chance of about 1 / n. */
static void make_chinese(growing *text) {
  enum { WORDS = 20000, CHARACTERS = 3000 };
  batch_random random = {3};
  while (text->count + 64 < text->most) {
    uint64_t word = 0;
    for (uint64_t most = 1 + batch_random_next(&random) % 15; most > 0; most--) /* 2^15 words at most */
      word = word << 1 | (batch_random_next(&random) & 1);
    batch_random spelling = {word % WORDS + 1000};
    for (uint64_t left = 1 + batch_random_next(&spelling) % 3; left > 0; left--)
      add_character(text, 0x4E00 + (uint32_t)(batch_random_next(&spelling) % CHARACTERS) * 6);
    uint64_t end = batch_random_next(&random) % 64;
    if (end < 10) add_character(text, end < 8 ? 0xFF0C : 0x3002);
    if (end == 9) add_character(text, '\n');
  }
}

/* Any code point up to U+2FFFF but surrogates and controls; a line feed now and then. */
static void make_random(growing *text) {
  batch_random random = {4};
  while (text->count + 8 < text->most) {
    uint64_t draw = batch_random_next(&random);
    uint32_t c = draw % 4 == 0 ? (uint32_t)(draw >> 8) % 0x30000 : (uint32_t)(draw >> 8) % 0x3000;
    if (draw >> 40 & 1) c %= 0x250;
    if (c >= 32 && (c < 0x7F || c >= 0xA0) && (c < 0xD800 || c > 0xDFFF)) add_character(text, c);
    if ((draw >> 48) % 128 == 0) add_character(text, '\n');
  }
}

/* Cuts behind the last line feed of each TOKENIZER_DOCUMENT bytes, or there where there is none. */
static bool cut(tokenizer_text *text) {
  text->starts = calloc(text->count / (TOKENIZER_DOCUMENT / 2) + 3, sizeof *text->starts);
  if (!text->starts) return false;
  for (size_t at = 0; at < text->count; text->starts[++text->documents] = at) {
    size_t room = text->count - at;
    if (room > TOKENIZER_DOCUMENT) {
      const char *from = text->bytes + at + TOKENIZER_DOCUMENT / 2;
      const char *feed = memrchr(from, '\n', TOKENIZER_DOCUMENT / 2);
      room = feed ? (size_t)(feed + 1 - text->bytes) - at : TOKENIZER_DOCUMENT;
      while (!feed && (text->bytes[at + room] & 0xC0) == 0x80) room--;
    }
    at += room;
  }
  return true;
}

/* Takes what was made for a text; false: no memory. */
static bool keep(growing *made, const char *name, const char *source) {
  if (made->count < LEAST) {
    printf("%s: left out, there is too little of %s here\n", name, source);
    free(made->bytes);
    return true;
  }
  tokenizer_text *text = &tokenizer_texts[tokenizer_text_count++];
  *text = (tokenizer_text){.name = name, .source = source, .bytes = made->bytes, .count = made->count};
  return cut(text);
}

static bool make_one(const char *name, const char *source, void (*make)(growing *), size_t most) {
  growing text = {malloc(most), 0, most};
  if (!text.bytes) return false;
  make(&text);
  return keep(&text, name, source);
}

static bool make_of_file(const char *path, size_t most) {
  growing text = {malloc(most), 0, most};
  if (!text.bytes || !add_file(&text, path, most)) {
    free(text.bytes);
    return bench_refuse("--file", path, "a text that can be read: %s", strerror(errno));
  }
  if (text.count < LEAST) {
    free(text.bytes);
    return bench_refuse("--file", path, "a text of %d bytes in lines at least", LEAST);
  }
  return keep(&text, "file", path);
}

bool tokenizer_texts_make(const char *file, bool quick) {
  size_t most = quick ? QUICK : FULL;
  if (file) return make_of_file(file, most);
  return make_one("english", "licences and documents below /usr/share", make_english, most) &&
         make_one("code", "headers below /usr/include", make_code, most) &&
         make_one("chinese", "generated: words of one to three characters, frequent and rare ones",
                  make_chinese, most) &&
         make_one("random", "generated: random Unicode", make_random, most);
}

void tokenizer_texts_free(void) {
  for (size_t i = 0; i < tokenizer_text_count; i++) {
    free(tokenizer_texts[i].bytes);
    free(tokenizer_texts[i].starts);
  }
}
