/* What the port waits for: lower bounds only, which hold on a busy machine too. */
#include "sync/port.h"

#include <unistd.h>

#include "support/check.h"
#include "support/watchdog.h"

TestSuite(sync_port, .init = watchdog_on);

enum { NANOSECONDS = 200000 };

static uint64_t time_of_lingering(port_crowd *crowd) {
  uint64_t begin = port_clock();
  port_linger(crowd, NANOSECONDS);
  return port_clock() - begin;
}

Test(sync_port, who_lingers_alone_waits_for_half_of_the_time_at_least) {
  port_crowd crowd = {0};
  for (int i = 0; i < 20; i++) cr_assert_geq(time_of_lingering(&crowd), NANOSECONDS / 2);
}

Test(sync_port, who_lingers_in_a_crowd_waits_for_each_one_that_can_be_running) {
  long processors = sysconf(_SC_NPROCESSORS_ONLN);
  for (long others = 0; others < processors + 2; others++) {
    port_crowd crowd = {(uint32_t)others};
    long running = others + 1 < processors ? others + 1 : processors;
    cr_assert_geq(time_of_lingering(&crowd), (uint64_t)running * (NANOSECONDS / 2));
  }
}

Test(sync_port, who_has_lingered_leaves_the_crowd) {
  port_crowd crowd = {3};
  port_linger(&crowd, 1);
  cr_assert_eq(crowd.waiting, 3);
}
