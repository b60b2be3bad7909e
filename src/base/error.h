/* The calling thread's last error, see batch_last_error(). */
#ifndef HEADRACE_BASE_ERROR_H
#define HEADRACE_BASE_ERROR_H

#include "base/fault.h"

/* Records an error and returns its code. The sentence names the function, the argument, its
   value and what was expected. What it quotes may be anything, see printable_copy; it is cut at 1023
   bytes. Arguments may be an older sentence. Without memory the code must do. */
__attribute__((format(printf, 2, 3))) batch_status error_set(batch_status code, const char *format, ...);

/* As error_set, at the price of a few stores: for ordinary outcomes that callers may meet in a loop.
   Both are string literals; the sentence "function: what" is put together when somebody reads it. */
batch_status error_note(batch_status code, const char *function, const char *what);

/* Puts "function: " before the last error's sentence, which had no name: of the public function that the user
   called, by that one. Returns false. */
bool error_name(const char *function);

/* Keeps the last error, and puts it back: around what may fail inside a call that succeeds all the same. */
void error_keep(fault *kept);
void error_put_back(const fault *kept);

/* As error_set, for functions that answer with a bool or a pointer. */
#define error_fail(...) (error_set(__VA_ARGS__), false)
#define error_null(...) (error_set(__VA_ARGS__), NULL)

/* Ends the process over a programming error that cannot be survived. */
__attribute__((format(printf, 1, 2), noreturn)) void error_abort(const char *format, ...);

/* Marks what runs only when something has to be waited for or went wrong: kept out of the fast paths. */
#define COLD __attribute__((noinline, cold))

#endif
