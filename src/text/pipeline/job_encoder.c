#include "text/pipeline/job_encoder.h"

#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/utf8.h"
#include "sync/port.h"
#include "text/span_options.h"

bool job_encoder_make(job_encoder *encoder, const batch_dataset_options *options,
                      const BatchTokenizer *tokenizer) {
  const size_t longest = text_longest(options);
  const char *field = options->text_field ? options->text_field : span_options_field(options->spans);
  *encoder = (job_encoder){.options = options,
                           .tokenizer = tokenizer,
                           .longest = longest,
                           .normalizer = {.options = options->text, .longest = longest},
                           .form = {field, options->spans, options->text->malformed, longest}};
  return tokenizer_scratch_make("options.tokenizer", tokenizer, &encoder->scratch);
}

void job_encoder_free(job_encoder *encoder) {
  text_normalizer_free(&encoder->normalizer);
  jsonl_document_free(&encoder->document);
  text_buffer_free(&encoder->clean);
  text_buffer_free(&encoder->normal);
  tokenizer_scratch_free(&encoder->scratch);
}

/* Bytes that are normalized or tokenized at once, about. */
static size_t part_bytes(void) {
  return text_job_step / 8 + 1;
}

static bool tick(job_encoder *e, size_t bytes) {
  e->unticked += bytes;
  if (e->unticked < part_bytes()) return true;
  e->unticked = 0;
  e->stopped = !e->tick(e->tick_context);
  return !e->stopped;
}

/* A document, or a part or a span of one, and what is said when something is wrong with it. */
typedef struct part {
  const char *text;
  size_t bytes;
  uint64_t before; /* bytes of the document or span in front of it, encoded already */
  uint64_t line;   /* of the job; 0: a text */
  uint64_t after;  /* offset in the text behind it */
  bool masked;     /* not to be learnt */
} part;

/* Of what normalization or the tokenizer has said. */
static bool failed(text_job *job, const part *p) {
  return text_job_fails(job, JOB_FAULT_BEFORE, p->after, p->line);
}

static bool complete(text_job *job) {
  return text_job_fails(job, JOB_FAULT_COMPLETE, 0, 0);
}

static bool changed_its_mind(text_job *job, const part *p, size_t first, size_t second) {
  error_set(BATCH_ERROR_FORMAT, "the tokenizer counts %zu ids, and %zu when it is asked again", first,
            second);
  return failed(job, p);
}

/* The first guess, an id a byte, holds for nearly every tokenizer. */
static bool tokenize(job_encoder *e, text_job *job, const part *p) {
  size_t guess = p->bytes + 16, room = guess, count;
  if (!text_job_reserve_ids(job, guess)) return complete(job);
  for (;;) {
    count = tokenizer_encode_part("options.tokenizer", e->tokenizer, &e->scratch, p->text, p->bytes,
                                  p->before, job->ids + job->count, room);
    if (count == BATCH_TOKENIZER_FAILED) return failed(job, p);
    if (room > guess && count != room) return changed_its_mind(job, p, room, count);
    if (count <= room) break;
    if (!text_job_reserve_ids(job, count)) return complete(job);
    room = count;
  }
  return text_job_take_ids(job, count, p->masked) || complete(job);
}

/* Bytes of the next part: about a step, or more where the tokenizer allows no cut. */
static size_t next_part(const job_encoder *e, const char *text, size_t bytes) {
  size_t from = 0, cut = 0;
  for (size_t reach = 2 * part_bytes(); reach < bytes && cut == 0; reach *= 2) {
    cut = tokenizer_cut(e->tokenizer, text, from, reach);
    from = reach - 1;
  }
  return cut ? cut : bytes;
}

/* Whether what the tokenizer must be given whole is not longer than is allowed; its last line feed does not count. */
static bool check_length(const job_encoder *e, text_job *job, const part *p) {
  if (p->bytes <= e->longest || tokenizer_is_bytes(e->tokenizer)) return true;
  bool cuts = tokenizer_can_cut(e->tokenizer);
  for (size_t end = p->bytes, cut; end > 0; end = cut) {
    cut = tokenizer_cut(e->tokenizer, p->text, 0, end);
    if (end - cut - (cuts && p->text[end - 1] == '\n') <= e->longest) continue;
    text_too_long(e->longest);
    return failed(job, p);
  }
  return true;
}

static bool tokenize_parts(job_encoder *e, text_job *job, part p) {
  if (!check_length(e, job, &p)) return false;
  for (size_t left = p.bytes; left > 0; left -= p.bytes) {
    p.bytes = next_part(e, p.text, left);
    if (!tokenize(e, job, &p) || !tick(e, p.bytes)) return false;
    p.text += p.bytes;
    p.before += p.bytes;
  }
  return true;
}

/* Bytes that are normalized next: never a part of a character. */
static size_t next_step(const char *text, size_t bytes) {
  size_t step = part_bytes() < 8 ? 8 : part_bytes();
  return bytes <= step ? bytes : step - utf8_cut_off((const uint8_t *)text, step);
}

static bool normalize(job_encoder *e, text_job *job, part *p) {
  e->normal.used = 0;
  for (size_t at = 0, step; at < p->bytes; at += step) {
    step = next_step(p->text + at, p->bytes - at);
    if (!text_normalizer_feed(&e->normalizer, p->text + at, step, &e->normal)) return failed(job, p);
    if (!tick(e, step)) return false;
  }
  if (!text_normalizer_end(&e->normalizer, &e->normal)) return failed(job, p);
  p->text = e->normal.data;
  p->bytes = e->normal.used;
  return true;
}

static bool encode(job_encoder *e, text_job *job, part p) {
  if (text_is_changed(e->options->text) && !normalize(e, job, &p)) return false;
  return tokenize_parts(e, job, p);
}

static bool put_separator(const job_encoder *e, text_job *job, batch_separator place) {
  if (e->options->separator != place) return true;
  if (!text_job_reserve_ids(job, 1)) return complete(job);
  job->ids[job->count] = e->options->end_of_text;
  return text_job_take_ids(job, 1, false) || complete(job);
}

static bool end_document(const job_encoder *e, text_job *job, text_place next) {
  return put_separator(e, job, BATCH_SEPARATOR_AFTER) && (text_job_add_document(job, &next) || complete(job));
}

/* Replaces malformed parts of a piece of text, or refuses them. */
static bool settle_malformed(job_encoder *e, text_job *job, part *p) {
  const uint8_t *raw = (const uint8_t *)p->text;
  batch_malformed malformed = e->options->text->malformed;
  if (malformed == BATCH_MALFORMED_KEEP) return true;
  size_t good = utf8_well_formed(raw, p->bytes);
  if (good == p->bytes) return true;
  e->clean.used = 0;
  if (malformed == BATCH_MALFORMED_ERROR)
    format_fail(job->path, job->offset + good, "found byte 0x%02X, expected UTF-8", raw[good]);
  else if (text_buffer_append_repaired(&e->clean, raw, p->bytes)) {
    p->text = e->clean.data;
    p->bytes = e->clean.used;
    return true;
  }
  return complete(job);
}

static bool encode_text(job_encoder *e, text_job *job) {
  uint64_t after = job->offset + job->text.used;
  part p = {job->text.data, job->text.used, job->begins ? 0 : job->offset, 0, after, false};
  return (!job->begins || put_separator(e, job, BATCH_SEPARATOR_BEFORE)) && settle_malformed(e, job, &p) &&
         encode(e, job, p) && (!job->ends || end_document(e, job, (text_place){after, 1, 0}));
}

/* A line of the job's text; complete: its end was found, or the file's. */
typedef struct line {
  const char *text;
  size_t bytes, with_end;
  size_t mark; /* UTF-8's at the start of a file, which is not part of the JSON */
  bool complete;
  uint64_t offset; /* in the text */
} line;

static line line_at(const text_job *job, size_t at) {
  const char *text = job->text.data + at, *feed = memchr(text, '\n', job->text.used - at);
  line l = {.text = text, .offset = job->offset + at, .complete = feed || !job->broken_off};
  l.bytes = feed ? (size_t)(feed - text) : job->text.used - at;
  l.with_end = l.bytes + (feed != NULL);
  l.mark = l.offset == 0 && l.bytes >= 3 && memcmp(text, "\xEF\xBB\xBF", 3) == 0 ? 3 : 0;
  return l;
}

static bool is_blank(const line *l) {
  for (size_t i = l->mark; i < l->bytes; i++)
    if (l->text[i] != ' ' && l->text[i] != '\t' && l->text[i] != '\r') return false;
  return l->complete;
}

/* Something is wrong with the line, at an offset: it is passed over where that is asked for. */
static bool bad_line(const job_encoder *e, text_job *job, uint64_t offset, const char *what) {
  if (e->options->on_bad_line == BATCH_BAD_LINE_SKIP) {
    job->bad_lines++;
    return true;
  }
  error_set(BATCH_ERROR_FORMAT, "%s", what);
  return text_job_fails(job, JOB_FAULT_IN_LINE, offset, job->lines);
}

static bool too_long(const job_encoder *e, text_job *job, const line *l) {
  char what[160];
  snprintf(what, sizeof what,
           "found a line of more than %zu bytes, expected none longer (the longest document: "
           "options.longest_document)",
           e->longest);
  return bad_line(e, job, l->offset, what);
}

/* Each span as a text of its own; without any the document is one. */
static bool encode_spans(job_encoder *e, text_job *job, uint64_t after) {
  const jsonl_document *d = &e->document;
  if (d->num_spans == 0)
    return encode(e, job, (part){d->text.data, d->text.used, 0, job->lines, after, false});
  for (size_t i = 0, begin = 0; i < d->num_spans; begin = d->spans[i++].end) {
    const jsonl_span *s = &d->spans[i];
    if (!encode(e, job, (part){d->text.data + begin, s->end - begin, 0, job->lines, after, s->masked}))
      return false;
  }
  return true;
}

static bool encode_document(job_encoder *e, text_job *job, const line *l) {
  uint64_t after = l->offset + l->with_end;
  return put_separator(e, job, BATCH_SEPARATOR_BEFORE) && encode_spans(e, job, after) &&
         end_document(e, job, (text_place){after, job->lines, job->bad_lines});
}

static bool encode_line(job_encoder *e, text_job *job, const line *l) {
  jsonl_line json = {l->text + l->mark, l->bytes - l->mark};
  jsonl_wrong wrong;
  if (l->bytes > e->longest) return too_long(e, job, l);
  jsonl_document_clear(&e->document);
  if (jsonl_read(&json, &e->form, &e->document, &wrong)) return encode_document(e, job, l);
  return wrong.what[0] ? bad_line(e, job, l->offset + l->mark + wrong.at, wrong.what) : complete(job);
}

static bool encode_lines(job_encoder *e, text_job *job) {
  for (size_t at = 0; at < job->text.used;) {
    line l = line_at(job, at);
    job->lines++;
    if (!is_blank(&l) && !encode_line(e, job, &l)) return false;
    if (!tick(e, l.with_end)) return false;
    at += l.with_end;
  }
  return true;
}

/* What one huge document has made grow is given back. */
static void give_back(job_encoder *e) {
  jsonl_document_shrink(&e->document, text_job_usual());
  text_buffer_shrink(&e->clean, text_job_usual());
  text_buffer_shrink(&e->normal, text_job_usual());
  text_normalizer_shrink(&e->normalizer, text_job_usual());
}

bool job_encoder_run(job_encoder *e, text_job *job) {
  uint64_t start = port_clock();
  if (job->jsonl)
    encode_lines(e, job);
  else if (job->text.used > 0 || job->begins || job->ends)
    encode_text(e, job);
  give_back(e);
  job->times.workers = port_clock() - start;
  return !e->stopped;
}
