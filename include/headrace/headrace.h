/* All of Headrace. One header per noun may be included instead. */
#ifndef HEADRACE_HEADRACE_H
#define HEADRACE_HEADRACE_H

#include "arena.h"
#include "base.h"
#include "batch.h"
#include "dataset.h"
#include "distribute.h"
#include "loader.h"
#include "metrics.h"
#include "pool.h"
#include "queue.h"
#include "spheres.h"
#include "tensor.h"
#include "tokenizer.h"
#include "transform.h"
#include "writer.h"

#endif
