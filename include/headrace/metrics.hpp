/* Statistics for Prometheus, as a string. See metrics.h.

   Usage:
       batch_metrics_object object = {};
       object.name = "train";
       object.loader = loader.get();
       batch_metrics_options options = BATCH_METRICS_OPTIONS_INIT;
       options.objects = &object;
       options.num_objects = 1;
       std::string text = headrace::metrics_text(options);

   Threads: any, beside every other call on the objects but what ends them. */
#ifndef HEADRACE_METRICS_HPP
#define HEADRACE_METRICS_HPP

#include "base.hpp"
#include "metrics.h"

namespace headrace {

inline std::string metrics_text(const batch_metrics_options &options) {
  std::string text(4096, '\0');
  for (;;) {
    /* NOLINTNEXTLINE(readability-container-data-pointer): data() of C++11 is const */
    size_t length = batch_metrics_text(&options, &text[0], text.size());
    detail::check(length > 0);
    bool fits = length < text.size();
    text.resize(fits ? length : length + 256); /* numbers grow from call to call */
    if (fits) return text;
  }
}

} // namespace headrace

#endif
