#include <stdio.h>
#include <string.h>

#include "support/files.h"
#include "support/flow.h"

static void take_options(flow *f, fuzz_input *in) {
  static const batch_format formats[] = {BATCH_FORMAT_HEADERLESS, BATCH_FORMAT_DATATROVE,
                                         BATCH_FORMAT_LLMC_GPT2,  BATCH_FORMAT_LLMC_LLAMA3,
                                         BATCH_FORMAT_MEGATRON,   BATCH_FORMAT_NPY};
  unsigned what = fuzz_take_u8(in), how = fuzz_take_u8(in),
           tokenizer = fuzz_take_below(in, FLOW_TOKENIZERS + 1);
  f->jsonl = what & 1;
  f->raw = (what & 3) == 3;
  f->text = (batch_text_options)BATCH_TEXT_OPTIONS_INIT;
  f->text.malformed = (batch_malformed)(what / 4 % 3);
  f->text.normal_form = (batch_normal_form)(how % 3);
  f->text.fold_case = (how & 0x30) == 0x10;
  f->text.squeeze_space = (how & 0xC0) == 0x40;
  f->options = (batch_dataset_options)BATCH_DATASET_OPTIONS_INIT;
  f->options.format = f->jsonl ? BATCH_FORMAT_JSONL : BATCH_FORMAT_TEXT;
  f->options.text = &f->text;
  f->options.tokenizer = tokenizer == FLOW_TOKENIZERS ? NULL : flow_tokenizer(tokenizer);
  f->options.separator = (batch_separator)(what / 16 % 3);
  f->options.end_of_text = (int32_t)fuzz_take_u8(in) << fuzz_take_below(in, 12);
  f->options.on_bad_line = f->jsonl ? (batch_bad_line)(what >> 7) : BATCH_BAD_LINE_STOP;
  f->options.temporary_directory = fuzz_folder();
  f->step = 4 + fuzz_take_u8(in);
  f->parted = f->jsonl && (how & 8);
  f->spans = (batch_span_options)BATCH_SPAN_OPTIONS_INIT;
  if (f->parted) f->spans.kind = (batch_spans)(how / 64 % 3);
  if (f->parted) f->options.spans = &f->spans;
  unsigned longest = fuzz_take_u8(in);
  f->options.longest_document = longest < 200 ? 0 : longest - 199;
  f->writer = (batch_writer_options)BATCH_WRITER_OPTIONS_INIT;
  f->writer.format = formats[fuzz_take_below(in, 6)];
  f->writer.shard_tokens = fuzz_take_u8(in);
  f->how = fuzz_take_u8(in);
}

size_t flow_spans(const flow *f, fuzz_part document, flow_span spans[FLOW_SPANS]) {
  const size_t most = f->spans.kind == BATCH_SPANS_PROMPT ? 2 : FLOW_SPANS;
  for (size_t i = 0;; i++) {
    const uint8_t *bar = document.size && i + 1 < most ? memchr(document.data, '|', document.size) : NULL;
    size_t size = bar ? (size_t)(bar - document.data) : document.size;
    spans[i] = (flow_span){{document.data, size}, i % 2 == 0};
    if (!bar) return i + 1;
    document = (fuzz_part){bar + 1, document.size - size - 1};
  }
}

/* As a string: what must be escaped is, and some of the rest. */
static void put_string(bytes *line, fuzz_part text, unsigned how) {
  put_u8(line, '"');
  for (size_t i = 0; i < text.size; i++) {
    char escape[8];
    uint8_t c = text.data[i];
    snprintf(escape, sizeof escape, "\\u%04x", c);
    if (c < 0x20 || c == '"' || c == '\\' || (c < 0x80 && (how & 2)))
      put_text(line, escape);
    else
      put_u8(line, c);
  }
  put_u8(line, '"');
}

/* An array of spans, or of messages. */
static void put_array(const flow *f, bytes *line, const flow_span *spans, size_t count) {
  bool messages = f->spans.kind == BATCH_SPANS_MESSAGES;
  put_text(line, messages ? "\"messages\":[" : "\"text\":[");
  for (size_t i = 0; i < count; i++) {
    put_text(line, i ? ",{" : "{");
    if (messages) put_text(line, spans[i].masked ? "\"role\":\"user\"," : "\"role\":\"assistant\",");
    if (!messages && spans[i].masked) put_text(line, "\"train\":false,");
    put_text(line, messages ? "\"content\":" : "\"text\":");
    put_string(line, spans[i].text, f->how);
    put_u8(line, '}');
  }
  put_u8(line, ']');
}

static void put_line(const flow *f, bytes *line, fuzz_part text) {
  flow_span spans[FLOW_SPANS];
  size_t count = flow_spans(f, text, spans);
  put_text(line, f->how & 1 ? "{\"id\": [1, {\"text\": 2}], " : "{");
  if (!f->parted) {
    put_text(line, "\"text\":");
    put_string(line, text, f->how);
  } else if (f->spans.kind == BATCH_SPANS_PROMPT) {
    put_text(line, "\"prompt\":");
    put_string(line, spans[0].text, f->how);
    put_text(line, ",\"completion\":");
    put_string(line, count > 1 ? spans[1].text : (fuzz_part){NULL, 0}, f->how);
  } else {
    put_array(f, line, spans, count);
  }
  put_text(line, f->how & 4 ? "}\r\n" : "}\n");
}

static void write_inputs(flow *f) {
  bytes lines = {0};
  for (size_t i = 0; i < f->count; i++) {
    char name[32];
    snprintf(name, sizeof name, "%zu.txt", i);
    if (!f->jsonl)
      snprintf(f->paths[f->num_paths++], sizeof f->paths[0], "%s", fuzz_write(name, f->documents[i]));
    else if (f->raw)
      put(&lines, f->documents[i].data, f->documents[i].size), put_text(&lines, "\n");
    else
      put_line(f, &lines, f->documents[i]);
  }
  if (f->jsonl)
    snprintf(f->paths[f->num_paths++], sizeof f->paths[0], "%s",
             fuzz_write("a.jsonl", (fuzz_part){lines.data, lines.used}));
  free_bytes(&lines);
}

void flow_take(flow *f, fuzz_input *in) {
  *f = (flow){0};
  take_options(f, in);
  do f->documents[f->count++] = fuzz_take_part(in);
  while (f->count < FLOW_DOCUMENTS && in->size > 0);
  write_inputs(f);
}
