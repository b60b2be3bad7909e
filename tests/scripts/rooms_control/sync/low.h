/* The control of rooms.sh: a room that includes one above it, in every way. */
/* clang-format off */
#include "core/high.h"
  # include "core/high.h"
#include <core/high.h>
#include "sync/../core/high.h"
#define HIGH "core/high.h"
#include HIGH
