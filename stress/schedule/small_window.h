/* A window with entries beside its slots, as the loader has it, of which every part can be replaced: what
   proof_window's mutants are made from. The entry of a position holds the position. */
#ifndef HEADRACE_STRESS_SMALL_WINDOW_H
#define HEADRACE_STRESS_SMALL_WINDOW_H

#include "sync/window.h"

enum { SMALL_WINDOW_MOST = 4 };

typedef struct small_window {
  window window;
  _Atomic uint64_t slots[SMALL_WINDOW_MOST], entries[SMALL_WINDOW_MOST];
} small_window;

typedef struct small_window_parts {
  /* Writes the entry, then publishes the position; false: refused. */
  bool (*publish)(small_window *w, uint64_t position, uint32_t handle);
  /* *entry: what was read of the entry. */
  window_status (*take)(small_window *w, window_taken *taken, uint64_t *entry, uint64_t deadline);
  void (*close)(window *w);
  void (*end)(window *w, uint64_t total);
} small_window_parts;

void small_window_init(small_window *w, uint32_t size, uint64_t first, uint64_t total);
void small_window_write(small_window *w, uint64_t position);
uint64_t small_window_read(const small_window *w, uint64_t position);

/* As shipped. */
extern const small_window_parts small_window_shipped;

typedef struct window_mutant {
  const char *name;
  void (*change)(small_window_parts *parts);
} window_mutant;

enum { WINDOW_MUTANTS = 13 };
extern const window_mutant window_mutants[WINDOW_MUTANTS];

#endif
