/* The descriptors of sync/port.h in a build with schedule points: who polls sleeps as on a futex, and all who do are
   woken. */
#ifndef HEADRACE_STRESS_DESCRIPTORS_H
#define HEADRACE_STRESS_DESCRIPTORS_H

#include <stdbool.h>

/* Forgets all descriptors; before a run. */
void descriptors_begin(void);

/* Waits until the descriptor that port_descriptor returned is readable, or for no reason no longer. */
void descriptor_poll(int number);

/* Whether one that is open has been made readable more often than it was drained: more than once each time that it
   was armed. */
bool descriptors_told_too_often(void);

#endif
