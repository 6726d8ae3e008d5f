# Lua scripts become C strings: daemon/timeline/append.lua is `tp_script_append` in "append.lua.h". A line
# `-- include: ../redis/home.lua` is replaced by that file, so that what every script checks first is written once.
set(TP_EMBED_DIR ${CMAKE_CURRENT_LIST_DIR})
function(tp_embed_scripts target)
  foreach(script ${ARGN})
    get_filename_component(name ${script} NAME_WE)
    set(header ${CMAKE_BINARY_DIR}/scripts/${target}/${name}.lua.h)
    file(GLOB included CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/daemon/redis/*.lua ${CMAKE_SOURCE_DIR}/daemon/customer/*.lua)
    add_custom_command(OUTPUT ${header}
      COMMAND ${CMAKE_COMMAND} -DSCRIPT=${script} -DNAME=${name} -DHEADER=${header} -P ${TP_EMBED_DIR}/embed-script.cmake
      DEPENDS ${script} ${included} ${TP_EMBED_DIR}/embed-script.cmake VERBATIM)
    target_sources(${target} PRIVATE ${header})
    target_include_directories(${target} PRIVATE ${CMAKE_BINARY_DIR}/scripts/${target})
  endforeach()
endfunction()

# daemon/mapping/prelude.jq is `tp_prelude` in "prelude.jq.h", on one line and without its comments.
function(tp_embed_prelude target file)
  set(header ${CMAKE_BINARY_DIR}/scripts/${target}/prelude.jq.h)
  add_custom_command(OUTPUT ${header}
    COMMAND ${CMAKE_COMMAND} -DFILE=${CMAKE_SOURCE_DIR}/${file} -DHEADER=${header} -P ${TP_EMBED_DIR}/embed-prelude.cmake
    DEPENDS ${CMAKE_SOURCE_DIR}/${file} ${TP_EMBED_DIR}/embed-prelude.cmake VERBATIM)
  target_sources(${target} PRIVATE ${header})
  target_include_directories(${target} PRIVATE ${CMAKE_BINARY_DIR}/scripts/${target})
endfunction()
