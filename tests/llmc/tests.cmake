# examples/llmc_dataloader.h: llm.c's DataLoader over the public headers.
set(llmc ${CMAKE_CURRENT_SOURCE_DIR}/llmc)

# The types that llm.c's programs count on.
set(signatures -I${PROJECT_SOURCE_DIR}/examples)
set(beside ${signatures} -I${llmc}/beside)
headrace_types_test(llmc_signatures llmc/signatures.c ${CMAKE_C_COMPILER} -std=gnu11 ${signatures})
headrace_types_test(llmc_signatures_beside llmc/signatures.c ${CMAKE_C_COMPILER} -std=gnu11 ${beside})
if(CMAKE_CXX_COMPILER)
  headrace_types_test(llmc_signatures_cxx llmc/signatures.c ${CMAKE_CXX_COMPILER} -std=c++17 -x c++ ${signatures})
  headrace_types_test(llmc_signatures_cxx_beside llmc/signatures.c ${CMAKE_CXX_COMPILER} -std=c++17 -x c++ ${beside})
endif()

headrace_unit_test(${llmc}/test_llmc.c)
target_include_directories(test_llmc PRIVATE ${PROJECT_SOURCE_DIR}/examples ${llmc}/beside)
