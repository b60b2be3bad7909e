#include <stddef.h>

#define RING_TURN_BITS 4
#define WRAP_RING      wrap_unrenewed_ring
#define WRAP_FLAW      PUSH_IN_EVERY_TURN
#include "schedule/wrap_template.h"
