#include "base/polled.h"

#include <errno.h>
#include <string.h>

#include "base/error.h"

static batch_status no_descriptor(const char *function, int error) {
  return error_set(error == ENOMEM ? BATCH_ERROR_OUT_OF_MEMORY : BATCH_ERROR_IO,
                   "%s: no descriptor to poll: %s", function, strerror(error));
}

int polled_fd(const char *function, event *e) {
  int number = port_descriptor(&e->descriptor, function);
  if (number < 0) no_descriptor(function, -number);
  return number < 0 ? -1 : number;
}

typedef struct polled {
  polled_look *look;
  void *object;
  batch_status answer;
} polled;

static bool look_again(void *context) {
  polled *p = context;
  p->answer = p->look(p->object);
  return p->answer != BATCH_OK;
}

static batch_status arm(const char *function, event *e, polled *p) {
  int number = port_descriptor(&e->descriptor, function);
  if (number < 0) return no_descriptor(function, -number);
  int error = event_arm(e, look_again, p);
  if (error != 0)
    return error_set(BATCH_ERROR_IO,
                     "%s: descriptor %d cannot be read, expected that nobody else closes it: %s", function,
                     number, strerror(error));
  if (p->answer == BATCH_READY) error_note(BATCH_READY, function, "there is something already");
  return BATCH_OK;
}

bool polled_arm(const char *function, event *e, polled_look *look, void *object, batch_status *found) {
  polled p = {look, object, BATCH_OK};
  batch_status answer = arm(function, e, &p);
  *found = answer == BATCH_OK ? p.answer : answer;
  return answer == BATCH_OK;
}
