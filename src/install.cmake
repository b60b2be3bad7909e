# Installation: library, headers, CMake package and pkg-config file, suppressions for valgrind.
include(CMakePackageConfigHelpers)
set(HEADRACE_PACKAGE_DIR ${CMAKE_INSTALL_LIBDIR}/cmake/headrace)
install(TARGETS headrace EXPORT headraceTargets FILE_SET HEADERS)
install(EXPORT headraceTargets NAMESPACE headrace:: DESTINATION ${HEADRACE_PACKAGE_DIR})
configure_package_config_file(${PROJECT_SOURCE_DIR}/cmake/headraceConfig.cmake.in headraceConfig.cmake
  INSTALL_DESTINATION ${HEADRACE_PACKAGE_DIR})
write_basic_package_version_file(headraceConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/headraceConfig.cmake
  ${CMAKE_CURRENT_BINARY_DIR}/headraceConfigVersion.cmake DESTINATION ${HEADRACE_PACKAGE_DIR})
install(FILES ${PROJECT_SOURCE_DIR}/share/headrace.supp DESTINATION ${CMAKE_INSTALL_DATADIR}/headrace)
# What a static libheadrace leaves to the linker.
set(HEADRACE_PC_REQUIRES)
foreach(variable module IN ZIP_LISTS HEADRACE_OPTIONAL HEADRACE_OPTIONAL_MODULES)
  if(${variable}_FOUND)
    list(APPEND HEADRACE_PC_REQUIRES ${module})
  endif()
endforeach()
list(JOIN HEADRACE_PC_REQUIRES ", " HEADRACE_PC_REQUIRES)
if(SENTENCEPIECE_FOUND)
  set(HEADRACE_PC_LIBS " -lstdc++")
endif()
configure_file(${PROJECT_SOURCE_DIR}/cmake/headrace.pc.in headrace.pc @ONLY)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/headrace.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
