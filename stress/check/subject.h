/* The queues whose histories are recorded, behind one face. */
#ifndef HEADRACE_STRESS_CHECK_SUBJECT_H
#define HEADRACE_STRESS_CHECK_SUBJECT_H

#include "check/history.h"

typedef uintptr_t subject_element; /* 0: none */

typedef struct subject subject;
struct subject {
  const char *name;
  unsigned variant; /* for create */
  bool unlimited;   /* capacity 0 is fine */
  bool waits;       /* deadlines other than SUBJECT_NO_WAIT are obeyed */
  void *(*create)(unsigned variant, uint32_t capacity, uint64_t *random);
  void (*destroy)(void *queue);
  /* Elements are made before a call and read and dropped after it, outside its stamps. */
  subject_element (*make)(uint32_t value);
  uint32_t (*value_of)(subject_element element);
  void (*drop)(subject_element element);
  history_result (*push)(void *queue, subject_element element, uint64_t deadline);
  /* *pushed of k, in one step where it does not wait; the answer is about all, or about the next one. */
  history_result (*push_many)(void *queue, const subject_element *elements, uint32_t k, uint64_t deadline,
                              uint32_t *pushed);
  history_result (*pop)(void *queue, subject_element *element, uint64_t deadline);
  history_result (*pop_many)(void *queue, subject_element *elements, uint32_t k, uint32_t *taken);
  history_result (*peek)(void *queue, subject_element *element);
  history_result (*close)(void *queue);
};

#define SUBJECT_NO_WAIT ((uint64_t)0)
#define SUBJECT_FOREVER UINT64_MAX

extern const subject subject_ring;  /* sync/ring.h, turns and positions about to wrap in two of three */
extern const subject subject_queue; /* batch_queue_* */

/* Queues that are wrong, each in one way: the control. */
extern const subject wrong_subjects[];
extern const unsigned wrong_subjects_count;

/* Elements that are the value itself. */
subject_element subject_plain_make(uint32_t value);
uint32_t subject_plain_value(subject_element element);
void subject_plain_drop(subject_element element);

#endif
