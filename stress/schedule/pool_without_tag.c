/* A control of proof_resize: a pool whose stack has a tag of one bit, which two pops bring back. */
#define STACK_TAG_BITS 1

#include "schedule/inside_pool.c"
