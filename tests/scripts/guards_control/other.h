/* A control of guards.sh: two headers with one guard. */
#ifndef HEADRACE_GUARDS_CONTROL_H
#define HEADRACE_GUARDS_CONTROL_H

#endif
