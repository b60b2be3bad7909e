/* A dense row-major array with a shape and an element type.

   Usage:
       uint32_t shape[] = {3, 4}, at[] = {1, 2};
       Tensor *t = tensor_create(shape, 2); // float32, all 0
       tensor_set(t, at, 7);
       tensor_free(t);

   Threads: a tensor has no lock. Any number of threads may read one; one that writes must be
   alone, as with an array.

   Life cycle: tensor_create* and tensor_copy make a tensor that owns its elements (64-byte
   aligned) and its shape: owns_data is true. Both are malloc memory, so a tensor may also be taken
   apart: `Tensor t = *made; free(made);` leaves t whole, and free(t.data), free(t.shape) end it.
   tensor_view_rows makes one that owns neither: the viewed elements must outlive it. A Batch holds
   its tensors by value; those belong to the batch and are never given to tensor_free.

   Tensors made by hand: set every byte you do not mean to 0 (`Tensor t = {0}`, calloc). owns_data
   true promises that elements and shape are malloc memory of this tensor. Fields that contradict
   each other (a shape whose product is not total_size, a wider dtype than the elements were made
   for) are refused with an error. */
#ifndef HEADRACE_TENSOR_H
#define HEADRACE_TENSOR_H

#include "base.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The most dimensions of a tensor. */
#define TENSOR_MAX_NDIM 8

/* The type of an element. */
typedef enum tensor_type {
  TENSOR_FLOAT32 = 0,
  TENSOR_FLOAT64,
  TENSOR_INT32,
  TENSOR_INT64,
  TENSOR_UINT8,
  TENSOR_UINT16,
  TENSOR_UINT32
} tensor_type;

/* What the library remembers of a shape that it allocated; not for callers. */
typedef struct tensor_origin {
  struct Tensor *home; /* the tensor made with it: a struct copy is somewhere else */
  uint32_t *shape;     /* room for TENSOR_MAX_NDIM sizes */
  void *raw;           /* the elements it was made with */
  size_t width;        /* bytes of one of these */
} tensor_origin;

/* An array: elements in row-major order, and their shape. The fields stay as they are for ever. */
typedef struct Tensor {
  union {        /* the elements, as the type that `dtype` names */
    float *data; /* TENSOR_FLOAT32 */
    double *f64;
    int32_t *i32;
    int64_t *i64;
    uint8_t *u8;
    uint16_t *u16;
    uint32_t *u32;
    void *raw;
  };
  uint32_t *shape;   /* [ndim]; malloc memory where owns_data is true, else `dims` or the caller's */
  uint32_t ndim;     /* 1 to TENSOR_MAX_NDIM */
  size_t total_size; /* elements: the product of shape */
  bool owns_data;    /* tensor_free frees the elements too */
  tensor_type dtype; /* may be changed to another type that is not wider */
  union {            /* the library's */
    uint32_t dims[TENSOR_MAX_NDIM];
    tensor_origin made;
  };
} Tensor;

/* Makes a zeroed float32 tensor. shape: [ndim], every entry >= 1.
   Returns: the tensor, owned by the caller; NULL on a bad shape, overflow or lack of memory. */
HEADRACE_API Tensor *tensor_create(const uint32_t *shape, uint32_t ndim);

/* As tensor_create, for any element type. */
HEADRACE_API Tensor *tensor_create_typed(const uint32_t *shape, uint32_t ndim, tensor_type dtype);

/* Frees the tensor and its shape, and its elements if it owns them. Of a tensor made by hand, the struct
   and the shape must be malloc memory too. NULL is fine. */
HEADRACE_API void tensor_free(Tensor *tensor);

/* Makes a deep copy of any tensor, views included; the copy owns its elements.
   Returns: the copy; NULL if `tensor` is NULL or not a tensor, or memory ran out. */
HEADRACE_API Tensor *tensor_copy(const Tensor *tensor);

/* Makes a view of `count` >= 1 entries of the first dimension from `first` on: nothing is copied, writes go
   through. The viewed elements must outlive the view.
   Returns: the view, which tensor_free frees; NULL when out of range or without memory. */
HEADRACE_API Tensor *tensor_view_rows(const Tensor *tensor, uint32_t first, uint32_t count);

/* Gives the same elements another shape; nothing is copied. A struct copy with owns_data true gets a shape
   of its own, malloc memory that its caller frees (free(copy.shape)), since the tensor it was copied
   from may still use the old one; if that is gone, the caller has the old one to free as well. A copy
   with owns_data false needs no memory, nor does one that was put into a batch.
   Returns: true; false, and changes nothing, when the new shape has another number of elements, or memory
   for such a copy's shape ran out. */
HEADRACE_API bool tensor_reshape(Tensor *tensor, const uint32_t *shape, uint32_t ndim);

/* Reads one element, converted to float. indices: [ndim], each below its own dimension.
   Returns: the element; 0 with an error (BATCH_ERROR_OUT_OF_RANGE, BATCH_ERROR_INVALID_ARGUMENT) when they
   are not. Integers beyond 2^24 and doubles are rounded. */
HEADRACE_API float tensor_get(const Tensor *tensor, const uint32_t *indices);

/* Writes one element, converted from float: integers are truncated toward zero and clamped to
   the range of their type, NaN becomes 0. Out of range: an error, nothing is written. */
HEADRACE_API void tensor_set(Tensor *tensor, const uint32_t *indices, float value);

/* Writes `value` to every element, converted as tensor_set does. */
HEADRACE_API void tensor_fill(Tensor *tensor, float value);

/* Prints element type, shape and the first elements to stdout, on one line. */
HEADRACE_API void tensor_print(const Tensor *tensor);

/* Returns the bytes one element takes, 0 for what is no tensor_type. */
HEADRACE_API size_t tensor_type_size(tensor_type dtype);

/* Returns "float32" and so on; "?" for what is no tensor_type. Static storage. */
HEADRACE_API const char *tensor_type_name(tensor_type dtype);

#ifdef __cplusplus
}
#endif
#endif
