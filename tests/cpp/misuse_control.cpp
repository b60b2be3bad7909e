// A control: what is marked here is taken.
#include <headrace/headrace.hpp>

void misuse(headrace::batch &batch) {
  headrace::batch second = batch; // refused: so the mark says
  headrace::queue third = headrace::batch();
}
