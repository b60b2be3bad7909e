# The C++ headers: programs of C++11 that are built and run as every other test, what must not compile, and every standard.
foreach(name IN ITEMS handles data no_exceptions)
  add_executable(cpp_${name} cpp/${name}.cpp)
  target_link_libraries(cpp_${name} PRIVATE headrace_common headrace::headrace)
  set_target_properties(cpp_${name} PROPERTIES CXX_STANDARD 11 CXX_EXTENSIONS OFF)
  target_compile_options(cpp_${name} PRIVATE "SHELL:${HEADRACE_TEST_FLAGS}")
  add_test(NAME cpp_${name} COMMAND cpp_${name})
  set_tests_properties(cpp_${name} PROPERTIES LABELS unit TIMEOUT ${HEADRACE_TEST_TIMEOUT})
endforeach()
target_compile_options(cpp_no_exceptions PRIVATE -fno-exceptions -fno-rtti)
add_test(NAME cpp_no_exceptions_abort COMMAND sh -c "\"$0\" abort 2>&1; [ $? -eq 134 ] && echo aborted"
  $<TARGET_FILE:cpp_no_exceptions>)
set_tests_properties(cpp_no_exceptions_abort PROPERTIES LABELS unit TIMEOUT ${HEADRACE_TEST_TIMEOUT}
  PASS_REGULAR_EXPRESSION "headrace: /nonexistent/headrace.bin: .*aborted")

if(NOT HEADRACE_SANITIZE)
  set(compilers ${CMAKE_CXX_COMPILER})
  if(HEADRACE_LONG_TESTS)
    list(APPEND compilers ${HEADRACE_CLANGXX})
  endif()
  headrace_script_test(cpp_misuse cpp_misuse.sh ${include_dir} ${CMAKE_CURRENT_SOURCE_DIR}/cpp/misuse.cpp ${compilers})
  headrace_script_control(cpp_misuse_control cpp_misuse.sh ${include_dir} ${CMAKE_CURRENT_SOURCE_DIR}/cpp/misuse_control.cpp
    ${compilers})
  set(programs ${CMAKE_CURRENT_SOURCE_DIR}/cpp/handles.cpp)
  set(pairs ${CMAKE_CXX_COMPILER}:11 ${CMAKE_CXX_COMPILER}:20 ${HEADRACE_CLANGXX}:17)
  if(HEADRACE_LONG_TESTS AND BUILD_SHARED_LIBS)
    list(APPEND programs ${CMAKE_CURRENT_SOURCE_DIR}/cpp/data.cpp)
    list(APPEND pairs ${CMAKE_CXX_COMPILER}:14 ${CMAKE_CXX_COMPILER}:17 ${CMAKE_CXX_COMPILER}:2b
      ${HEADRACE_CLANGXX}:11 ${HEADRACE_CLANGXX}:14 ${HEADRACE_CLANGXX}:20 ${HEADRACE_CLANGXX}:2b)
  endif()
  headrace_script_test(cpp_standards cpp_standards.sh ${include_dir} ${pairs} -- ${programs})
  if(HEADRACE_LONG_TESTS AND BUILD_SHARED_LIBS)
    set_tests_properties(cpp_standards PROPERTIES ENVIRONMENT LIBRARY_DIR=$<TARGET_FILE_DIR:headrace>)
  endif()
  headrace_script_control(cpp_standards_control cpp_standards.sh ${include_dir} ${CMAKE_CXX_COMPILER}:11 --
    ${CMAKE_CURRENT_SOURCE_DIR}/cpp/misuse.cpp)
endif()

# The example learns: untrained it is at ln 256 = 5.5.
if(TARGET bigram)
  add_test(NAME cpp_example COMMAND bigram --steps 200 /usr/share/common-licenses/GPL-3)
  set_tests_properties(cpp_example PROPERTIES LABELS unit TIMEOUT ${HEADRACE_TEST_TIMEOUT}
    PASS_REGULAR_EXPRESSION "step   200  loss [0-3][.][0-9]+ of what was held back")
endif()
