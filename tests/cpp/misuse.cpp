// Every line that is marked is refused by the compiler, and no other one: tests/scripts/cpp_misuse.sh.
#include <headrace/headrace.hpp>

#include <utility>

void misuse(headrace::queue &queue, headrace::pool &pool, headrace::batch &batch, headrace::spheres &spheres,
            const batch_loader_options &options) {
  headrace::queue second = queue; // refused: one owner
  headrace::pool third(pool);     // refused: one owner
  (void)queue.try_enqueue(batch); // refused: a reference is given away by std::move alone
  (void)queue.try_enqueue(std::move(batch));
  spheres.dispatch(0, batch); // refused: a reference is given away by std::move alone
  headrace::loader loader(headrace::dataset("a.bin"), options); // refused: the loader borrows the dataset
  headrace::decoder decoder(headrace::tokenizer::bytes());      // refused: the decoder borrows the tokenizer
  auto keep = [](const headrace::batch &, uint32_t, batch_random &) { return true; };
  (void)headrace::transform(keep);
  (void)headrace::transform(decltype(keep)(keep));  // refused: the loader borrows the callable
  (void)headrace::batch(1, 1).input<float>();       // refused: the elements are the batch's
  (void)headrace::pool(1, 1, 1).allocate().block(); // refused: the elements are the batch's
  (void)headrace::tensor({2, 2}).elements<float>(); // refused: the elements are the tensor's
  (void)headrace::tensor({2, 2}).view_rows(0, 1);   // refused: the view borrows the elements
  (void)batch.input<char>();                        // refused: no tensor has such elements
  Batch *raw = batch;                               // refused: get() lends, detach() gives away
  headrace::batch from = batch.get();               // refused: adopt() takes over, retain() shares
}
