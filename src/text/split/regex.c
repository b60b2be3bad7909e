#include "text/split/regex.h"

#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/error.h"

#ifdef HEADRACE_WITH_PCRE2
#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

/* Bytes of the stack of what PCRE2 compiles to machine code: what a match takes grows with it (a group that is repeated
   takes some dozens for each time). */
enum { STACK_START = 32 << 10, STACK_USUAL = 8 << 20, STACK_A_BYTE = 256 };

/* What a pattern may try in vain before PCRE2 gives up, and that for each byte: \s*[\r\n]+ looks at a run of blanks once
   more. */
enum { TRIES = 10000000, TRIES_A_BYTE = 8 };

struct regex {
  pcre2_code *code;
};

struct regex_match {
  pcre2_general_context *memory;
  pcre2_match_data *data;
  pcre2_match_context *context;
  pcre2_jit_stack *stack; /* NULL where there is no JIT */
};

bool regex_supported(const char *function) {
  (void)function;
  return true;
}

static void *take(PCRE2_SIZE bytes, void *context) {
  (void)context;
  return malloc(bytes);
}

static void give(void *block, void *context) {
  (void)context;
  free(block);
}

static pcre2_code *compile(const char *pattern, size_t bytes, bool literal, pcre2_compile_context *context,
                           char *why, size_t room) {
  uint32_t options = PCRE2_UTF | (literal ? PCRE2_LITERAL : PCRE2_UCP | PCRE2_DOLLAR_ENDONLY);
  PCRE2_SIZE offset = 0;
  PCRE2_UCHAR sentence[160];
  int error = 0;
  pcre2_set_newline(context, PCRE2_NEWLINE_LF);
  pcre2_code *code = pcre2_compile((PCRE2_SPTR)pattern, bytes, options, &error, &offset, context);
  if (code) return code;
  if (error == PCRE2_ERROR_HEAP_FAILED || pcre2_get_error_message(error, sentence, sizeof sentence) < 0)
    snprintf(why, room, "no memory for a pattern of %zu bytes", bytes);
  else
    snprintf(why, room, "what PCRE2 does not take (%s)", (const char *)sentence);
  return NULL;
}

/* PCRE2 makes and frees machine code under a lock of its own, which a child forked meanwhile would find held for ever:
   nobody forks meanwhile. */
static pthread_mutex_t making_code = PTHREAD_MUTEX_INITIALIZER;

static void begin_code(void) {
  pthread_mutex_lock(&making_code);
}

static void end_code(void) {
  pthread_mutex_unlock(&making_code);
}

/* Without memory for it a fork is as it would be without us. */
static void keep_forks_out(void) {
  pthread_atfork(begin_code, end_code, end_code);
}

/* Where there is no JIT, the pattern is interpreted. */
static void make_code(pcre2_code *code) {
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  pthread_once(&once, keep_forks_out);
  begin_code();
  pcre2_jit_compile(code, PCRE2_JIT_COMPLETE);
  end_code();
}

regex *regex_compile(const char *pattern, size_t bytes, bool literal, char *why, size_t room) {
  pcre2_general_context *memory = pcre2_general_context_create(take, give, NULL);
  pcre2_compile_context *context = memory ? pcre2_compile_context_create(memory) : NULL;
  regex *r = context ? malloc(sizeof *r) : NULL;
  if (!r)
    snprintf(why, room, "no memory for a pattern of %zu bytes", bytes);
  else if ((r->code = compile(pattern, bytes, literal, context, why, room)))
    make_code(r->code);
  else {
    free(r);
    r = NULL;
  }
  pcre2_compile_context_free(context);
  pcre2_general_context_free(memory);
  return r;
}

void regex_free(regex *r) {
  if (!r) return;
  begin_code();
  pcre2_code_free(r->code);
  end_code();
  free(r);
}

/* A stack of at most so many bytes instead of the one that there is. */
static bool make_stack(regex_match *match, size_t most) {
  pcre2_jit_stack *stack = pcre2_jit_stack_create(STACK_START, most, match->memory);
  if (!stack) return false;
  pcre2_jit_stack_free(match->stack);
  match->stack = stack;
  pcre2_jit_stack_assign(match->context, NULL, stack);
  return true;
}

regex_match *regex_match_create(void) {
  regex_match *match = calloc(1, sizeof *match);
  if (!match) return NULL;
  match->memory = pcre2_general_context_create(take, give, NULL);
  match->data = match->memory ? pcre2_match_data_create(1, match->memory) : NULL;
  match->context = match->memory ? pcre2_match_context_create(match->memory) : NULL;
  if (match->data && match->context) {
    (void)make_stack(match, STACK_USUAL);
    return match;
  }
  regex_match_free(match);
  return NULL;
}

void regex_match_free(regex_match *match) {
  if (!match) return;
  pcre2_match_data_free(match->data);
  pcre2_match_context_free(match->context);
  pcre2_jit_stack_free(match->stack);
  pcre2_general_context_free(match->memory);
  free(match);
}

static int match_at(const regex *r, regex_match *match, const char *subject, size_t bytes, size_t from,
                    int inner) {
  uint32_t options = PCRE2_NO_UTF_CHECK | (inner & REGEX_INNER_START ? PCRE2_NOTBOL : 0) |
                     (inner & REGEX_INNER_END ? PCRE2_NOTEOL : 0);
  uint64_t tries = TRIES + TRIES_A_BYTE * (uint64_t)bytes;
  pcre2_set_match_limit(match->context, tries < UINT32_MAX ? (uint32_t)tries : UINT32_MAX);
  return pcre2_match(r->code, (PCRE2_SPTR)subject, bytes, from, options, match->data, match->context);
}

/* A long match gets a stack that is as long, for this once. */
static int match_long(const regex *r, regex_match *match, const char *subject, size_t bytes, size_t from,
                      int inner) {
  if (bytes > SIZE_MAX / STACK_A_BYTE || !make_stack(match, STACK_USUAL + STACK_A_BYTE * bytes))
    return PCRE2_ERROR_NOMEMORY;
  int got = match_at(r, match, subject, bytes, from, inner);
  return make_stack(match, STACK_USUAL) ? got : PCRE2_ERROR_NOMEMORY;
}

int regex_find(const regex *r, regex_match *match, const char *subject, size_t bytes, size_t from, int inner,
               size_t *start, size_t *end) {
  int got = match_at(r, match, subject, bytes, from, inner);
  if (got == PCRE2_ERROR_JIT_STACKLIMIT) got = match_long(r, match, subject, bytes, from, inner);
  if (got == PCRE2_ERROR_NOMATCH) return 0;
  if (got == PCRE2_ERROR_MATCHLIMIT || got == PCRE2_ERROR_DEPTHLIMIT) return REGEX_GAVE_UP;
  if (got < 0) return REGEX_NO_MEMORY;
  const PCRE2_SIZE *found = pcre2_get_ovector_pointer(match->data);
  *start = found[0];
  *end = found[1];
  return 1;
}

static char version[24];

static void ask_version(void) {
  if (pcre2_config(PCRE2_CONFIG_UNICODE_VERSION, NULL) <= (int)sizeof version)
    pcre2_config(PCRE2_CONFIG_UNICODE_VERSION, version);
}

const char *regex_unicode_version(void) {
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  pthread_once(&once, ask_version);
  return version;
}
#else
bool regex_supported(const char *function) {
  return error_fail(BATCH_ERROR_UNSUPPORTED,
                    "%s: splitting text by patterns needs PCRE2, without which this libheadrace was built",
                    function);
}

regex *regex_compile(const char *pattern, size_t bytes, bool literal, char *why, size_t room) {
  (void)pattern, (void)bytes, (void)literal;
  snprintf(why, room, "any pattern, for want of PCRE2, without which this libheadrace was built");
  return NULL;
}

void regex_free(regex *r) {
  (void)r;
}

regex_match *regex_match_create(void) {
  return NULL;
}

void regex_match_free(regex_match *match) {
  (void)match;
}

int regex_find(const regex *r, regex_match *match, const char *subject, size_t bytes, size_t from, int inner,
               size_t *start, size_t *end) {
  (void)r, (void)match, (void)subject, (void)bytes, (void)from, (void)inner, (void)start, (void)end;
  return REGEX_NO_MEMORY;
}

const char *regex_unicode_version(void) {
  return "";
}
#endif
