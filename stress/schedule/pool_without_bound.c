/* A control of proof_pool_loans: a pool that grows while a loader has it, since it refuses nothing. */
#include "base/error.h"

#undef error_fail
#define error_fail(...) (error_set(__VA_ARGS__), true)

#include "schedule/inside_pool.c"
