#include "screen.h"

#include <langinfo.h>
#include <locale.h>
#include <wchar.h>

#include "terminal.h"

enum { SCREEN_PLAIN = 0, SCREEN_MARKED = 1, SCREEN_SYMBOL = 2 }; /* bits of a style */

static bool shows_colour(void) {
  const char *terminal = getenv("TERM"), *refused = getenv("NO_COLOR");
  return isatty(STDOUT_FILENO) && terminal && *terminal && strcmp(terminal, "dumb") != 0 &&
         !(refused && *refused);
}

/* What the user's locale has no part in from then on: the width of characters. */
void screen_init(screen *s, bool whole) {
  *s = (screen){.colour = shows_colour(),
                .columns = !whole && isatty(STDOUT_FILENO) ? terminal_columns(STDOUT_FILENO) : 0};
  s->utf8 = setlocale(LC_CTYPE, "") && strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
  setlocale(LC_CTYPE, "C.UTF-8");
}

static const char *ellipsis(const screen *s) {
  return s->utf8 ? "…" : "...";
}

static void set_style(screen *s, unsigned style) {
  if (style == s->style) return;
  bool was = s->style & SCREEN_MARKED, is = style & SCREEN_MARKED;
  s->style = style;
  if (s->colour) {
    printf("\033[0%s%sm", is ? ";4;31" : "", style & SCREEN_SYMBOL ? ";2" : "");
  } else if (was != is) {
    fputs(is ? "[-" : "-]", stdout);
    s->column += 2;
  }
}

/* Whether there is room for so many columns more, and for what has to follow them. */
static bool has_room(const screen *s, int columns, unsigned style) {
  bool brackets = !s->colour && (style & SCREEN_MARKED);
  int before = brackets && !(s->style & SCREEN_MARKED) ? 2 : 0,
      behind = (brackets ? 2 : 0) + (s->utf8 ? 1 : 3);
  return s->columns == 0 || s->column + before + columns + behind <= s->columns;
}

static void put(screen *s, const char *text, size_t bytes, int columns, unsigned style) {
  if (s->cut) return;
  if (has_room(s, columns, style)) {
    set_style(s, style);
    fwrite(text, 1, bytes, stdout);
    s->column += columns;
    return;
  }
  set_style(s, SCREEN_PLAIN);
  fputs(ellipsis(s), stdout);
  s->cut = true;
}

void screen_put_symbol(screen *s, const char *symbol, bool marked) {
  put(s, symbol, strlen(symbol), cli_columns(symbol), SCREEN_SYMBOL | (marked ? SCREEN_MARKED : 0));
}

void screen_put_border(screen *s) {
  put(s, "|", 1, 1, SCREEN_SYMBOL);
}

static void put_escaped(screen *s, const char *text, size_t bytes, bool marked) {
  char symbol[16];
  for (size_t i = 0; i < bytes; i++) {
    snprintf(symbol, sizeof symbol, "\\x%02X", (unsigned char)text[i]);
    screen_put_symbol(s, symbol, marked);
  }
}

/* Characters of no width that turn the direction of the text behind them, or begin a line. */
static bool leads_astray(wchar_t c) {
  return c == 0x061C || c == 0x200E || c == 0x200F || (c >= 0x2028 && c <= 0x202E) ||
         (c >= 0x2066 && c <= 0x2069);
}

static void put_control(screen *s, char c, bool marked) {
  if (c == '\n')
    screen_put_symbol(s, s->utf8 ? "⏎" : "\\n", marked);
  else if (c == '\t')
    screen_put_symbol(s, s->utf8 ? "⇥" : "\\t", marked);
  else if (c == '\r')
    screen_put_symbol(s, s->utf8 ? "␍" : "\\r", marked);
  else
    put_escaped(s, &c, 1, marked);
}

static void put_character(screen *s, wchar_t c, const char *text, size_t bytes, bool marked) {
  int columns = wcwidth(c);
  if (bytes == 1 && (columns < 0 || c == 0)) /* whose width is 0 */
    put_control(s, *text, marked);
  else if (columns < 0 || leads_astray(c))
    put_escaped(s, text, bytes, marked);
  else
    put(s, text, bytes, columns, marked ? SCREEN_MARKED : SCREEN_PLAIN);
}

/* Takes one character of what there is; returns its bytes, 0 when more are needed. */
static size_t take_character(screen *s, const char *text, size_t bytes, bool marked) {
  mbstate_t state = {0};
  wchar_t c;
  size_t taken = mbrtowc(&c, text, bytes, &state);
  if (taken == (size_t)-2) return 0;
  if (taken == 0) taken = 1; /* the character 0 */
  if (taken == (size_t)-1)
    put_escaped(s, text, taken = 1, marked);
  else
    put_character(s, c, text, taken, marked);
  return taken;
}

/* Characters that were begun before are ended, or found to be none, byte by byte. */
static void put_byte(screen *s, char byte, bool marked) {
  s->held[s->num_held++] = byte;
  for (size_t taken; s->num_held > 0 && (taken = take_character(s, s->held, s->num_held, marked)) > 0;) {
    s->num_held -= taken;
    memmove(s->held, s->held + taken, s->num_held);
  }
}

void screen_put(screen *s, const char *text, size_t bytes, bool marked) {
  for (size_t i = 0; i < bytes && !s->cut; i++) put_byte(s, text[i], marked);
}

void screen_put_word(screen *s, const char *word, bool marked) {
  unsigned style = marked ? SCREEN_MARKED : SCREEN_PLAIN;
  bool goes_on = (s->style & SCREEN_MARKED) == style;
  if (s->words) put(s, " ", 1, 1, goes_on ? style : SCREEN_PLAIN);
  s->words = true;
  put(s, word, strlen(word), (int)strlen(word), style);
}

void screen_begin(screen *s, const char *label) {
  fputs(label, stdout);
  s->column = cli_columns(label);
  s->cut = s->words = false;
  s->num_held = 0;
}

void screen_flush(screen *s) {
  put_escaped(s, s->held, s->num_held, s->style & SCREEN_MARKED);
  s->num_held = 0;
}

void screen_end(screen *s) {
  set_style(s, SCREEN_PLAIN);
  putchar('\n');
}

const char *screen_legend(const screen *s) {
  return s->colour ? "red and underlined" : "[-in brackets-]";
}
