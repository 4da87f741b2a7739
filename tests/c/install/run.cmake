# What the tests of the installed packages share. ROOT is the source tree, SCRATCH a folder for what they make.

cmake_minimum_required(VERSION 3.22)

# Runs a command, and ends the test with what it said when it fails. What it said is in `said`.
function(run)
  execute_process(COMMAND ${ARGV} RESULT_VARIABLE failed OUTPUT_VARIABLE said ERROR_VARIABLE said)
  if(failed)
    message(FATAL_ERROR "${ARGV} failed (${failed}): ${said}")
  endif()
  set(said "${said}" PARENT_SCOPE)
endfunction()

# Puts what starts an emulator and signs a call into one folder, as if it were the outside project's own.
function(gather_harness folder)
  file(COPY "${ROOT}/tests/c/emulator.c" "${ROOT}/tests/c/emulator.h" DESTINATION "${folder}")
  foreach(file rpc_call.c rpc_call.h)
    file(COPY "${ROOT}/examples/c/${file}" DESTINATION "${folder}")
  endforeach()
  file(READ "${folder}/emulator.c" text)
  string(REPLACE "../../examples/c/" "" text "${text}")
  file(WRITE "${folder}/emulator.c" "${text}")
endfunction()

# Whether the loader will look for the shared library.
function(needs_the_library program expected)
  run(readelf -d "${program}")
  set(found FALSE)
  if(said MATCHES "NEEDED.*libkmsramcred[.]so")
    set(found TRUE)
  endif()
  if(NOT found STREQUAL expected)
    message(FATAL_ERROR "${program}: it should be ${expected} that it needs libkmsramcred.so; it is ${found}")
  endif()
endfunction()

# Builds the consumer in `language` as ${SCRATCH}/`name` with the flags that pkg-config gives for the other arguments.
function(with_pkg_config name language compiler)
  run(pkg-config --cflags --libs ${ARGN})
  separate_arguments(flags UNIX_COMMAND "${said}")
  set(objects "")
  foreach(file emulator rpc_call)
    run(cc -std=c11 -D_GNU_SOURCE ${flags} -c "${SCRATCH}/harness/${file}.c" -o "${SCRATCH}/${name}_${file}.o")
    list(APPEND objects "${SCRATCH}/${name}_${file}.o")
  endforeach()
  run("${compiler}" -D_GNU_SOURCE "-I${SCRATCH}/harness" "${SOURCE}/consumer.${language}" ${objects}
      -o "${SCRATCH}/${name}" ${flags})
endfunction()
