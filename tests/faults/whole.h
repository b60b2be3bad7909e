/* A program that uses all of the library, a part a run: whole PART. Each part says on the standard output what came
   out, which a fault must not change, or on the standard error why not; then it has freed all that it made. */
#ifndef HEADRACE_TESTS_FAULTS_WHOLE_H
#define HEADRACE_TESTS_FAULTS_WHOLE_H

#include <headrace/headrace.h>

enum { ROWS = 4, COLUMNS = 16 };

/* Parts: true, or false with the reason in batch_last_error(). */
bool whole_tensors(void);
bool whole_batches(void);
bool whole_queue(void);
bool whole_unlimited_queue(void);
bool whole_pool(void);
bool whole_arena(void);
bool whole_spheres(void);
bool whole_loader(void);
bool whole_mixed_loader(void);
bool whole_faulty_loader(void);
bool whole_packed_loader(void);
bool whole_memory(void);
bool whole_writer(void);
bool whole_texts(void);
bool whole_tokenizer(void);
bool whole_byte_tokenizer(void);
bool whole_custom_tokenizer(void);
bool whole_sentencepiece(void);
bool whole_queue_ways(void);
bool whole_pool_ways(void);
bool whole_float_loader(void);
bool whole_answers(void);

/* Controls, which faults.py must report. */
bool control_leaks(void);
bool control_ignores(void);
bool control_says_nothing(void);
bool control_loses(void);
bool control_ignores_disk(void);
bool control_leaks_text(void);
bool control_leaves_folder(void);
bool control_leaves_temporary(void);
bool control_is_vague(void);
bool control_skips(void);
bool control_writes_in_place(void);
bool control_hangs(void);
bool control_crashes(void);

/* Whether it goes on where a run before it ended: whole PART --resume FILE. */
extern bool whole_resumes;

/* FNV-1a. */
uint64_t whole_sum(uint64_t sum, const void *data, size_t bytes);

/* input, target and mask. */
uint64_t whole_sum_batch(uint64_t sum, const Batch *batch);

/* Waits, at most 20 s, until a descriptor is readable. */
bool whole_poll(int fd);

#endif
