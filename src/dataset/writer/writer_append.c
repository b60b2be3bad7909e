/* What a writer is given: tokens, which of them are to be learnt, ends of documents. */
#include "base/error.h"
#include "dataset/writer/writer_internal.h"
#include "sync/thread.h"

static bool begin_document(BatchWriter *writer) {
  uint64_t most = writer->options.shard_tokens;
  if (writer->at.last)
    return error_fail(BATCH_ERROR_INVALID_ARGUMENT,
                      "%.700s: all of its run is written, expected batch_writer_finish", writer->names.path);
  writer->in_document = true;
  return most == 0 || writer->shard.token_count < most || writer_next_shard(writer);
}

static size_t count_masked(const uint8_t *loss, size_t count) {
  size_t masked = 0;
  for (size_t i = 0; loss && i < count; i++) masked += loss[i] == 0;
  return masked;
}

bool writer_begin_loss(BatchWriter *writer) {
  if (writer->has_loss || writer->at.last) return true;
  if (writer->names.linked) return writer_refuse_link(&writer->names);
  writer->has_loss = true;
  return shard_begin_loss(&writer->shard) || writer_fail(writer);
}

bool writer_append(BatchWriter *writer, const int32_t *ids, const uint8_t *loss, size_t count) {
  size_t masked = count_masked(loss, count);
  if (!writer->in_document && !begin_document(writer)) return writer_fail(writer);
  if (masked > 0 && !writer_begin_loss(writer)) return writer_fail(writer);
  if (!shard_tokens(&writer->shard, ids, loss, count)) return writer_fail(writer);
  writer->tokens += count;
  writer->masked += masked;
  return true;
}

static bool append(const char *function_called, BatchWriter *writer, const int32_t *ids, const uint8_t *loss,
                   size_t count) {
  if (!writer_ready(writer, function_called)) return false;
  if (!ids && count > 0)
    return error_fail(BATCH_ERROR_INVALID_ARGUMENT, "%s: ids is NULL, expected an address", function_called);
  return writer_leave_run(writer, function_called) && writer_append(writer, ids, loss, count);
}

bool batch_writer_append(BatchWriter *writer, const int32_t *ids, size_t count) {
  HOLD_CANCELLATION;
  return append("batch_writer_append", writer, ids, NULL, count);
}

bool batch_writer_append_masked(BatchWriter *writer, const int32_t *ids, const uint8_t *loss, size_t count) {
  HOLD_CANCELLATION;
  return append("batch_writer_append_masked", writer, ids, loss, count);
}

bool writer_end_document(BatchWriter *writer) {
  if (!writer->in_document && !begin_document(writer)) return writer_fail(writer);
  if (!shard_end_document(&writer->shard)) return writer_fail(writer);
  writer->in_document = false;
  writer->documents++;
  return true;
}

bool batch_writer_end_document(BatchWriter *writer) {
  HOLD_CANCELLATION;
  return writer_ready(writer, "batch_writer_end_document") &&
         writer_leave_run(writer, "batch_writer_end_document") && writer_end_document(writer);
}
