# examples/llmc_dataloader.h: llm.c's DataLoader over the public headers.
set(llmc ${CMAKE_CURRENT_SOURCE_DIR}/llmc)

# The types that llm.c's programs count on, and a control with a wrong one.
function(headrace_llmc_signatures name compiler)
  set(check ${compiler} ${ARGN} -Wall -Wextra -Werror -fsyntax-only -I${include_dir} -I${PROJECT_SOURCE_DIR}/examples
    ${llmc}/signatures.c)
  add_test(NAME ${name} COMMAND ${check})
  add_test(NAME ${name}_control COMMAND ${check} -DSIGNATURES_CONTROL)
  set_tests_properties(${name} ${name}_control PROPERTIES LABELS unit TIMEOUT ${HEADRACE_TEST_TIMEOUT})
  set_tests_properties(${name}_control PROPERTIES WILL_FAIL ON)
endfunction()
headrace_llmc_signatures(llmc_signatures ${CMAKE_C_COMPILER} -std=gnu11)
headrace_llmc_signatures(llmc_signatures_beside ${CMAKE_C_COMPILER} -std=gnu11 -I${llmc}/beside)
if(CMAKE_CXX_COMPILER)
  headrace_llmc_signatures(llmc_signatures_cxx ${CMAKE_CXX_COMPILER} -std=c++17 -x c++)
  headrace_llmc_signatures(llmc_signatures_cxx_beside ${CMAKE_CXX_COMPILER} -std=c++17 -x c++ -I${llmc}/beside)
endif()

headrace_unit_test(${llmc}/test_llmc.c)
target_include_directories(test_llmc PRIVATE ${PROJECT_SOURCE_DIR}/examples ${llmc}/beside)
