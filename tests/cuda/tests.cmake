# train_cuda without a GPU: its sources as they are, compiled as C++ against a stand-in for CUDA's runtime, beside the same
# model on the processor; and with a fault in cuda_feed.cu, of each kind that the stand-in is there to find.
set(examples ${PROJECT_SOURCE_DIR}/examples)
set(cuda ${CMAKE_CURRENT_SOURCE_DIR}/cuda)
set(cuda_sources ${examples}/cuda_feed.cu ${examples}/cuda_model.cu ${examples}/cuda_copies.cu ${examples}/train_cuda.cu)
set_source_files_properties(${cuda_sources} PROPERTIES LANGUAGE CXX)
list(REMOVE_ITEM cuda_sources ${examples}/cuda_feed.cu)

add_library(cuda_examples STATIC ${examples}/arguments.c ${examples}/model.c ${examples}/matrix.c ${examples}/matrix_kernels.c
  ${examples}/progress.c
  ${examples}/train_cuda_arguments.c)
target_compile_definitions(cuda_examples PRIVATE KERNELS=matrix_kernels_any)
set_target_properties(cuda_examples PROPERTIES C_EXTENSIONS ON) # as there
target_include_directories(cuda_examples PUBLIC ${examples})
target_link_libraries(cuda_examples PUBLIC headrace_common headrace::headrace m)

add_library(cuda_stand_in OBJECT cuda/stand_in.cpp cuda/streams.cpp cuda/release.cpp ${cuda_sources})
target_include_directories(cuda_stand_in PUBLIC ${cuda})
target_link_libraries(cuda_stand_in PUBLIC cuda_examples)
target_link_options(cuda_stand_in PUBLIC LINKER:--wrap=batch_release)

# cuda_program(<name> <source in the place of cuda_feed.cu>)
function(cuda_program name feed)
  set_source_files_properties(${feed} PROPERTIES LANGUAGE CXX)
  add_executable(${name} ${feed})
  target_link_libraries(${name} PRIVATE cuda_stand_in)
endfunction()
cuda_program(train_cuda_stand_in ${examples}/cuda_feed.cu)
add_executable(train_cuda_reference cuda/reference.c)
target_link_libraries(train_cuda_reference PRIVATE cuda_examples)

find_program(HEADRACE_BASH bash)
set(run ${cuda}/train_cuda.sh $<TARGET_FILE:train_cuda_stand_in> $<TARGET_FILE:train_cuda_reference>)
foreach(what IN ITEMS losses failures copies)
  add_test(NAME train_cuda_${what} COMMAND sh ${run} ${what})
  set_tests_properties(train_cuda_${what} PROPERTIES LABELS unit TIMEOUT ${HEADRACE_TEST_TIMEOUT})
endforeach()

if(NOT HEADRACE_SANITIZE AND HEADRACE_BASH)
  add_test(NAME gpu_script COMMAND sh ${cuda}/gpu.sh ${PROJECT_SOURCE_DIR}/scripts/gpu $<TARGET_FILE:train_cuda_stand_in>)
  set_tests_properties(gpu_script PROPERTIES LABELS unit TIMEOUT ${HEADRACE_TEST_TIMEOUT})
endif()

# cuda_fault(<name> <what is found> <code> <code in its place>)
function(cuda_fault name found code instead)
  set(feed ${CMAKE_CURRENT_BINARY_DIR}/cuda_feed_${name}.cu)
  file(READ ${examples}/cuda_feed.cu source)
  string(REPLACE "${code}" "${instead}" faulty "${source}")
  if(faulty STREQUAL source)
    message(FATAL_ERROR "tests/cuda/tests.cmake: examples/cuda_feed.cu has no \"${code}\"")
  endif()
  file(CONFIGURE OUTPUT ${feed} CONTENT "${faulty}" @ONLY)
  cuda_program(train_cuda_${name} ${feed})
  target_compile_options(train_cuda_${name} PRIVATE -w) # what stands no more in it leaves arguments that nobody uses
  add_test(NAME train_cuda_${name}_is_found COMMAND sh ${cuda}/train_cuda.sh $<TARGET_FILE:train_cuda_${name}>
    $<TARGET_FILE:train_cuda_reference> fault "${found}")
  set_tests_properties(train_cuda_${name}_is_found PROPERTIES LABELS unit TIMEOUT ${HEADRACE_TEST_TIMEOUT})
endfunction()
if(NOT HEADRACE_SANITIZE)
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${examples}/cuda_feed.cu)
  cuda_fault(early_release "a batch is released before it has been copied"
    "b->batch = batch;" "batch_release(batch);")
  cuda_fault(release_without_waiting "a batch is released before it has been copied"
    "CUDA_CHECK(cudaEventSynchronize(b->copied));" "")
  cuda_fault(memory_not_registered "a copy of memory that is not registered"
    "cudaHostRegister(memory, bytes, cudaHostRegisterDefault)" "cudaSuccess")
  cuda_fault(batch_not_released "batch_arena_free"
    "batch_release(b->batch)" "if (b->batch && b->batch->batch_id != 3) batch_release(b->batch)")
  cuda_fault(stream_that_blocks "a stream that the default stream stands still for"
    "&f->copying, cudaStreamNonBlocking" "&f->copying, 0")
  cuda_fault(no_wait_for_the_copy "a kernel runs before a copy"
    "CUDA_CHECK(cudaStreamWaitEvent(stream, block->copied, 0))" "(void)block, (void)stream")
  cuda_fault(block_written_over "a copy runs before a kernel"
    "CUDA_CHECK(cudaEventSynchronize(b->used))" "(void)b->used")
endif()
