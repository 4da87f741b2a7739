# With KMSRAMCRED_SANITIZE everything is compiled with a sanitizer: tests, the shared library and its Rust, the standard
# library included. That needs the nightly toolchain with rust-src. `make test-sanitizers` does it.

set(KMSRAMCRED_SANITIZE "" CACHE STRING "address (with undefined behaviour), thread, or nothing")
set(KMSRAMCRED_TEST_LAUNCHER "" CACHE STRING "What starts the programs of the tests, such as valgrind with its arguments")

set(cargo_environment "")
set(sanitized_sources "")
if(KMSRAMCRED_SANITIZE)
  set(sanitizers_address address,undefined)
  set(sanitizers_thread thread)
  set(sanitizers "${sanitizers_${KMSRAMCRED_SANITIZE}}")
  if(NOT sanitizers)
    message(FATAL_ERROR "KMSRAMCRED_SANITIZE is ${KMSRAMCRED_SANITIZE}; address and thread are possible")
  endif()
  add_compile_options("-fsanitize=${sanitizers}" -fno-sanitize-recover=undefined -fno-omit-frame-pointer -g)
  add_link_options("-fsanitize=${sanitizers}")
  execute_process(COMMAND rustc +nightly --version --verbose OUTPUT_VARIABLE rust RESULT_VARIABLE failed ERROR_QUIET)
  if(failed OR NOT rust MATCHES "host: ([^\n]+)")
    message(FATAL_ERROR "the nightly toolchain is missing: rustup toolchain install nightly --component rust-src")
  endif()
  set(KMSRAMCRED_CARGO_FLAGS "-Zbuild-std --target ${CMAKE_MATCH_1}")
  # No link-time optimisation, and names in the reports.
  set(cargo_environment RUSTUP_TOOLCHAIN=nightly "RUSTFLAGS=-Zsanitizer=${KMSRAMCRED_SANITIZE}"
    CARGO_PROFILE_RELEASE_LTO=off CARGO_PROFILE_RELEASE_CODEGEN_UNITS=16 CARGO_PROFILE_RELEASE_STRIP=none
    CARGO_PROFILE_RELEASE_DEBUG=line-tables-only)
  if(KMSRAMCRED_SANITIZE STREQUAL "thread")
    # Rust calls its memcpy by a name that the C compiler's runtime does not have.
    set(sanitized_sources "${PROJECT_SOURCE_DIR}/cmake/tsan_memory.c")
  endif()
endif()
