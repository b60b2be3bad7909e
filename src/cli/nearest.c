#include "nearest.h"

#include <ctype.h>
#include <limits.h>
#include <stdbool.h>
#include <string.h>
#include <strings.h>

enum { LONGEST = 31 };

static int plain(char letter) {
  return letter == '_' ? '-' : tolower((unsigned char)letter);
}

static unsigned least(unsigned a, unsigned b) {
  return a < b ? a : b;
}

/* rows: how far the first i - 2, i - 1 and i letters of a are from the first 0 to n of b; fills the last one. */
static void next_row(const char *a, size_t i, const char *b, size_t n, unsigned rows[3][LONGEST + 1]) {
  rows[2][0] = (unsigned)i;
  for (size_t j = 1; j <= n; j++) {
    bool same = plain(a[i - 1]) == plain(b[j - 1]);
    unsigned distance = least(rows[1][j - 1] + !same, least(rows[1][j], rows[2][j - 1]) + 1);
    if (i > 1 && j > 1 && plain(a[i - 1]) == plain(b[j - 2]) && plain(a[i - 2]) == plain(b[j - 1]))
      distance = least(distance, rows[0][j - 2] + 1);
    rows[2][j] = distance;
  }
}

unsigned nearest_distance(const char *a, const char *b) {
  size_t m = strlen(a), n = strlen(b);
  unsigned rows[3][LONGEST + 1] = {{0}};
  if (m > LONGEST || n > LONGEST) return UINT_MAX;
  for (size_t j = 0; j <= n; j++) rows[2][j] = (unsigned)j;
  for (size_t i = 1; i <= m; i++) {
    memmove(rows[0], rows[1], 2 * sizeof *rows);
    next_row(a, i, b, n, rows);
  }
  return rows[2][n];
}

nearest nearest_to(const char *typed) {
  return (nearest){.meant = typed, .distance = UINT_MAX};
}

/* As near as a third of its letters are wrong, as rustc has it, or cut short. */
void nearest_try(nearest *n, const char *word) {
  size_t length = strlen(n->meant);
  unsigned most = length < 3 ? 1 : (unsigned)(length / 3), distance = nearest_distance(n->meant, word);
  if (length >= 2 && strncasecmp(word, n->meant, length) == 0) distance = least(distance, 1);
  if (length == 0 || distance > most || distance >= n->distance) return;
  n->word = word;
  n->distance = distance;
}
