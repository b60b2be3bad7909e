/* Calls that fail on purpose, one in so many, drawn: allocations, mappings, threads, files and descriptors.

   Usage:
       fault_plan plan = {.one_in = 100};
       faults_begin(&plan, seed);       in this thread, and in those that it makes meanwhile, for as long as they live
       ... calls of the library ...
       faults_end();
       atomic_load(&plan.failed)        how many did

   How: the program is linked with --wrap for each of them (CMakeLists.txt), so only its own calls and the library's fail, not
   those inside the C library. */
#ifndef HEADRACE_STRESS_FAULTS_H
#define HEADRACE_STRESS_FAULTS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct fault_plan {
  uint32_t one_in; /* 0: none fails */
  _Atomic uint64_t failed;
} fault_plan;

void faults_begin(fault_plan *plan, uint64_t seed);
void faults_end(void);

/* Between the two nothing fails in this thread, nor in those that it makes then; they may be nested. */
void faults_pause(void);
void faults_resume(void);

/* Whether threads that this one makes can always be made; in them calls fail all the same. */
void faults_spare_threads(bool spare);

/* All that failed since the program began. */
uint64_t faults_all(void);

#endif
