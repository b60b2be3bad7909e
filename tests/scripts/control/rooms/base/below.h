/* The other header, which is fine by itself. */
#ifndef CONTROL_UPWARD_H
#define CONTROL_UPWARD_H

#include "sync/anything.h"

#endif
