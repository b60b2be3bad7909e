/* The control of rooms.sh: a room that includes one above it. */
#include "core/high.h"
