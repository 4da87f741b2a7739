# Installs into a scratch prefix, moves it, and builds and runs outside programs against it: CMake package (shared and
# static) and pkg-config.
#
#   cmake -DBUILD=... -DSOURCE=... -DSCRATCH=... -P check.cmake

function(run)
  execute_process(COMMAND ${ARGV} RESULT_VARIABLE failed OUTPUT_VARIABLE said ERROR_VARIABLE said)
  if(failed)
    message(FATAL_ERROR "${ARGV} failed: ${said}")
  endif()
  set(said "${said}" PARENT_SCOPE)
endfunction()

file(REMOVE_RECURSE "${SCRATCH}")
run("${CMAKE_COMMAND}" --install "${BUILD}" --prefix "${SCRATCH}/first")
file(RENAME "${SCRATCH}/first" "${SCRATCH}/prefix")
file(GLOB_RECURSE pc "${SCRATCH}/prefix/*/kmsramcred.pc")
get_filename_component(pc_dir "${pc}" DIRECTORY)
get_filename_component(lib_dir "${pc_dir}" DIRECTORY)

run("${CMAKE_COMMAND}" -S "${SOURCE}" -B "${SCRATCH}/build" "-DCMAKE_PREFIX_PATH=${SCRATCH}/prefix")
run("${CMAKE_COMMAND}" --build "${SCRATCH}/build")
run("${SCRATCH}/build/with_kmsramcred")
run("${SCRATCH}/build/with_static")
run("${SCRATCH}/build/cpp_with_kmsramcred")
run("${SCRATCH}/build/cpp_with_static")

find_program(pkg_config pkg-config)
find_program(compiler NAMES cc gcc clang)
if(NOT pkg_config OR NOT compiler)
  message(FATAL_ERROR "pkg-config and a C compiler are needed for this test")
endif()
set(ENV{PKG_CONFIG_PATH} "${pc_dir}")
run("${pkg_config}" --cflags --libs kmsramcred)
separate_arguments(flags UNIX_COMMAND "${said}")
run("${compiler}" "${SOURCE}/consumer.c" -o "${SCRATCH}/with_pkg_config" ${flags})
run("${CMAKE_COMMAND}" -E env "LD_LIBRARY_PATH=${lib_dir}" "${SCRATCH}/with_pkg_config")
run("${pkg_config}" --static --libs-only-l kmsramcred)
string(REPLACE "-lkmsramcred" "" flags "${said}")
separate_arguments(flags UNIX_COMMAND "${flags}")
run("${compiler}" "${SOURCE}/consumer.c" "-I${SCRATCH}/prefix/include" "${lib_dir}/libkmsramcred.a"
    -o "${SCRATCH}/with_archive" ${flags})
run("${SCRATCH}/with_archive")
