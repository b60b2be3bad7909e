/* Numbers put into tensors of every type: integers take what they hold. */
#include <criterion/criterion.h>
#include <headrace/tensor.h>
#include <math.h>

#include "core/tensor_internal.h"

static const struct {
  tensor_type type;
  double low, high; /* what it holds */
} integers[] = {{TENSOR_INT32, INT32_MIN, INT32_MAX},
                {TENSOR_INT64, -0x1p63, 0x1p63}, /* as a double, 2^63 - 1 is 2^63 */
                {TENSOR_UINT8, 0, UINT8_MAX},
                {TENSOR_UINT16, 0, UINT16_MAX},
                {TENSOR_UINT32, 0, UINT32_MAX}};
enum { INTEGERS = sizeof integers / sizeof *integers };

/* Of four elements the middle ones are written. */
static void assert_stored(tensor_type type, double value, double expected) {
  Tensor *tensor = tensor_create_typed((const uint32_t[]){4}, 1, type);
  tensor_store(tensor, 1, 2, value);
  for (size_t i = 0; i < 4; i++) {
    double found = tensor_load(tensor, i);
    cr_assert_eq(found, i == 1 || i == 2 ? expected : 0, "%g in %s: element %zu is %g, expected %g", value,
                 tensor_type_name(type), i, found, expected);
  }
  tensor_free(tensor);
}

Test(tensor_store, integers_are_cut_off_toward_zero) {
  for (int i = 0; i < INTEGERS; i++) {
    assert_stored(integers[i].type, 7, 7);
    assert_stored(integers[i].type, 99.99, 99);
    assert_stored(integers[i].type, 0.5, 0);
    assert_stored(integers[i].type, -0.5, 0);
    if (integers[i].low < 0) assert_stored(integers[i].type, -99.99, -99);
  }
}

Test(tensor_store, integers_take_the_nearest_that_they_hold) {
  for (int i = 0; i < INTEGERS; i++) {
    assert_stored(integers[i].type, integers[i].high, integers[i].high);
    assert_stored(integers[i].type, 2 * integers[i].high, integers[i].high);
    assert_stored(integers[i].type, INFINITY, integers[i].high);
    assert_stored(integers[i].type, integers[i].low, integers[i].low);
    assert_stored(integers[i].type, 2 * integers[i].low - 1, integers[i].low);
    assert_stored(integers[i].type, -INFINITY, integers[i].low);
    assert_stored(integers[i].type, NAN, 0);
  }
}

Test(tensor_store, floats_take_what_is_there) {
  assert_stored(TENSOR_FLOAT32, 0.25, 0.25);
  volatile float tenth = 0.1F; /* a constant may have more bits where FLT_EVAL_METHOD is 2 */
  assert_stored(TENSOR_FLOAT32, 0.1, (double)tenth);
  assert_stored(TENSOR_FLOAT64, 0.1, 0.1);
  assert_stored(TENSOR_FLOAT64, -INFINITY, -INFINITY);
}
