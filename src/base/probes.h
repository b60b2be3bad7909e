/* Places that a tracer can look at while the program runs: probes of the provider `headrace`, for bpftrace, SystemTap,
   perf and gdb. docs/tracing.md lists them with their arguments; tests/scripts/probes.sh holds it against the library.

   A probe is one nop where nobody looks, and a note in the library that says where its arguments lie. So an argument is a
   value that is there anyway: nothing is computed or read for it. Without HEADRACE_WITH_USDT there is nothing at all. */
#ifndef HEADRACE_BASE_PROBES_H
#define HEADRACE_BASE_PROBES_H

#ifdef HEADRACE_WITH_USDT
#include <sys/sdt.h>
#ifdef __clang__ /* it warns where a probe stands of what sys/sdt.h does */
#pragma clang diagnostic ignored "-Wgnu-zero-variadic-macro-arguments"
#endif
#define PROBE1(name, a)          STAP_PROBE1(headrace, name, a)
#define PROBE2(name, a, b)       STAP_PROBE2(headrace, name, a, b)
#define PROBE3(name, a, b, c)    STAP_PROBE3(headrace, name, a, b, c)
#define PROBE4(name, a, b, c, d) STAP_PROBE4(headrace, name, a, b, c, d)
#else
#define PROBE1(name, a)          ((void)sizeof(a))
#define PROBE2(name, a, b)       ((void)(sizeof(a) + sizeof(b)))
#define PROBE3(name, a, b, c)    ((void)(sizeof(a) + sizeof(b) + sizeof(c)))
#define PROBE4(name, a, b, c, d) ((void)(sizeof(a) + sizeof(b) + sizeof(c) + sizeof(d)))
#endif

#endif
