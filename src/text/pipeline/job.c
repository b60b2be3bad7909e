#include "text/pipeline/job.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"

size_t text_job_step = (size_t)1 << 18;

/* A document four times as long as a job leaves more behind than is kept for the next ones. */
size_t text_job_usual(void) {
  return 4 * text_job_step + 4096;
}

static void free_ids(text_job *job) {
  free(job->ids);
  free(job->loss);
  free(job->documents);
  job->ids = NULL;
  job->loss = NULL;
  job->documents = NULL;
  job->capacity = job->loss_capacity = job->most_documents = 0;
}

void text_job_clear(text_job *job) {
  text_buffer_shrink(&job->text, text_job_usual());
  if (job->capacity > text_job_usual() || job->most_documents > text_job_usual() / sizeof(job_document))
    free_ids(job);
  job->text.used = job->count = job->num_documents = 0;
  job->lines = job->bad_lines = 0;
  job->opens = job->closes = job->begins = job->ends = job->broken_off = job->last = job->masked = false;
  job->fault.kind = JOB_FAULT_NONE;
}

void text_job_free(text_job *job) {
  text_buffer_free(&job->text);
  free_ids(job);
}

bool text_job_reserve_ids(text_job *job, size_t more) {
  size_t needed = job->count + more, capacity = 2 * job->capacity;
  if (more <= job->capacity - job->count) return true;
  if (capacity < needed) capacity = needed;
  int32_t *grown = reallocarray(job->ids, capacity, sizeof *grown);
  if (!grown)
    return error_fail(BATCH_ERROR_OUT_OF_MEMORY, "%.700s: no memory for %zu ids", job->path, capacity);
  job->ids = grown;
  job->capacity = capacity;
  return true;
}

static bool reserve_loss(text_job *job) {
  if (job->loss_capacity >= job->count) return true;
  uint8_t *grown = realloc(job->loss, job->capacity);
  if (!grown)
    return error_fail(BATCH_ERROR_OUT_OF_MEMORY, "%.700s: no memory for the loss mask of %zu ids", job->path,
                      job->capacity);
  job->loss = grown;
  job->loss_capacity = job->capacity;
  return true;
}

bool text_job_take_ids(text_job *job, size_t count, bool masked) {
  size_t before = job->count;
  job->count += count;
  if (count == 0 || (!masked && !job->masked)) return true;
  if (!reserve_loss(job)) return false;
  if (!job->masked) memset(job->loss, 1, before);
  job->masked = true;
  memset(job->loss + before, !masked, count);
  return true;
}

bool text_job_add_document(text_job *job, const text_place *next) {
  if (job->num_documents == job->most_documents) {
    size_t most = job->most_documents ? 2 * job->most_documents : 16;
    job_document *grown = reallocarray(job->documents, most, sizeof *grown);
    if (!grown)
      return error_fail(BATCH_ERROR_OUT_OF_MEMORY, "%.700s: no memory for %zu documents", job->path, most);
    job->documents = grown;
    job->most_documents = most;
  }
  job->documents[job->num_documents++] = (job_document){job->count, *next};
  return true;
}

size_t text_longest(const batch_dataset_options *options) {
  return options->longest_document ? options->longest_document : BATCH_LONGEST_DOCUMENT;
}

bool text_too_long(size_t longest) {
  return error_fail(
      BATCH_ERROR_FORMAT,
      "found more than %zu bytes where the tokenizer allows no cut, expected at most that many (the "
      "longest document: options.longest_document)",
      longest);
}

bool text_job_fails(text_job *job, job_fault_kind kind, uint64_t offset, uint64_t line) {
  job->fault.kind = kind;
  job->fault.offset = offset;
  job->fault.line = line;
  error_keep(&job->fault.what);
  return false;
}

bool text_job_raise(const text_job *job, uint64_t lines) {
  const job_fault *f = &job->fault;
  char line[40] = "";
  if (f->line) snprintf(line, sizeof line, "line %" PRIu64 ": ", lines + f->line);
  switch (f->kind) {
  case JOB_FAULT_IN_LINE:
    return format_fail(job->path, f->offset, "%s%.500s", line, f->what.message);
  case JOB_FAULT_BEFORE:
    return error_fail(f->what.code, "%.600s: %sbefore byte %" PRIu64 " of the text: %.400s", job->path, line,
                      f->offset, f->what.message);
  default:
    error_put_back(&f->what);
    return false;
  }
}
