#include "text/character_map.h"

#include <stdlib.h>
#include <string.h>

#include "base/file.h"

/* The library's room for the rules that one text begins with, and more bytes than any rule has. */
enum { MOST_MATCHES = 32, LONGEST_RULE = 256 };

typedef struct walk {
  const uint8_t *units, *texts; /* u32 [unit_count]; bytes [text_bytes], the last one 0 */
  size_t unit_count, text_bytes;
  uint8_t *state;      /* of each unit, see below */
  uint8_t first, last; /* bytes of the rule at hand */
  character_map *map;
  const char *wrong;
} walk;

/* A unit that was walked holds 1 + the matches on the longest way below it. */
enum { NEW = 0, OPEN = 0xFF };

static bool fail(walk *w, const char *wrong) {
  w->wrong = wrong;
  return false;
}

/* A rule goes on over this byte, with something before or behind it. */
static void note_mixed(walk *w, uint8_t byte) {
  w->map->mixes_blank |= byte == ' ';
  w->map->mixes_line_feed |= byte == '\n';
}

static uint32_t unit_at(const walk *w, size_t at) {
  return load_u32(w->units + 4 * at);
}

/* Where the children of a unit lie: each at this number, exclusive-or its byte. */
static size_t children(size_t at, uint32_t unit) {
  return at ^ ((unit >> 10) << ((unit & (1u << 9)) >> 6));
}

static bool is_word(uint8_t c) {
  return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

/* A rule that puts a blank for a letter or digit, or nothing: there may be two blanks where text has one. */
static void note_text(walk *w, const char *text) {
  bool blank = !*text || strchr(text, ' ') || strstr(text, "\xE2\x96\x81");
  w->map->mixes_blank |= blank && (is_word(w->first) || is_word(w->last));
}

/* The child by 0 holds the place of the text that is put in. */
static bool check_value(walk *w, size_t at) {
  size_t place = unit_at(w, at) & 0x7FFFFFFF;
  if (place >= w->text_bytes) return fail(w, "a text outside");
  note_text(w, (const char *)w->texts + place);
  return true;
}

static bool is_match(const walk *w, size_t at) {
  return (unit_at(w, at) >> 8 & 1) != 0;
}

static bool walk_unit(walk *w, size_t at, unsigned depth);

/* NOLINTNEXTLINE(misc-no-recursion): at most LONGEST_RULE deep */
static bool walk_child(walk *w, size_t child, unsigned depth, uint8_t byte, unsigned *below) {
  if ((unit_at(w, child) & 0x800000FF) != byte) return true;
  if (depth == 0) w->first = byte;
  w->last = byte;
  if (!walk_unit(w, child, depth + 1)) return false;
  unsigned matches = w->state[child] - 1u;
  if (depth > 0 || matches > is_match(w, child)) note_mixed(w, byte);
  if (matches > *below) *below = matches;
  return true;
}

/* NOLINTNEXTLINE(misc-no-recursion): at most LONGEST_RULE deep */
static bool walk_unit(walk *w, size_t at, unsigned depth) {
  size_t base = children(at, unit_at(w, at));
  bool match = depth > 0 && is_match(w, at);
  unsigned below = 0;
  if (w->state[at] == OPEN) return fail(w, "a way that turns back");
  if (w->state[at] != NEW) return true;
  if (depth == LONGEST_RULE) return fail(w, "a rule that is too long");
  /* The library looks at any of the 256 places, whatever byte comes. */
  if ((base | 0xFF) >= w->unit_count) return fail(w, "a way that leads outside");
  if (match && !check_value(w, base)) return false;
  w->state[at] = OPEN;
  for (unsigned byte = 0; byte < 256; byte++)
    if (!walk_child(w, base ^ byte, depth, (uint8_t)byte, &below)) return false;
  if (below + match > MOST_MATCHES) return fail(w, "too many rules for one text");
  w->state[at] = (uint8_t)(1 + below + match);
  return true;
}

const char *character_map_check(const uint8_t *bytes, size_t count, character_map *map) {
  if (count == 0) return NULL;
  uint32_t trie = count > 4 ? load_u32(bytes) : UINT32_MAX;
  if (trie >= count - 4 || trie % 4 != 0 || trie < 1024) return "a length that is not its own";
  walk w = {.units = bytes + 4, .unit_count = trie / 4, .map = map};
  w.texts = w.units + trie;
  w.text_bytes = count - 4 - trie;
  if (w.texts[w.text_bytes - 1] != 0) return "a text that does not end";
  w.state = calloc(w.unit_count, 1);
  if (!w.state) return "no memory to look at it";
  walk_unit(&w, 0, 0);
  free(w.state);
  return w.wrong;
}
