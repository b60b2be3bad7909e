/* All of Headrace for C++11 and later: handles over the C API, no more instructions than it. One header per noun may be
   included instead. Begin with base.hpp; docs/cplusplus.md is the guide. */
#ifndef HEADRACE_HEADRACE_HPP
#define HEADRACE_HEADRACE_HPP

#include "arena.hpp"
#include "base.hpp"
#include "batch.hpp"
#include "dataset.hpp"
#include "headrace.h"
#include "loader.hpp"
#include "metrics.hpp"
#include "pool.hpp"
#include "queue.hpp"
#include "spheres.hpp"
#include "tensor.hpp"
#include "tokenizer.hpp"
#include "transform.hpp"
#include "writer.hpp"

#endif
