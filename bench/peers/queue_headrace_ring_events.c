#define NOTIFY(event, n) event_notify(event, n)
#include "queue_bare_ring.h"

const queue_peer queue_headrace_ring_events = {"headrace-ring+events",
                                               "ours: ring + notifications",
                                               true,
                                               true,
                                               create,
                                               free,
                                               queue_put,
                                               queue_take,
                                               QUEUE_TRY_LOOPS,
                                               QUEUE_WAIT_LOOPS};
