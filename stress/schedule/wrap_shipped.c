#include <stddef.h>

#define WRAP_RING  wrap_ring
#define WRAP_STACK wrap_stack
#include "schedule/wrap_template.h"
