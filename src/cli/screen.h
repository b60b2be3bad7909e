/* Lines of text on the standard output in which some parts are marked: in colour on a terminal (unless NO_COLOR is set or
   the terminal is dumb), elsewhere in [-brackets-]. Nothing of the text is sent that a terminal would obey: line feeds and
   tabs are shown as symbols, other control characters and what is not UTF-8 as \x1B. On a terminal a line is cut where its
   width ends.

   Usage:
       screen s;
       screen_init(&s, false);
       screen_begin(&s, "  0: ");
       screen_put(&s, text, bytes, marked); ...
       screen_end(&s); */
#ifndef HEADRACE_CLI_SCREEN_H
#define HEADRACE_CLI_SCREEN_H

#include "cli.h"

typedef struct screen {
  bool colour, utf8;
  int columns;    /* a line is cut behind so many; 0: never */
  int column;     /* of the line at hand: so many are filled */
  bool cut;       /* it was: nothing more is printed of it */
  bool words;     /* it has a word already */
  unsigned style; /* of what was printed last */
  char held[4];   /* the beginning of a character */
  size_t num_held;
} screen;

/* whole: lines are never cut. */
void screen_init(screen *s, bool whole);

/* The label is printed as it is. */
void screen_begin(screen *s, const char *label);

/* Text of UTF-8, which may end within a character. */
void screen_put(screen *s, const char *text, size_t bytes, bool marked);

/* The text is at its end: a character that was begun is none. */
void screen_flush(screen *s);

/* What is no text, in the place of a token: <50256>. */
void screen_put_symbol(screen *s, const char *symbol, bool marked);

/* Where a text begins or ends: blanks there are seen. */
void screen_put_border(screen *s);

/* A word of ASCII, with a blank before it if it is not the line's first. */
void screen_put_word(screen *s, const char *word, bool marked);

void screen_end(screen *s);

/* How marked text looks: "underlined", "[-in brackets-]". */
const char *screen_legend(const screen *s);

#endif
