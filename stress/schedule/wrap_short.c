#include <stddef.h>

#define RING_TURN_BITS 4
#define WRAP_RING      wrap_short_ring
#include "schedule/wrap_template.h"
