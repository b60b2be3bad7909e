#include "text/pipeline/times.h"

void text_times_add(text_times *sum, const text_times *more) {
  sum->reader += more->reader;
  sum->reader_wait += more->reader_wait;
  sum->workers += more->workers;
  sum->workers_wait += more->workers_wait;
  sum->writer += more->writer;
  sum->writer_wait += more->writer_wait;
}

const char *text_times_bottleneck(const text_times *times) {
  static const char *const names[] = {"reader", "workers", "writer"};
  const double busy[] = {(double)times->reader, (double)times->workers, (double)times->writer},
               waits[] = {(double)times->reader_wait, (double)times->workers_wait,
                          (double)times->writer_wait};
  const char *found = "none";
  double most = 0;
  for (int i = 0; i < 3; i++) {
    double part = times->threads > 0 && busy[i] > 0 ? busy[i] / (busy[i] + waits[i]) : busy[i];
    if (part <= most) continue;
    most = part;
    found = names[i];
  }
  return found;
}
