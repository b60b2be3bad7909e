#include "core/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "sync/port.h"

static _Thread_local char sentence[1024];
static _Thread_local batch_error last_error = {BATCH_OK, ""};
/* The parts of a sentence that error_note left to be put together; NULL: there are none. */
static _Thread_local const char *noted_function, *noted_what;

const batch_error *batch_last_error(void) {
  if (noted_function) error_set(last_error.code, "%s: %s", noted_function, noted_what);
  return &last_error;
}

batch_status error_set(batch_status code, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(sentence, sizeof sentence, format, arguments);
  va_end(arguments);
  last_error = (batch_error){code, sentence};
  noted_function = NULL;
  return code;
}

batch_status error_note(batch_status code, const char *function, const char *what) {
  last_error.code = code;
  noted_function = function;
  noted_what = what;
  return code;
}

void error_abort(const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  fputs("headrace: ", stderr);
  vfprintf(stderr, format, arguments);
  fputc('\n', stderr);
  va_end(arguments);
  abort();
}

const char *batch_status_name(batch_status status) {
  static const char *const names[] = {
      [BATCH_OK] = "OK",
      [BATCH_FULL] = "FULL",
      [BATCH_EMPTY] = "EMPTY",
      [BATCH_CLOSED] = "CLOSED",
      [BATCH_TIMEDOUT] = "TIMEDOUT",
      [BATCH_END] = "END",
      [BATCH_INVALID_ARGUMENT] = "INVALID_ARGUMENT",
      [BATCH_OVERFLOW] = "OVERFLOW",
      [BATCH_OUT_OF_MEMORY] = "OUT_OF_MEMORY",
      [BATCH_OUT_OF_RANGE] = "OUT_OF_RANGE",
      [BATCH_IO_ERROR] = "IO_ERROR",
      [BATCH_FORMAT_ERROR] = "FORMAT_ERROR",
      [BATCH_UNSUPPORTED] = "UNSUPPORTED",
  };
  if ((unsigned)status >= sizeof names / sizeof *names) return "?";
  return names[status];
}

#define TEXT_OF(x) #x
#define TEXT(x)    TEXT_OF(x)
#define VERSION_TEXT                                                                                         \
  TEXT(HEADRACE_VERSION_MAJOR) "." TEXT(HEADRACE_VERSION_MINOR) "." TEXT(HEADRACE_VERSION_PATCH)

const char *batch_version(void) {
  return VERSION_TEXT;
}

uint64_t batch_deadline_after(uint64_t nanoseconds) {
  uint64_t now = port_clock();
  return nanoseconds > UINT64_MAX - now ? BATCH_FOREVER : now + nanoseconds;
}
