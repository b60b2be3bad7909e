#include "text/split/classes.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "text/split/regex.h"

enum { CHUNK = 4096, ASKED = 8 }; /* code points at once; patterns */

static const struct {
  const char *pattern;
  uint8_t classes;
} asked[ASKED] = {{"[\\p{L}\\p{M}\\p{N}\\p{White_Space}\\p{P}\\p{S}]+", 0}, /* is there anything at all? */
                  {"[\\p{Lu}\\p{Lt}]+", CLASS_UPPER | CLASS_LETTER},
                  {"\\p{Ll}+", CLASS_LOWER | CLASS_LETTER},
                  {"[\\p{Lm}\\p{Lo}]+", CLASS_UPPER | CLASS_LOWER | CLASS_LETTER},
                  {"\\p{M}+", CLASS_UPPER | CLASS_LOWER},
                  {"\\p{N}+", CLASS_NUMBER},
                  {"\\p{White_Space}+", CLASS_SPACE},
                  {"[\\p{P}\\p{S}]+", CLASS_POINT}};

typedef struct asking {
  regex *regex[ASKED];
  regex_match *match;
  char text[4 * CHUNK];
  uint32_t code[4 * CHUNK]; /* of the character that begins at this byte */
  uint8_t classes[CHUNK];
} asking;

/* Writes the code points from `first` on as text; returns the bytes. */
static size_t spell(asking *a, uint32_t first) {
  size_t used = 0;
  for (uint32_t code = first; code < first + CHUNK; code++) {
    if (code >= 0xD800 && code <= 0xDFFF) continue;
    a->code[used] = code;
    used += utf8_put(code, a->text + used);
  }
  return used;
}

/* Marks the code points of a chunk that pattern `which` matches. -1: as regex_find; else whether there are any. */
static int mark(asking *a, uint32_t first, size_t bytes, int which) {
  size_t start, end;
  int any = 0, got = 0;
  for (size_t from = 0; from < bytes; from = end, any = 1) {
    got = regex_find(a->regex[which], a->match, a->text, bytes, from, 0, &start, &end);
    if (got != 1) break;
    for (uint32_t b; start < end; start += b) {
      b = utf8_next((const uint8_t *)a->text + start, end - start).bytes;
      a->classes[a->code[start] - first] |= asked[which].classes;
    }
  }
  return got < 0 ? got : any;
}

static bool ask_chunk(asking *a, uint32_t first) {
  size_t bytes = spell(a, first);
  memset(a->classes, 0, sizeof a->classes);
  for (int which = 0; which < ASKED && bytes > 0; which++) {
    int any = mark(a, first, bytes, which);
    if (any < 0) return false;
    if (which == 0 && !any) break;
  }
  for (uint32_t i = 0; i < CHUNK; i++) {
    uint32_t code = first + i;
    if (code == '\r' || code == '\n') a->classes[i] |= CLASS_BREAK;
    if ((code >= 0x3040 && code <= 0x30FF) || (code >= 0x4E00 && code <= 0x9FA5)) a->classes[i] |= CLASS_CJK;
  }
  return true;
}

/* Keeps a block, or finds one that is the same: the last one kept, mostly. */
static bool keep_block(classes *c, size_t block, const uint8_t *found, size_t *kept) {
  for (size_t i = *kept; i-- > 0;)
    if (memcmp(c->blocks[i], found, CLASS_BLOCK) == 0) {
      c->block[block] = (uint16_t)i;
      return true;
    }
  if (*kept % 64 == 0) {
    void *grown = reallocarray(c->blocks, *kept + 64, sizeof *c->blocks);
    if (!grown) return false;
    c->blocks = grown;
  }
  memcpy(c->blocks[*kept], found, CLASS_BLOCK);
  c->block[block] = (uint16_t)(*kept)++;
  return true;
}

static bool ask_all(asking *a, classes *c) {
  size_t kept = 0;
  for (uint32_t first = 0; first < 0x110000; first += CHUNK) {
    if (!ask_chunk(a, first)) return false;
    for (uint32_t i = 0; i < CHUNK; i += CLASS_BLOCK)
      if (!keep_block(c, (first + i) / CLASS_BLOCK, a->classes + i, &kept)) return false;
  }
  memcpy(c->ascii, c->blocks[c->block[0]], sizeof c->ascii);
  return true;
}

static void drop(classes *c) {
  free(c->blocks);
  free(c);
}

static classes *make(char *why, size_t room) {
  snprintf(why, room, "no memory for the classes of Unicode's characters");
  asking *a = calloc(1, sizeof *a);
  classes *c = a ? calloc(1, sizeof *c) : NULL;
  bool done = c && (a->match = regex_match_create());
  for (int i = 0; i < ASKED && done; i++)
    done = (a->regex[i] = regex_compile(asked[i].pattern, strlen(asked[i].pattern), false, why, room));
  done = done && ask_all(a, c);
  for (int i = 0; i < ASKED && a; i++) regex_free(a->regex[i]);
  if (a) regex_match_free(a->match);
  free(a);
  if (done) return c;
  if (c) drop(c);
  return NULL;
}

/* Without a lock, which a child that is forked meanwhile would find held: of several who are the first, one's are taken. */
const classes *classes_get(char *why, size_t room) {
  static _Atomic(classes *) only;
  /* ONLY: acquire; the CAS below, which releases, makes the classes seen. */
  classes *c = atomic_load_explicit(&only, memory_order_acquire), *none = NULL;
  if (c) return c;
  c = make(why, room);
  /* ONLY: release, pairs with the load above; acquire where another's are there. */
  if (!c ||
      atomic_compare_exchange_strong_explicit(&only, &none, c, memory_order_release, memory_order_acquire))
    return c;
  drop(c);
  return none;
}
