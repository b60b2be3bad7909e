#include <headrace/headrace.h>

int other_version(void);

int other_version(void) {
  return batch_version_number() != HEADRACE_VERSION;
}
