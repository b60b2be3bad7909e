/* The soak: hands, threads that play one scene after the other for hours, all at the same time in one process. A scene makes
   something of the library's, uses it as hard as it can, checks every answer and frees it. At rests, some times a minute,
   all hands have put down what they had: then what the process has left is looked at. */
#ifndef HEADRACE_STRESS_SOAK_H
#define HEADRACE_STRESS_SOAK_H

#include <headrace/headrace.h>
#include <inttypes.h>
#include <stdatomic.h>

#include "soak/faults.h"
#include "support/stress.h"

/* What is counted. */
typedef enum soak_kind {
  SOAK_BATCHES,   /* of loaders, every id as the reference has it */
  SOAK_LOADERS,   /* made */
  SOAK_RESUMED,   /* of these, from a state */
  SOAK_REPLAYED,  /* steps */
  SOAK_QUEUES,    /* made, closed, drained */
  SOAK_PASSED,    /* batches through queues */
  SOAK_POOLS,     /* made, closed, freed */
  SOAK_RESIZED,   /* times */
  SOAK_ALLOCATED, /* batches of pools */
  SOAK_SPHERES,   /* started and stopped */
  SOAK_PROCESSED, /* batches by spheres */
  SOAK_POLLED,    /* descriptors, until they were readable */
  SOAK_CUT,       /* files truncated under a loader */
  SOAK_CUT_ROWS,  /* rows that were a fault for it */
  SOAK_REPLACED,  /* files */
  SOAK_TEXTS,     /* tokenized on the fly */
  SOAK_WRITTEN,   /* runs of a writer, read back */
  SOAK_TOKENIZED, /* runs that were stopped and went on, read back */
  SOAK_OPENED,    /* datasets */
  SOAK_SAVED,     /* states */
  SOAK_FORKS,     /* children that used what they inherited */
  SOAK_COMMANDS,  /* runs of the command */
  SOAK_SIGNALS,   /* handled */
  SOAK_THREADS,   /* that came and went */
  SOAK_FAULTS,    /* calls that failed on purpose */
  SOAK_REFUSED,   /* calls of the library that said so */
  SOAK_KINDS
} soak_kind;

extern const char *const soak_kind_names[SOAK_KINDS];

void soak_count(soak_kind kind, uint64_t n);
uint64_t soak_counted(soak_kind kind);

/* A thread that plays scenes. */
typedef struct hand {
  unsigned number;
  uint64_t random;
  fault_plan faults;  /* of the scene at hand; its threads, and the library's that they make, have it too */
  const char *folder; /* of its own */
} hand;

uint32_t hand_below(hand *h, uint32_t limit);
/* True once in n times. */
bool hand_once_in(hand *h, uint32_t n);

/* Makes a path in the hand's folder; good for four more calls of the same thread. */
const char *hand_path(const hand *h, const char *name);

/* Says what the hand does next, for the watch: before whatever may hang. */
void hand_step(hand *h, const char *step);

/* What a call of the library has answered. Returns `good`; where it is not, some call must have failed on purpose in this
   scene, or the soak fails. */
bool hand_allows(hand *h, bool good, const char *call);

/* stress_start and stress_join, whatever fails on purpose. */
void hand_start(hand *h, stress_thread *team, unsigned n, const char *name, void (*run)(stress_thread *self),
                void *context);
void hand_join(hand *h, stress_thread *team, unsigned n);

/* Whether a scene should come to its end: all are to rest, or the time is over. */
bool soak_is_ending(void);

/* What was written, when nobody uses it. */
void soak_remove_folders(void);

/* The scenes. Each is short, some hundredths of a second, but for the trainer's, which lasts until a rest. */
void scene_train(hand *h);
void scene_loader(hand *h);
void scene_queue(hand *h);
void scene_pool(hand *h);
void scene_spheres(hand *h);
void scene_shared(hand *h);
void scene_files(hand *h);
void scene_text(hand *h);
void scene_open(hand *h);
void scene_state(hand *h);
void scene_writer(hand *h);
void scene_tokenize(hand *h);
void scene_fork(hand *h);
void scene_command(hand *h);
void scene_signals(hand *h);

/* What all hands share for the whole time, and its account: see shared.c. */
void shared_begin(unsigned hands);
void shared_check_rest(void);
void shared_end(void);

/* The signal handler and what scene_signals sends to. */
void signals_begin(unsigned hands);
void signals_hand(unsigned number);

/* The file of the tokenizer for text, NULL: bytes. */
void text_begin(const char *path);

/* The command, NULL: none; makes what its runs are compared with. */
void command_begin(const char *path, const char *folder);

/* Sleeps so long, less than a second, or until a signal comes. */
void soak_pause(uint32_t microseconds);

/* Small batches with an id. */
Batch *soak_batch(uint64_t id);

#endif
