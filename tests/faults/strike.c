#include <errno.h>
#include <execinfo.h>
#include <unistd.h>

#include "shim.h"

static struct {
  atomic_bool armed;
  faults_call call;
  unsigned n;
  int mode, kind;
  atomic_uint turn;
} plan;

faults_report *faults_report_of_child;

void faults_arm(faults_call call, unsigned n, int mode, int kind) {
  void *frames[FAULTS_FRAMES];
  backtrace(frames, FAULTS_FRAMES); /* loads what it needs */
  plan.call = n > 0 ? call : FAULTS_NONE;
  plan.n = n;
  plan.mode = mode;
  plan.kind = kind;
  plan.armed = true;
}

void faults_disarm(void) {
  plan.armed = false;
}

bool faults_are_armed(void) {
  return plan.armed;
}

/* Who is interrupted again and again gets nowhere: every second call is. */
static bool is_due(unsigned made) {
  if (made < plan.n || (plan.mode == FAULTS_ONCE && made > plan.n)) return false;
  return plan.kind != EINTR || plan.mode == FAULTS_ONCE || plan.turn++ % 2 == 0;
}

bool faults_strike(faults_call call, int *kind) {
  if (!plan.armed) return false;
  unsigned made = ++faults_report_of_child->made[call];
  if (call != plan.call || !is_due(made)) return false;
  if (faults_report_of_child->struck++ == 0)
    faults_report_of_child->frames = backtrace(faults_report_of_child->where, FAULTS_FRAMES);
  if (plan.kind == FAULTS_DIE) _exit(77);
  *kind = plan.kind;
  return true;
}

bool faults_fails(faults_call call) {
  int kind;
  if (!faults_strike(call, &kind) || kind == FAULTS_SHORT) return false;
  errno = kind;
  return true;
}
