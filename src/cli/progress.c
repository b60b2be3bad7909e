#include "progress.h"

#include <langinfo.h>
#include <locale.h>
#include <stdio.h>
#include <string.h>

#include "cli.h"
#include "terminal.h"

#define SECOND UINT64_C(1000000000)
enum { WIDEST_BAR = 40, NARROWEST_BAR = 5, MARGIN = 2 /* of the terminal, behind the text */ };

static uint64_t now(void) {
  return batch_deadline_after(0);
}

static bool terminal_is_utf8(void) {
  return setlocale(LC_CTYPE, "") && strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
}

void progress_start(progress *p, bool quiet) {
  *p = (progress){
      .shown = !quiet, .redraws = terminal_can_redraw(), .utf8 = terminal_is_utf8(), .started = now()};
  if (!p->redraws) p->drawn = p->started; /* no line for what is over soon */
}

double progress_seconds(const progress *p) {
  double seconds = (double)(now() - p->started) * 1e-9;
  return seconds > 1e-6 ? seconds : 1e-6;
}

/* "42 %, waits for data, 2.1 Mtokens/s, 0:31 left, 120 MB/s": what matters most comes first, since a narrow
   terminal cuts the rest off. What is left, nobody knows before anything is done. */
static int describe(const progress *p, char *text, size_t room, double part, uint64_t done, uint64_t total,
                    const char *note) {
  double rate = (double)(done - p->before) / progress_seconds(p);
  if (rate <= 0) return snprintf(text, room, "%3.0f %%  %s", 100 * part, note);
  double left = (double)(total - done) / rate;
  long seconds = left < 359999 ? (long)(left + 0.5) : 359999;
  return snprintf(text, room, "%3.0f %%  %s  %ld:%02ld left  %s/s", 100 * part, note, seconds / 60,
                  seconds % 60, cli_bytes(rate));
}

static void draw_bar(const progress *p, int width, double part) {
  int eighths = (int)(part * width * 8 + 0.5);
  static const char *const blocks[] = {" ", "▏", "▎", "▍", "▌", "▋", "▊", "▉", "█"};
  static const char *const plain[] = {".", ".", ".", ".", ".", ".", ".", ".", "#"};
  const char *const *parts = p->utf8 ? blocks : plain;
  for (int i = 0; i < width; i++, eighths -= 8)
    fputs(parts[eighths >= 8 ? 8 : eighths > 0 ? eighths : 0], stderr);
}

static void draw_line(const progress *p, const char *text, int length, double part) {
  int room = terminal_columns(STDERR_FILENO) - 1 - MARGIN,
      bar = room - length < WIDEST_BAR ? room - length : WIDEST_BAR;
  fputc('\r', stderr);
  if (bar >= NARROWEST_BAR) draw_bar(p, bar, part);
  fprintf(stderr, " %.*s\033[K", room > 0 ? room : 0, text);
  fflush(stderr);
}

bool progress_is_due(const progress *p) {
  return p->shown && now() - p->drawn >= (p->redraws ? SECOND / 10 : 10 * SECOND);
}

void progress_draw(progress *p, uint64_t done, uint64_t total, const char *note) {
  char text[200];
  if (!progress_is_due(p)) return;
  p->drawn = now();
  if (done > total) done = total;
  if (p->before > done) p->before = done;
  double part = total > 0 ? (double)done / (double)total : 1;
  int length = describe(p, text, sizeof text, part, done, total, note);
  if (p->redraws)
    draw_line(p, text, length, part);
  else
    fprintf(stderr, "%s\n", text);
}

void progress_end(progress *p) {
  if (p->shown && p->redraws && p->drawn) fputs("\r\033[K", stderr);
}
