#include <stddef.h>

#define RING_TURN_BITS 2
#define STACK_TAG_BITS 2
#define WRAP_RING      wrap_narrow_ring
#define WRAP_STACK     wrap_narrow_stack
#include "schedule/wrap_template.h"
