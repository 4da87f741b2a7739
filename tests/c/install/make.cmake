# `make install` into an empty tree and into one with other people's files, and `make uninstall`: it takes away what
# was put there and nothing else.
#
#   cmake -DMAKE=... -DSOURCE=... -DROOT=... -DSCRATCH=... -DCARGO_TARGET=... -P make.cmake

cmake_minimum_required(VERSION 3.22)
include("${SOURCE}/run.cmake")
file(REMOVE_RECURSE "${SCRATCH}/tree")
unset(ENV{MAKEFLAGS})
unset(ENV{MAKELEVEL})
function(order target)
  run("${MAKE}" -C "${ROOT}" "${target}" "CARGO_TARGET_DIR=${CARGO_TARGET}" "PACKAGE_BUILD=${SCRATCH}/build"
      "PREFIX=/opt/kms" "DESTDIR=${SCRATCH}/tree")
endfunction()
function(look)
  file(GLOB_RECURSE found LIST_DIRECTORIES true RELATIVE "${SCRATCH}/tree" "${SCRATCH}/tree/*")
  set(found "${found}" PARENT_SCOPE)
endfunction()

# Twice, as an upgrade does; then nothing is left of it.
file(MAKE_DIRECTORY "${SCRATCH}/tree")
order(install)
order(install)
look()
foreach(path include/kmsramcred.h include/kmsramcred.hpp include/kmsramcred/generation.h share/kmsramcred/installed.txt)
  if(NOT "opt/kms/${path}" IN_LIST found)
    message(FATAL_ERROR "make install left no ${path}: ${found}")
  endif()
endforeach()
foreach(name libkmsramcred.so libkmsramcred.so.0 libkmsramcred.a kmsramcred.pc kmsramcred-static.pc kmsramcredConfig.cmake)
  if(NOT found MATCHES "/${name}(;|$)")
    message(FATAL_ERROR "make install left no ${name}: ${found}")
  endif()
endforeach()
order(uninstall)
look()
if(found)
  message(FATAL_ERROR "make uninstall left ${found}")
endif()

# What was there before stays, and so does what came beside it.
file(WRITE "${SCRATCH}/tree/opt/kms/include/other.h" "")
file(MAKE_DIRECTORY "${SCRATCH}/tree/opt/kms/share")
look()
set(before "${found}")
order(install)
file(WRITE "${SCRATCH}/tree/opt/kms/include/kmsramcred/other.h" "")
order(uninstall)
look()
list(REMOVE_ITEM found opt/kms/include/kmsramcred opt/kms/include/kmsramcred/other.h)
if(NOT found STREQUAL before)
  message(FATAL_ERROR "before: ${before}; after install and uninstall: ${found}")
endif()

# A second time, or in another place, it is said that there is nothing.
execute_process(COMMAND "${MAKE}" -C "${ROOT}" uninstall PREFIX=/opt/kms "DESTDIR=${SCRATCH}/tree"
  RESULT_VARIABLE failed OUTPUT_VARIABLE said ERROR_VARIABLE said)
if(NOT failed OR NOT said MATCHES "nothing was installed there")
  message(FATAL_ERROR "make uninstall where nothing is: ${failed} ${said}")
endif()
