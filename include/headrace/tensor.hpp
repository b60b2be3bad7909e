/* A dense array, and its elements as a typed range. See tensor.h.

   Usage:
       headrace::tensor t({3, 4}, TENSOR_INT32);
       for (int32_t &x : t.elements<int32_t>()) x = 1;
       headrace::elements<int32_t> second = t.elements<int32_t>().row(1);

   Threads: as an array. */
#ifndef HEADRACE_TENSOR_HPP
#define HEADRACE_TENSOR_HPP

#include "base.hpp"
#include "tensor.h"

#include <initializer_list>
#include <type_traits>

#if __cplusplus >= 202002L
#include <span>
#endif

namespace headrace {

/* element_type<T>::value is the tensor_type whose elements are T; there is none for other types. */
template <typename T> struct element_type;
template <> struct element_type<float> : std::integral_constant<tensor_type, TENSOR_FLOAT32> {};
template <> struct element_type<double> : std::integral_constant<tensor_type, TENSOR_FLOAT64> {};
template <> struct element_type<int32_t> : std::integral_constant<tensor_type, TENSOR_INT32> {};
template <> struct element_type<int64_t> : std::integral_constant<tensor_type, TENSOR_INT64> {};
template <> struct element_type<uint8_t> : std::integral_constant<tensor_type, TENSOR_UINT8> {};
template <> struct element_type<uint16_t> : std::integral_constant<tensor_type, TENSOR_UINT16> {};
template <> struct element_type<uint32_t> : std::integral_constant<tensor_type, TENSOR_UINT32> {};

/* The elements of a tensor in a row, borrowed: a pointer and two sizes, cheap to copy; a std::span is made of it. Good as long as
   the tensor, or batch, lives and is not reshaped. T may be const.
   Usage:  headrace::elements<int32_t> ids = headrace::view<int32_t>(batch->input);
           for (size_t i = 0; i < ids.rows(); i++) for (int32_t id : ids.row(i)) ...;
   Threads: as an array. */
template <typename T> class elements {
public:
  using value_type = typename std::remove_const<T>::type;
  using iterator = T *;

  elements() noexcept : first_(nullptr), size_(0), width_(1) {}
  /* width: elements of a row, at least 1, of which size is a multiple */
  elements(T *first, size_t size, size_t width) noexcept : first_(first), size_(size), width_(width) {}
  operator elements<const T>() const noexcept { return elements<const T>(first_, size_, width_); }

  T *data() const noexcept { return first_; }
  size_t size() const noexcept { return size_; }
  bool empty() const noexcept { return size_ == 0; }
  T *begin() const noexcept { return first_; }
  T *end() const noexcept { return first_ + size_; }

  /* i is below size(): not checked, as an array's; at() checks. */
  T &operator[](size_t i) const noexcept { return first_[i]; }
  T &at(size_t i) const {
    if (i >= size_) out_of_range("at", i, size_);
    return first_[i];
  }

  /* Entries of the first dimension, and one of them. */
  size_t rows() const noexcept { return size_ / width_; }
  size_t width() const noexcept { return width_; }
  elements row(size_t i) const {
    if (i >= rows()) out_of_range("row", i, rows());
    return elements(first_ + i * width_, width_, width_);
  }

private:
  [[noreturn]] __attribute__((cold, noinline)) static void out_of_range(const char *call, size_t i,
                                                                        size_t size) {
    detail::fail(error(BATCH_ERROR_OUT_OF_RANGE, "headrace::elements::" + std::string(call) + ": index is " +
                                                     std::to_string(i) + ", expected below " +
                                                     std::to_string(size)));
  }

  T *first_;
  size_t size_, width_;
};

} // namespace headrace

#if __cplusplus >= 202002L && defined(__cpp_lib_ranges)
/* A span or an iterator of elements is as good when they themselves are gone. */
template <typename T> inline constexpr bool std::ranges::enable_borrowed_range<headrace::elements<T>> = true;
#endif

namespace headrace {
namespace detail {

inline size_t checked_elements(const Tensor &tensor, tensor_type expected) {
  size_t product = tensor.ndim > 0 && tensor.ndim <= TENSOR_MAX_NDIM && tensor.shape ? 1 : 0;
  for (uint32_t i = 0; product && i < tensor.ndim; i++)
    product = __builtin_mul_overflow(product, size_t(tensor.shape[i]), &product) ? 0 : product;
  if (product == 0 || product != tensor.total_size || !tensor.raw)
    fail(error(BATCH_ERROR_INVALID_ARGUMENT,
               "headrace::view: tensor is none (ndim " + std::to_string(tensor.ndim) +
                   "), expected one that was made, or that the batch was asked for"));
  if (tensor.dtype != expected)
    fail(error(BATCH_ERROR_INVALID_ARGUMENT, std::string("headrace::view: elements are ") +
                                                 tensor_type_name(tensor.dtype) + ", expected " +
                                                 tensor_type_name(expected)));
  return product;
}

} // namespace detail

/* The elements of any tensor, of a batch's too. Throws unless they are T and there are any. */
template <typename T> elements<T> view(Tensor &tensor) {
  size_t size = detail::checked_elements(tensor, element_type<typename std::remove_const<T>::type>::value);
  return elements<T>(static_cast<T *>(tensor.raw), size, size / tensor.shape[0]);
}
template <typename T> elements<const T> view(const Tensor &tensor) {
  return view<const T>(const_cast<Tensor &>(tensor));
}

/* A tensor of its own; -> has the fields of Tensor.
   Usage:  headrace::tensor t({2, 3}); t.set({1, 2}, 7.0f); t->shape[1] == 3
   Threads: as an array. */
class tensor : public detail::handle<tensor, Tensor, tensor_free> {
public:
  tensor() noexcept = default;
  explicit tensor(std::initializer_list<uint32_t> shape, tensor_type dtype = TENSOR_FLOAT32)
      : tensor(shape.begin(), static_cast<uint32_t>(shape.size()), dtype) {}
  tensor(const uint32_t *shape, uint32_t ndim, tensor_type dtype = TENSOR_FLOAT32)
      : handle(detail::check(tensor_create_typed(shape, ndim, dtype))) {}

  Tensor *operator->() const noexcept { return get(); }
  Tensor &operator*() const noexcept { return *get(); }

  template <typename T> headrace::elements<T> elements() const & {
    return view<T>(object("tensor::elements"));
  }
  template <typename T> headrace::elements<T> elements() const && = delete; /* it must live as long */

  /* tensor_copy: a deep copy. */
  tensor copy() const { return adopt(detail::check(tensor_copy(get()))); }
  /* The viewed elements must outlive the view: this tensor is not a temporary. */
  tensor view_rows(uint32_t first, uint32_t count) const & {
    return adopt(detail::check(tensor_view_rows(get(), first, count)));
  }
  tensor view_rows(uint32_t first, uint32_t count) && = delete;
  void reshape(std::initializer_list<uint32_t> shape) {
    detail::check(tensor_reshape(get(), shape.begin(), static_cast<uint32_t>(shape.size())));
  }
  /* indices: one for each dimension. */
  float at(std::initializer_list<uint32_t> indices) const {
    check_indices(indices.size());
    batch_clear_error();
    float value = tensor_get(get(), indices.begin());
    detail::check_outcome(BATCH_OK);
    return value;
  }
  void set(std::initializer_list<uint32_t> indices, float value) {
    check_indices(indices.size());
    batch_clear_error();
    tensor_set(get(), indices.begin(), value);
    detail::check_outcome(BATCH_OK);
  }
  void fill(float value) { tensor_fill(get(), value); }
  void print() const { tensor_print(get()); }

private:
  void check_indices(size_t n) const {
    if (get() && n != get()->ndim)
      detail::fail(error(BATCH_ERROR_INVALID_ARGUMENT, "headrace::tensor: there are " + std::to_string(n) +
                                                           " indices, expected " +
                                                           std::to_string(get()->ndim)));
  }
};

} // namespace headrace

#endif
