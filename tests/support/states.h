/* States of loaders that are undamaged and say what no loader says.

   Usage:
       state.row = UINT64_MAX;
       state.check = check_of_state(&state); */
#ifndef HEADRACE_TESTS_STATES_H
#define HEADRACE_TESTS_STATES_H

#include <headrace/headrace.h>

/* What the check of a state with these numbers must be. */
uint64_t check_of_state(const batch_loader_state *s);

#endif
