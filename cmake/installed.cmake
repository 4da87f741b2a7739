# Installs a build and remembers what that added, or takes exactly that away again.
#
#   cmake -DORDER=install|uninstall -DPREFIX=... -DDESTDIR=... -DBUILD=... -P installed.cmake
#
# The memory is a list of files and folders in the installed tree itself. So a later source tree, or one that was cleaned,
# can uninstall too, and an installation over an older one loses nothing of what that has put there.

cmake_minimum_required(VERSION 3.22)

if(NOT IS_ABSOLUTE "${PREFIX}")
  message(FATAL_ERROR "PREFIX is ${PREFIX}: it must be an absolute path")
endif()
set(list_file "${PREFIX}/share/kmsramcred/installed.txt")
set(known "")
if(EXISTS "${DESTDIR}${list_file}")
  file(STRINGS "${DESTDIR}${list_file}" known)
endif()

if(ORDER STREQUAL "install")
  # A rehearsal in an empty place shows what is going to be made.
  set(stage "${BUILD}/stage")
  file(REMOVE_RECURSE "${stage}")
  set(ENV{DESTDIR} "${stage}")
  execute_process(COMMAND "${CMAKE_COMMAND}" --install "${BUILD}" OUTPUT_QUIET COMMAND_ERROR_IS_FATAL ANY)
  file(WRITE "${stage}${list_file}" "")
  file(GLOB_RECURSE made LIST_DIRECTORIES true RELATIVE "${stage}" "${stage}/*")
  foreach(path ${made})
    # A folder that is there already is somebody else's. Files of an older version are replaced, and so they are ours.
    if(NOT IS_DIRECTORY "${DESTDIR}/${path}")
      list(APPEND known "/${path}")
    endif()
  endforeach()
  file(REMOVE_RECURSE "${stage}")
  list(REMOVE_DUPLICATES known)
  list(SORT known)
  list(JOIN known "\n" lines)
  file(WRITE "${DESTDIR}${list_file}" "${lines}\n")
  set(ENV{DESTDIR} "${DESTDIR}")
  execute_process(COMMAND "${CMAKE_COMMAND}" --install "${BUILD}" OUTPUT_QUIET COMMAND_ERROR_IS_FATAL ANY)
  message("Installed below ${DESTDIR}${PREFIX}. If the loader does not find the library there: ldconfig, or an rpath.")
elseif(ORDER STREQUAL "uninstall")
  if(NOT known)
    message(FATAL_ERROR "${DESTDIR}${list_file} does not exist: nothing was installed there with `make install`; "
                        "say the same PREFIX and DESTDIR as then")
  endif()
  # The innermost first.
  list(SORT known ORDER DESCENDING)
  foreach(path ${known})
    set(path "${DESTDIR}${path}")
    if(IS_DIRECTORY "${path}" AND NOT IS_SYMLINK "${path}")
      file(GLOB rest "${path}/*" "${path}/.*")
      list(FILTER rest EXCLUDE REGEX "/[.][.]?$")
      if(NOT rest)
        file(REMOVE_RECURSE "${path}")
      endif()
    else()
      file(REMOVE "${path}")
    endif()
  endforeach()
  message("Removed from ${DESTDIR}${PREFIX} what `make install` put there.")
else()
  message(FATAL_ERROR "ORDER is install or uninstall")
endif()
