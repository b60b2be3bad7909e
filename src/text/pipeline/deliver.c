#include "text/pipeline/deliver.h"

#include "sync/port.h"

bool text_delivery_report(const text_delivery *d) {
  return !d->sink->progress || d->sink->progress(d->sink->context, d->consumed, d->bad_lines, &d->times);
}

static bool give_ids(const text_delivery *d, const text_job *job, size_t from, size_t to) {
  const uint8_t *loss = job->masked ? job->loss + from : NULL;
  return from == to || d->sink->tokens(d->sink->context, job->ids + from, to - from, loss);
}

static bool end_document(const text_delivery *d, text_place next, bool jsonl) {
  if (jsonl) {
    next.line += d->lines;
    next.bad_lines += d->bad_lines;
  }
  return d->sink->end_document(d->sink->context, &next) && text_delivery_report(d);
}

static bool begin_file(text_delivery *d, const text_job *job) {
  const text_place start = {0}, from = d->index == 0 ? d->from : start;
  d->path = job->path;
  d->lines = from.line;
  d->bad_lines = from.bad_lines;
  return !d->sink->begin_file || d->sink->begin_file(d->sink->context, d->index);
}

/* Until the next one is there, nothing of it is delivered. */
static bool end_file(text_delivery *d, bool last) {
  bool good = !d->sink->end_file || d->sink->end_file(d->sink->context, d->consumed, d->bad_lines);
  d->index++;
  if (!last) d->consumed = d->bad_lines = 0;
  return good;
}

static bool give_text(const text_delivery *d, const text_job *job) {
  size_t given = 0;
  for (size_t i = 0; i < job->num_documents; i++) {
    const job_document *document = &job->documents[i];
    if (!give_ids(d, job, given, document->ids) || !end_document(d, document->next, job->jsonl)) return false;
    given = document->ids;
  }
  return job->fault.kind ? text_job_raise(job, d->lines) : give_ids(d, job, given, job->count);
}

bool text_delivery_give(text_delivery *d, const text_job *job) {
  uint64_t start = port_clock();
  if ((job->opens && !begin_file(d, job)) || !give_text(d, job)) return false;
  d->lines += job->lines;
  d->bad_lines += job->bad_lines;
  d->consumed = job->consumed;
  text_times_add(&d->times, &job->times);
  d->times.writer += port_clock() - start;
  return text_delivery_report(d) && (!job->closes || end_file(d, job->last));
}
