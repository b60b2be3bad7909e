#include <headrace/base.h>

/* A blank before each. */
static const char features[] = ""
#ifdef HEADRACE_WITH_NUMA
                               " numa"
#endif
#ifdef HEADRACE_WITH_ZSTD
                               " zstd"
#endif
#ifdef HEADRACE_WITH_ZLIB
                               " zlib"
#endif
#ifdef HEADRACE_WITH_UTF8PROC
                               " utf8proc"
#endif
#ifdef HEADRACE_WITH_PCRE2
                               " pcre2"
#endif
#ifdef HEADRACE_WITH_SENTENCEPIECE
                               " sentencepiece"
#endif
#ifdef HEADRACE_WITH_USDT
                               " usdt"
#endif
    ;

const char *batch_features(void) {
  return features + (features[0] == ' ');
}
