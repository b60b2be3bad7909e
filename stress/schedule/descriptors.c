#include "schedule/descriptors.h"

#include <stdint.h>

#include "schedule/fibers.h"
#include "schedule/port_scheduled.h"

enum { DESCRIPTORS = 256 };

/* Operators on them are no schedule points. */
typedef struct descriptor {
  _Atomic uint32_t readable;
  _Atomic unsigned tells, drains;
  _Atomic bool open;
} descriptor;

static descriptor descriptors[DESCRIPTORS];
static _Atomic uint32_t made;

static descriptor *descriptor_of(_Atomic uint32_t *word) {
  return &descriptors[*word % DESCRIPTORS];
}

int port_descriptor(_Atomic uint32_t *word, const char *function) {
  (void)function;
  if (*word == 0) {
    *word = ++made % DESCRIPTORS ? made : ++made;
    descriptor *d = descriptor_of(word);
    d->readable = 0;
    d->tells = d->drains = 0;
    d->open = true;
  }
  return (int)(*word % DESCRIPTORS);
}

void port_tell(_Atomic uint32_t *word) {
  schedule_point(SCHEDULE_STEP(SCHEDULE_TELL, word));
  if (*word == 0) return;
  descriptor *d = descriptor_of(word);
  d->readable = 1;
  d->tells++;
  if (schedule_mine) schedule_mine->wake(&d->readable, FIBERS_MAX);
}

int port_drain(_Atomic uint32_t *word) {
  schedule_point(SCHEDULE_STEP(SCHEDULE_DRAIN, word));
  descriptor_of(word)->drains++;
  descriptor_of(word)->readable = 0;
  return 0;
}

void port_descriptor_close(_Atomic uint32_t *word) {
  if (*word != 0) descriptor_of(word)->open = false;
  *word = 0;
}

void descriptors_begin(void) {
  for (unsigned i = 0; i < DESCRIPTORS; i++) descriptors[i].open = false;
}

void descriptor_poll(int number) {
  if (descriptors[number].readable == 0) port_wait(&descriptors[number].readable, 0, UINT64_MAX);
}

bool descriptors_told_too_often(void) {
  for (unsigned i = 0; i < DESCRIPTORS; i++)
    if (descriptors[i].open && descriptors[i].tells > descriptors[i].drains) return true;
  return false;
}
