/* What a loader asks of the transforms that it is made with. */
#ifndef HEADRACE_LOADER_TRANSFORM_H
#define HEADRACE_LOADER_TRANSFORM_H

#include "headrace/transform.h"

/* Whether a transform can run on batches of this shape, whose largest id is largest_id: a built-in one
   is asked for its options, of another one only that there is a function. Sets an error, without a
   function's name, that calls it transforms[index]. */
bool transform_check(const batch_transform *transform, size_t index, const batch_shape *shape,
                     uint32_t largest_id);

#endif
