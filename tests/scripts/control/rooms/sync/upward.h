/* A control of guards.sh and rooms.sh: has the guard of base/below.h, and includes what is above its room. */
#ifndef CONTROL_UPWARD_H
#define CONTROL_UPWARD_H

#include "base/below.h"

#endif
