#define NOTIFY(event, n) (void)(event), (void)(n)
#include "queue_bare_ring.h"

const queue_peer queue_headrace_ring = {
    "headrace-ring", "ours: the ring alone", true, true, create, free, queue_put, queue_take,
    QUEUE_TRY_LOOPS, QUEUE_WAIT_LOOPS};
