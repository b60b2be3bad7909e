/* What the tests' support asks of Criterion, for targets: a claim that does not hold ends the program. */
#ifndef HEADRACE_FUZZ_CRITERION_H
#define HEADRACE_FUZZ_CRITERION_H

#include <stdlib.h>
#include <string.h>

#include "support/fuzz.h"

/* The messages that follow a claim are left out. */
#define CR_CLAIM(claim, ...)             ((claim) ? (void)0 : fuzz_fail("%s:%d: not so: %s", __FILE__, __LINE__, #claim))
#define CR_COMPARE(operation, a, b, ...) CR_CLAIM((a)operation(b), 0)

#define cr_assert(...)          CR_CLAIM(__VA_ARGS__, 0)
#define cr_assert_null(...)     CR_CLAIM(!__VA_ARGS__, 0)
#define cr_assert_not_null(...) CR_CLAIM(__VA_ARGS__, 0)
#define cr_assert_eq(...)       CR_COMPARE(==, __VA_ARGS__, 0)
#define cr_assert_leq(...)      CR_COMPARE(<=, __VA_ARGS__, 0)
#define cr_assert_geq(...)      CR_COMPARE(>=, __VA_ARGS__, 0)
#define cr_assert_lt(...)       CR_COMPARE(<, __VA_ARGS__, 0)
#define cr_assert_gt(...)       CR_COMPARE(>, __VA_ARGS__, 0)

#define CR_DIFFER(a, b, ...)   CR_CLAIM(strcmp(a, b) != 0, 0)
#define cr_assert_str_neq(...) CR_DIFFER(__VA_ARGS__, 0)

#endif
