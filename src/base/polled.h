/* What queues, pools and loaders answer to who polls the descriptor of one of their events. */
#ifndef HEADRACE_BASE_POLLED_H
#define HEADRACE_BASE_POLLED_H

#include <headrace/base.h>

#include "sync/event.h"

/* BATCH_OK: there is nothing yet, by seq_cst loads (event.h). BATCH_READY: there may be something. Else what ends
   the waiting for good. It takes nothing. */
typedef batch_status polled_look(void *object);

/* Returns the descriptor, made at the first call; -1 with an error in the name of `function`. */
int polled_fd(const char *function, event *e);

/* Arms it. *found is what look(object) found then; it is left to the caller to say why where that ends the waiting.
   False: not armed, *found is the error's code. */
bool polled_arm(const char *function, event *e, polled_look *look, void *object, batch_status *found);

#endif
