# Run by cpack in what is to be packed, a folder a component: programs and libraries stripped, pages of the manual
# compressed, and beside them what Debian wants of each package: its copyright, its changelog, and which remarks of
# lintian are known.
function(compress file)
  execute_process(COMMAND gzip -9n ${file} COMMAND_ERROR_IS_FATAL ANY)
endfunction()

function(strip file)
  execute_process(COMMAND ${CPACK_HEADRACE_STRIP} --remove-section=.comment --remove-section=.note ${ARGN} ${file}
    COMMAND_ERROR_IS_FATAL ANY)
endfunction()

# add(<name in packages/> <where it goes>)
function(add from to)
  configure_file(${CPACK_HEADRACE_PACKAGES}/${from} ${to} COPYONLY
    FILE_PERMISSIONS OWNER_READ OWNER_WRITE GROUP_READ WORLD_READ)
endfunction()

foreach(component package IN ZIP_LISTS CPACK_COMPONENTS_ALL CPACK_HEADRACE_NAMES)
  set(tree ${CPACK_TEMPORARY_DIRECTORY}/${component}${CPACK_PACKAGING_INSTALL_PREFIX})
  set(data ${tree}/${CPACK_HEADRACE_DATA})
  file(GLOB modules ${tree}/lib/python3/dist-packages/headrace)
  if(modules) # which are compiled where they are installed, for every Python there, and find the library by its soname
    file(REMOVE_RECURSE ${modules}/__pycache__ ${modules}/_location.py)
    file(MAKE_DIRECTORY ${data}/doc/${package})
    file(CREATE_LINK ../../headrace/python/examples ${data}/doc/${package}/examples SYMBOLIC)
  endif()
  file(GLOB programs ${tree}/bin/* ${tree}/lib*/*.so.*.* ${tree}/lib/*/*.so.*.*)
  foreach(program IN LISTS programs)
    if(NOT IS_SYMLINK ${program})
      strip(${program} --strip-unneeded)
    endif()
  endforeach()
  file(GLOB_RECURSE archives ${tree}/lib/*.a)
  foreach(archive IN LISTS archives)
    strip(${archive} --strip-debug --enable-deterministic-archives)
  endforeach()
  file(GLOB pages ${data}/man/man*/*[0-9])
  foreach(page IN LISTS pages)
    compress(${page})
  endforeach()
  set(documents ${data}/doc/${package})
  file(REMOVE ${documents}/LICENSE) # copyright has it
  add(copyright ${documents}/copyright)
  add(changelog ${documents}/changelog.Debian)
  compress(${documents}/changelog.Debian)
  add(${package}.lintian-overrides ${data}/lintian/overrides/${package})
  if(EXISTS ${documents}/html)
    add(doc-base ${data}/doc-base/${package})
  endif()
endforeach()
