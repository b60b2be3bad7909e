# Installation: libraries, headers, CMake package and pkg-config files, suppressions for valgrind.
include(CMakePackageConfigHelpers)
set(HEADRACE_PACKAGE_DIR ${CMAKE_INSTALL_LIBDIR}/cmake/headrace)
if(BUILD_SHARED_LIBS)
  install(TARGETS headrace EXPORT headraceShared LIBRARY COMPONENT runtime NAMELINK_COMPONENT dev)
  install(EXPORT headraceShared NAMESPACE headrace:: DESTINATION ${HEADRACE_PACKAGE_DIR} COMPONENT dev)
endif()
if(TARGET headrace_archive)
  install(TARGETS headrace_archive EXPORT headraceStatic ARCHIVE COMPONENT dev)
  install(EXPORT headraceStatic NAMESPACE headrace:: DESTINATION ${HEADRACE_PACKAGE_DIR} COMPONENT dev)
endif()
install(FILES ${HEADRACE_PUBLIC_HEADERS} DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/headrace COMPONENT dev)
configure_package_config_file(${PROJECT_SOURCE_DIR}/cmake/headraceConfig.cmake.in headraceConfig.cmake
  INSTALL_DESTINATION ${HEADRACE_PACKAGE_DIR})
write_basic_package_version_file(headraceConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/headraceConfig.cmake ${CMAKE_CURRENT_BINARY_DIR}/headraceConfigVersion.cmake
  DESTINATION ${HEADRACE_PACKAGE_DIR} COMPONENT dev)
install(FILES ${PROJECT_SOURCE_DIR}/share/headrace.supp DESTINATION ${CMAKE_INSTALL_DATADIR}/headrace COMPONENT dev)

# The .pc files find the tree from where they lie themselves, unless a folder was asked for by its whole path.
set(HEADRACE_PC_PREFIX ${CMAKE_INSTALL_PREFIX})
if(NOT IS_ABSOLUTE ${CMAKE_INSTALL_LIBDIR})
  cmake_path(RELATIVE_PATH CMAKE_INSTALL_PREFIX BASE_DIRECTORY ${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig
    OUTPUT_VARIABLE up)
  set(HEADRACE_PC_PREFIX "\${pcfiledir}/${up}")
endif()
foreach(folder IN ITEMS LIBDIR INCLUDEDIR)
  set(HEADRACE_PC_${folder} "\${prefix}")
  cmake_path(APPEND HEADRACE_PC_${folder} ${CMAKE_INSTALL_${folder}})
endforeach()

# headrace_pkg_config(<name> <the library's option> <private>): what the library rests on is told to the linker always, or
# (private) only with pkg-config --static. It is said as flags, not as Requires: pkg-config would ask for the -dev packages
# of all of it even of who links the shared library.
set(needs -pthread -Wl,-z,nodelete ${HEADRACE_STATIC_FLAGS} -lm)
if(HEADRACE_HAS_SENTENCEPIECE)
  list(APPEND needs -lstdc++)
endif()
foreach(folder IN LISTS CMAKE_C_IMPLICIT_LINK_DIRECTORIES)
  list(REMOVE_ITEM needs -L${folder})
endforeach()
list(REMOVE_DUPLICATES needs)
list(JOIN needs " " needs)
function(headrace_pkg_config HEADRACE_PC_NAME HEADRACE_PC_LIBS private)
  set(HEADRACE_PC_LIBS_PRIVATE ${needs})
  if(NOT private)
    string(APPEND HEADRACE_PC_LIBS " ${needs}")
    set(HEADRACE_PC_LIBS_PRIVATE)
  endif()
  configure_file(${PROJECT_SOURCE_DIR}/cmake/headrace.pc.in ${HEADRACE_PC_NAME}.pc @ONLY)
  install(FILES ${CMAKE_CURRENT_BINARY_DIR}/${HEADRACE_PC_NAME}.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig
    COMPONENT dev)
endfunction()
headrace_pkg_config(headrace -lheadrace "${BUILD_SHARED_LIBS}")
if(TARGET headrace_archive) # also where libheadrace.so lies beside it
  headrace_pkg_config(headrace-static -l:libheadrace.a OFF)
endif()
