# Compiles use_everything.cpp with a compiler in every standard and without exceptions; any warning is an error.
#
#   cmake -DCOMPILER=clang++ -DINCLUDE=... -DSOURCE=... -P compilers.cmake

find_program(compiler "${COMPILER}")
if(NOT compiler)
  message("skipped: ${COMPILER} is not installed")
  return()
endif()
file(GLOB headers RELATIVE "${INCLUDE}" "${INCLUDE}/*.hpp" "${INCLUDE}/kmsramcred/*.hpp")
foreach(standard c++17 c++20 c++2b)
  foreach(exceptions "" "-fno-exceptions;-fno-rtti")
    set(flags "-std=${standard}" ${exceptions} -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Werror "-I${INCLUDE}"
              -fsyntax-only)
    execute_process(COMMAND "${compiler}" ${flags} "${SOURCE}" RESULT_VARIABLE failed ERROR_VARIABLE said)
    if(failed)
      message(FATAL_ERROR "${compiler} ${flags}: ${said}")
    endif()
  endforeach()
endforeach()
# Each header alone.
foreach(header ${headers})
  file(WRITE "${SCRATCH}/alone.cpp" "#include <${header}>\n#include <${header}>\n")
  execute_process(COMMAND "${compiler}" -std=c++17 -Wall -Wextra -Wpedantic -Wconversion -Werror "-I${INCLUDE}"
                  -fsyntax-only "${SCRATCH}/alone.cpp" RESULT_VARIABLE failed ERROR_VARIABLE said)
  if(failed)
    message(FATAL_ERROR "${header} alone, ${compiler}: ${said}")
  endif()
endforeach()
