#include "progress.h"

#include <headrace/base.h>
#include <langinfo.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum { TEXT = 70, BAR = 10 }; /* columns */

double progress_clock(void) {
  return (double)batch_deadline_after(0) * 1e-9;
}

/* Whether stdout is a terminal that can go back in a line. */
static bool can_redraw(void) {
  const char *terminal = getenv("TERM");
  return isatty(STDOUT_FILENO) && terminal && *terminal && strcmp(terminal, "dumb") != 0;
}

progress progress_start(uint64_t steps) {
  setlocale(LC_CTYPE, "");
  progress p = {.terminal = can_redraw(), .steps = steps, .started = progress_clock()};
  p.shown = p.started;
  return p;
}

static int terminal_width(void) {
  struct winsize size;
  return ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

static bool utf8(void) {
  return strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
}

static void draw_bar(const progress *p, uint64_t step) {
  uint64_t full = p->steps ? step * BAR / p->steps : 0;
  for (uint64_t i = 0; i < BAR; i++) fputs(i < full ? (utf8() ? "━" : "=") : (utf8() ? "╌" : "."), stdout);
}

/* The losses so far, each as high as it lies between the smallest and the largest. */
static void draw_curve(const progress *p) {
  static const char *const blocks[] = {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
  double low = p->curve[0], high = low;
  if (!utf8()) return;
  for (int i = 1; i < PROGRESS_LOSSES && p->in_curve[i] > 0; i++) {
    if (p->curve[i] < low) low = p->curve[i];
    if (p->curve[i] > high) high = p->curve[i];
  }
  for (int i = 0; i < PROGRESS_LOSSES && p->in_curve[i] > 0; i++)
    fputs(blocks[high > low ? (int)((p->curve[i] - low) / (high - low) * 7.99) : 7], stdout);
}

static const char *who_waits(const batch_loader_stats *stats) {
  if (strcmp(stats->bottleneck, "data") == 0) return "trainer waits for data";
  if (strcmp(stats->bottleneck, "trainer") == 0) return "data waits for trainer";
  return "nobody waits";
}

static void draw(const progress *p, uint64_t step, double loss, uint64_t tokens,
                 const batch_loader_stats *stats) {
  double rate = (double)tokens / (progress_clock() - p->started) / 1e6;
  int room = p->terminal ? terminal_width() - TEXT : 0;
  if (p->terminal) fputs("\r\033[K", stdout);
  if (room >= BAR) draw_bar(p, step);
  printf(" step %llu/%llu  loss %.3f  %.2f Mtokens/s  %s  ", (unsigned long long)step,
         (unsigned long long)p->steps, loss, rate, who_waits(stats));
  if (room >= BAR + PROGRESS_LOSSES) draw_curve(p);
  if (!p->terminal) putchar('\n');
  fflush(stdout);
}

void progress_step(progress *p, uint64_t step, double loss, uint64_t tokens,
                   const batch_loader_stats *stats) {
  uint64_t at = p->steps ? (step - 1) * PROGRESS_LOSSES / p->steps : 0;
  if (at >= PROGRESS_LOSSES) at = PROGRESS_LOSSES - 1;
  p->curve[at] += (loss - p->curve[at]) / (double)++p->in_curve[at];
  double now = progress_clock();
  if (step > 1 && step < p->steps && now - p->shown < (p->terminal ? 0.1 : 2.0)) return;
  p->shown = now;
  draw(p, step, loss, tokens, stats);
}

void progress_end(progress *p) {
  if (p->terminal) putchar('\n');
}
