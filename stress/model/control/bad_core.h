/* The control of scripts/check-core: one fault of each kind. */
#ifndef HEADRACE_STRESS_BAD_CORE_H
#define HEADRACE_STRESS_BAD_CORE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

typedef struct pair {
  uint64_t first, second;
} pair;

static _Atomic uint64_t word;
static _Atomic struct both { uint64_t first, second; } two;

static inline void bad(pair *to, const pair *from) {
  memcpy(to, from, sizeof *to);
  __builtin_prefetch(to);
  __asm__ volatile("" ::: "memory");
  atomic_thread_fence(memory_order_seq_cst);
  atomic_store(&word, 1);
  word++;
}

#endif
