/* What a caller says of lines whose documents are not learnt as a whole. */
#ifndef HEADRACE_TEXT_SPAN_OPTIONS_H
#define HEADRACE_TEXT_SPAN_OPTIONS_H

#include "headrace/dataset.h"

/* Copies a caller's options, which may be NULL, to mine, puts the defaults in, and checks them. */
bool span_options_read(const char *function, const batch_span_options *given, batch_span_options *mine);

/* The member that a line of this kind has its document in, where the caller names none; NULL: there is no single one. */
const char *span_options_field(const batch_span_options *options);

/* Whether a role is one of those that are learnt. */
bool span_options_train(const batch_span_options *options, const char *role, size_t bytes);

#endif
