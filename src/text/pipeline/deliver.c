#include "text/pipeline/deliver.h"

bool text_delivery_report(const text_delivery *d) {
  return !d->sink->progress || d->sink->progress(d->sink->context, d->consumed, d->bad_lines);
}

static bool give_ids(const text_delivery *d, const text_job *job, size_t from, size_t to) {
  return from == to || d->sink->tokens(d->sink->context, job->ids + from, to - from);
}

static bool end_document(const text_delivery *d, text_place next, bool jsonl) {
  if (jsonl) {
    next.line += d->lines;
    next.bad_lines += d->bad_lines;
  }
  return d->sink->end_document(d->sink->context, &next);
}

bool text_delivery_give(text_delivery *d, const text_job *job) {
  size_t given = 0;
  for (size_t i = 0; i < job->num_documents; i++) {
    const job_document *document = &job->documents[i];
    if (!give_ids(d, job, given, document->ids) || !end_document(d, document->next, job->lines > 0))
      return false;
    given = document->ids;
  }
  if (job->fault.kind) return text_job_raise(job, d->lines);
  if (!give_ids(d, job, given, job->count)) return false;
  d->lines += job->lines;
  d->bad_lines += job->bad_lines;
  d->consumed = job->consumed;
  return text_delivery_report(d);
}
