#include "core/high.h"
