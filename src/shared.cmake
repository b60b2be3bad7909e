# libheadrace.so.
headrace_library(headrace SHARED $<TARGET_OBJECTS:headrace_objects>)
target_link_options(headrace PRIVATE LINKER:-z,nodelete)
# Before 1.0 each minor version may change the interface: the soname and the symbols' version say it, as the CMake
# package's SameMinorVersion does.
set(HEADRACE_ABI ${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR})
set_target_properties(headrace PROPERTIES VERSION ${PROJECT_VERSION} SOVERSION ${HEADRACE_ABI})

# What is exported: the templates of libstdc++ are visible whatever is asked for.
set(exports ${CMAKE_CURRENT_BINARY_DIR}/exports.map)
configure_file(exports.map.in ${exports} @ONLY)
target_link_options(headrace PRIVATE LINKER:--version-script=${exports})
set_property(TARGET headrace APPEND PROPERTY LINK_DEPENDS ${exports})
