/* What both back ends of port.h share. */
#ifndef HEADRACE_SYNC_PORT_COMMON_H
#define HEADRACE_SYNC_PORT_COMMON_H

#include <stdint.h>
#include <time.h>

static inline struct timespec port_timespec(uint64_t nanoseconds) {
  return (struct timespec){.tv_sec = (time_t)(nanoseconds / 1000000000u),
                           .tv_nsec = (long)(nanoseconds % 1000000000u)};
}

#endif
