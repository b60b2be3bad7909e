/* A shared object to preload: calls of the program under it fail on purpose, and what it leaves behind is counted.

   How: the program's main does not run at first. The process reads requests from its standard input, a line each, and
   forks a child for each that runs main with the fault that the line asks for; so loading is paid for once. What became
   of it is a line of JSON on the standard output. tests/faults/faults.py writes the requests:

       FOLDER OUT ERR SECONDS CALL N MODE KIND ARGUMENT...        parted by tabs

   The child's folder, the files that its standard output and error go to, after how many seconds it counts as hanging;
   which call of the list below goes wrong the N-th time (0: none), once or from then on, and how: the number of an
   error, or one of the kinds below. */
#ifndef HEADRACE_TESTS_FAULTS_SHIM_H
#define HEADRACE_TESTS_FAULTS_SHIM_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

/* Kinds that are no error: what is read or written is cut short; the process ends before the call. */
enum { FAULTS_SHORT = -1, FAULTS_DIE = -2 };
enum { FAULTS_ONCE, FAULTS_ON };

/* Calls are counted by what they do, whatever the function is called. A seal is the close of what was written to. */
#define FAULTS_CALLS(X)                                                                                      \
  X(memory)                                                                                                  \
  X(open)                                                                                                    \
  X(read)                                                                                                    \
  X(write)                                                                                                   \
  X(fsync)                                                                                                   \
  X(truncate)                                                                                                \
  X(stat)                                                                                                    \
  X(close)                                                                                                   \
  X(seal)                                                                                                    \
  X(dup)                                                                                                     \
  X(opendir)                                                                                                 \
  X(readdir)                                                                                                 \
  X(rename)                                                                                                  \
  X(link)                                                                                                    \
  X(unlink)                                                                                                  \
  X(mkdir)                                                                                                   \
  X(flock)                                                                                                   \
  X(chmod)                                                                                                   \
  X(realpath)                                                                                                \
  X(mmap)                                                                                                    \
  X(madvise)                                                                                                 \
  X(thread)                                                                                                  \
  X(wait)                                                                                                    \
  X(futex)                                                                                                   \
  X(eventfd)                                                                                                 \
  X(tell)                                                                                                    \
  X(handler)                                                                                                 \
  X(key)                                                                                                     \
  X(system)                                                                                                  \
  X(stream)

#define FAULTS_ENUM(name) FAULTS_##name,
typedef enum faults_call { FAULTS_CALLS(FAULTS_ENUM) FAULTS_NONE } faults_call;

enum { FAULTS_FRAMES = 24, FAULTS_LEFT = 256 };

/* What a child tells: in memory that it shares with the process that made it. */
typedef struct faults_report {
  atomic_uint made[FAULTS_NONE]; /* calls */
  atomic_uint struck;            /* of them, went wrong */
  void *where[FAULTS_FRAMES];    /* the stack of the first that did */
  int frames;
  bool ended; /* main returned, and what follows is filled */
  unsigned blocks, descriptors, threads;
  void *left[FAULTS_LEFT]; /* who allocated the first blocks that are left */
} faults_report;

extern faults_report *faults_report_of_child;

/* Whether the call at hand goes wrong: then *kind is how. Dies there itself. */
bool faults_strike(faults_call call, int *kind);

/* The same for a call that only fails: errno is set. */
bool faults_fails(faults_call call);

/* From here on calls count; none before, and none after. */
void faults_arm(faults_call call, unsigned n, int mode, int kind);
void faults_disarm(void);
bool faults_are_armed(void);

/* Blocks and mappings: of `site`, who asked. */
void faults_remember(void *memory, void *site);
void faults_forget(void *memory);
unsigned faults_blocks(void **left, unsigned most);

extern atomic_int faults_threads; /* made and not joined */

#endif
