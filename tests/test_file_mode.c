/* A file that is to have a mode, where the system refuses to change it: it keeps its own, unless that lets do more. */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "support/failing_calls.h"
#include "support/watchdog.h"

TestSuite(file_mode, .init = watchdog_on);

/* A file that nobody else sees, of mode 0640. */
static int make_file(void) {
  char name[] = "/tmp/headrace-test-XXXXXX";
  int fd = mkstemp(name);
  cr_assert(fd >= 0 && unlink(name) == 0 && fchmod(fd, 0640) == 0);
  return fd;
}

/* What file_set_mode says where fchmod fails with `number`: 0 or its errno. */
static int refused_with(int number, mode_t wanted) {
  int fd = make_file();
  calls_fail_at("fchmod", 1, number);
  int answer = file_set_mode(fd, wanted) == 0 ? 0 : errno;
  cr_assert(calls_end());
  close(fd);
  return answer;
}

static const int cannot[] = {EPERM, ENOSYS, EOPNOTSUPP};

Test(file_mode, is_what_it_was_made_with_where_it_cannot_be_changed) {
  for (size_t i = 0; i < sizeof cannot / sizeof *cannot; i++) {
    cr_expect_eq(refused_with(cannot[i], 0640), 0);
    cr_expect_eq(refused_with(cannot[i], 0644), 0);
    cr_expect_eq(refused_with(cannot[i], 0777), 0);
  }
}

Test(file_mode, never_lets_do_more_than_was_asked_for) {
  static const mode_t wanted[] = {0600, 0440, 0604, 0};
  for (size_t i = 0; i < sizeof cannot / sizeof *cannot; i++)
    for (size_t k = 0; k < sizeof wanted / sizeof *wanted; k++)
      cr_expect_eq(refused_with(cannot[i], wanted[k]), cannot[i], "%o", wanted[k]);
}

Test(file_mode, that_fails_otherwise_is_an_error) {
  cr_expect_eq(refused_with(EIO, 0644), EIO);
  cr_expect_eq(refused_with(EROFS, 0640), EROFS);
}

Test(file_mode, is_changed_where_it_can_be) {
  struct stat status;
  int fd = make_file();
  cr_assert_eq(file_set_mode(fd, 0604), 0);
  cr_assert_eq(fstat(fd, &status), 0);
  cr_expect_eq(status.st_mode & 07777, 0604);
  close(fd);
}
