/* Transforms of the caller's: what a loader does to each row. See transform.h.

   Usage:
       auto drop = [](const headrace::batch &batch, uint32_t row,
                      batch_random &random) {
         for (int32_t &id : batch.input<int32_t>().row(row))
           if (batch_random_uniform(&random) < 0.1f) id = 0;
         return true;
       };
       batch_transform chain[] = {headrace::transform(drop),
                                  batch_transform_mask(&masking)};
       options.transforms = chain;
       options.num_transforms = 2;

   The callable is borrowed: it must outlive the loader, and is called from several workers at the same time. What it throws is
   as if it had answered false: a fault of the batch, see batch_faults in loader.h; its text is lost. */
#ifndef HEADRACE_TRANSFORM_HPP
#define HEADRACE_TRANSFORM_HPP

#include "batch.hpp"
#include "transform.h"

namespace headrace {

/* apply: bool(const batch &, uint32_t row, batch_random &), const if it is to be called so. */
template <typename F> batch_transform transform(const F &apply) noexcept {
  return {[](const void *context, Batch *raw, uint32_t row, batch_random *random) {
            detail::borrowed lent(raw);
            return detail::guarded(
                false, [&] { return bool((*static_cast<const F *>(context))(lent.handle, row, *random)); });
          },
          &apply};
}
/* A function, of which no address but its own is kept. */
inline batch_transform transform(bool (*apply)(const batch &, uint32_t, batch_random &)) noexcept {
  return {[](const void *context, Batch *raw, uint32_t row, batch_random *random) {
            detail::borrowed lent(raw);
            auto function = reinterpret_cast<bool (*)(const batch &, uint32_t, batch_random &)>(
                const_cast<void *>(context));
            return detail::guarded(false, [&] { return function(lent.handle, row, *random); });
          },
          reinterpret_cast<const void *>(apply)};
}
template <typename F>
batch_transform transform(const F &&) = delete; /* a temporary does not outlive the loader */

} // namespace headrace

#endif
