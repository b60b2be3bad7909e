#include "base/error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/printable.h"
#include "sync/port.h"
#include "sync/thread.h"

enum { SENTENCE = 1024 };

static _Thread_local batch_error last_error = {BATCH_OK, ""};
/* Not NULL: error_note left "last_error.message: noted" to be put together. */
static _Thread_local const char *noted;
/* [SENTENCE] from malloc, from the thread's first error to its end; NULL before. */
static _Thread_local char *sentence;

static const char no_sentence[] = "no memory for the sentence that says what is wrong";

static thread_key sentence_key;

void batch_clear_error(void) {
  last_error = (batch_error){BATCH_OK, ""};
  noted = NULL;
}

/* The thread ends, perhaps after another destructor that reports errors once more. */
static void forget_sentence(void *mine) {
  batch_clear_error();
  sentence = NULL;
  free(mine);
}

/* Where the thread's sentences go; NULL without memory, or a key to free it by. Leaves errno as it is. Not inlined:
   tools that look for leaks know the block, which stays to the thread's end, by the name. */
COLD static char *own_sentence(void) {
  if (sentence) return sentence;
  int saved = errno;
  char *made = thread_key_make(&sentence_key, forget_sentence) == 0 ? malloc(SENTENCE) : NULL;
  if (made && thread_key_set(&sentence_key, made) != 0) {
    free(made);
    made = NULL;
  }
  errno = saved;
  return sentence = made;
}

/* Formats text for people into to [SENTENCE]. A character that the first buffer's end cuts does not fit into the
   second one. */
static void say(char *to, const char *format, va_list arguments) {
  char raw[SENTENCE + 4];
  vsnprintf(raw, sizeof raw, format, arguments);
  printable_copy(to, SENTENCE, raw);
}

const batch_error *batch_last_error(void) {
  if (!noted) return &last_error;
  const char *what = noted;
  error_set(last_error.code, "%s: %s", last_error.message, what);
  if (!sentence) last_error.message = what;
  return &last_error;
}

batch_status error_set(batch_status code, const char *format, ...) {
  va_list arguments;
  char *mine = own_sentence();
  va_start(arguments, format);
  if (mine) say(mine, format, arguments);
  va_end(arguments);
  last_error = (batch_error){code, mine ? mine : no_sentence};
  noted = NULL;
  return code;
}

bool error_name(const char *function) {
  const batch_error *error = batch_last_error();
  return error_fail(error->code, "%s: %s", function, error->message);
}

void error_keep(fault *kept) {
  const batch_error *error = batch_last_error();
  kept->code = error->code;
  snprintf(kept->message, sizeof kept->message, "%s", error->message);
}

void error_put_back(const fault *kept) {
  if (kept->code == BATCH_OK)
    batch_clear_error();
  else
    error_set(kept->code, "%s", kept->message);
}

batch_status error_note(batch_status code, const char *function, const char *what) {
  last_error = (batch_error){code, function};
  noted = what;
  return code;
}

void error_abort(const char *format, ...) {
  va_list arguments;
  char text[SENTENCE];
  va_start(arguments, format);
  say(text, format, arguments);
  va_end(arguments);
  fprintf(stderr, "headrace: %s\n", text);
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
      [BATCH_READY] = "READY",
      [BATCH_ERROR_INVALID_ARGUMENT] = "ERROR_INVALID_ARGUMENT",
      [BATCH_ERROR_OVERFLOW] = "ERROR_OVERFLOW",
      [BATCH_ERROR_OUT_OF_MEMORY] = "ERROR_OUT_OF_MEMORY",
      [BATCH_ERROR_OUT_OF_RANGE] = "ERROR_OUT_OF_RANGE",
      [BATCH_ERROR_IO] = "ERROR_IO",
      [BATCH_ERROR_FORMAT] = "ERROR_FORMAT",
      [BATCH_ERROR_UNSUPPORTED] = "ERROR_UNSUPPORTED",
  };
  if ((unsigned)status >= sizeof names / sizeof *names || !names[status]) return "?";
  return names[status];
}

#define TEXT_OF(x) #x
#define TEXT(x)    TEXT_OF(x)
#define VERSION_TEXT                                                                                         \
  TEXT(HEADRACE_VERSION_MAJOR) "." TEXT(HEADRACE_VERSION_MINOR) "." TEXT(HEADRACE_VERSION_PATCH)

const char *batch_version(void) {
  return VERSION_TEXT;
}

int batch_version_number(void) {
  return HEADRACE_VERSION;
}

uint64_t batch_deadline_after(uint64_t nanoseconds) {
  uint64_t now = port_clock();
  return nanoseconds > UINT64_MAX - now ? BATCH_FOREVER : now + nanoseconds;
}
