# Installs into a scratch prefix, moves it, and builds and runs outside programs against it: with the CMake package and
# with pkg-config, shared and static, in C and C++. Each rides through a rotation.
#
#   cmake -DBUILD=... -DSOURCE=... -DROOT=... -DSCRATCH=... -DEMULATOR=... -P check.cmake

cmake_minimum_required(VERSION 3.22)
include("${SOURCE}/run.cmake")
file(REMOVE_RECURSE "${SCRATCH}")
run("${CMAKE_COMMAND}" --install "${BUILD}" --prefix "${SCRATCH}/first")
file(RENAME "${SCRATCH}/first" "${SCRATCH}/prefix")
file(GLOB_RECURSE pc "${SCRATCH}/prefix/*/kmsramcred.pc")
get_filename_component(pc_dir "${pc}" DIRECTORY)
get_filename_component(lib_dir "${pc_dir}" DIRECTORY)
gather_harness("${SCRATCH}/harness")

run("${CMAKE_COMMAND}" -S "${SOURCE}" -B "${SCRATCH}/build" "-DCMAKE_PREFIX_PATH=${SCRATCH}/prefix"
    "-DHARNESS=${SCRATCH}/harness")
run("${CMAKE_COMMAND}" --build "${SCRATCH}/build")
foreach(program c_kmsramcred c_static cpp_kmsramcred cpp_static)
  run("${SCRATCH}/build/${program}" "${EMULATOR}")
endforeach()
needs_the_library("${SCRATCH}/build/c_kmsramcred" TRUE)
needs_the_library("${SCRATCH}/build/c_static" FALSE)

find_program(pkg_config pkg-config)
if(NOT pkg_config)
  message(FATAL_ERROR "pkg-config is needed for this test")
endif()
set(ENV{PKG_CONFIG_PATH} "${pc_dir}")
with_pkg_config(shared c cc kmsramcred)
with_pkg_config(static c cc kmsramcred-static)
with_pkg_config(shared_cpp cpp c++ kmsramcred)
with_pkg_config(static_cpp cpp c++ kmsramcred-static)
foreach(kind shared shared_cpp)
  run("${CMAKE_COMMAND}" -E env "LD_LIBRARY_PATH=${lib_dir}" "${SCRATCH}/${kind}" "${EMULATOR}")
  needs_the_library("${SCRATCH}/${kind}" TRUE)
endforeach()
foreach(kind static static_cpp)
  run("${SCRATCH}/${kind}" "${EMULATOR}")
  needs_the_library("${SCRATCH}/${kind}" FALSE)
endforeach()

# Libs.private says all that the archive needs: where there is no shared library, --static is enough.
file(GLOB shared_libraries "${lib_dir}/libkmsramcred.so*")
file(REMOVE ${shared_libraries})
with_pkg_config(static_only c cc --static kmsramcred)
run("${SCRATCH}/static_only" "${EMULATOR}")
