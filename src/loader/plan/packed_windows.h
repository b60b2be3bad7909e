/* Windows of documents (pack_window.h) that are packed, shared by all threads that need rows of them.

   A window is packed by whoever needs it first; others who need the same, or another one, wait meanwhile, which takes
   milliseconds. It stays as long as somebody has it pinned, and some time longer; one that has gone is packed again, so
   nothing depends on what is here but how long it takes.

   Threads: any number, but for init and free. A lock is taken for a moment, and never while something is packed. */
#ifndef HEADRACE_LOADER_PLAN_PACKED_WINDOWS_H
#define HEADRACE_LOADER_PLAN_PACKED_WINDOWS_H

#include <pthread.h>
#include <stdatomic.h>

#include "loader/plan/pack_window.h"

typedef enum packed_state { PACKED_NOTHING, PACKED_SOON, PACKED } packed_state;

typedef struct packed_window {
  pack_table table;
  uint32_t documents; /* that it was packed from */
  /* The store's, under its lock but for the unpinning. */
  struct packed_window *next;
  packed_state state;
  pack_window_key key;
  uint64_t used; /* when last */
  _Atomic uint32_t pins;
} packed_window;

typedef struct packed_count {
  uint64_t rows;
  uint32_t documents;
} packed_count;

typedef struct packed_windows {
  const plan *plan;
  pthread_mutex_t lock;
  pthread_cond_t packed; /* a window was, or could not be */
  packer packer;
  bool packing; /* somebody has the packer */
  packed_window *windows;
  uint64_t now;
} packed_windows;

/* With room for `count` windows; more is made when so many are pinned. Sets an error, without a function's name; free also
   then. */
bool packed_windows_init(packed_windows *w, const plan *p, uint32_t count);

/* In a forked child too, whatever the parent's threads were at. */
void packed_windows_free(packed_windows *w);

/* The window, packed if it is not there; it stays until packed_window_unpin. NULL with an error when it cannot be. */
packed_window *packed_windows_pin(packed_windows *w, const pack_window_key *key);

/* What is in the window, packed if it is not there. Nothing is pinned: so who only counts needs no room beside what the
   readers have pinned and what is being packed. False with an error. */
bool packed_windows_count(packed_windows *w, const pack_window_key *key, packed_count *count);

/* Takes no lock: a child may do it that was forked while somebody had it. */
void packed_window_unpin(packed_window *window);

/* Whether it is there, or will be soon. */
bool packed_windows_have(packed_windows *w, const pack_window_key *key);

#endif
