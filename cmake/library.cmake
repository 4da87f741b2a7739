# Builds libkmsramcred.a with cargo and links libkmsramcred.so from it.
#
# A cdylib made by rustc has neither SONAME nor symbol versions, so the shared library is linked here: exactly the symbols
# of bindings/c/symbols.txt are visible, and it is never unloaded, because its threads cannot be taken back.

if(NOT CMAKE_SYSTEM_NAME STREQUAL "Linux")
  message(FATAL_ERROR "kmsramcred: the C library is built for Linux only; this is ${CMAKE_SYSTEM_NAME}")
endif()

set(KMSRAMCRED_TARGET_DIR "" CACHE PATH "Where cargo builds; empty: CARGO_TARGET_DIR, else target/ of the source tree")
set(KMSRAMCRED_CARGO_FLAGS "" CACHE STRING "More arguments for cargo, such as --target or --features testing")
find_program(KMSRAMCRED_CARGO cargo HINTS "$ENV{HOME}/.cargo/bin" REQUIRED)

set(cargo_target "${KMSRAMCRED_TARGET_DIR}")
if(NOT cargo_target)
  set(cargo_target "$ENV{CARGO_TARGET_DIR}")
endif()
if(NOT cargo_target)
  set(cargo_target "${PROJECT_SOURCE_DIR}/target")
endif()
get_filename_component(cargo_target "${cargo_target}" ABSOLUTE BASE_DIR "${PROJECT_SOURCE_DIR}")
separate_arguments(cargo_flags UNIX_COMMAND "${KMSRAMCRED_CARGO_FLAGS}")

set(rust_archive "${CMAKE_BINARY_DIR}/libkmsramcred.a")
set(cargo_archive "${cargo_target}/release/libkmsramcred_c.a")
if(KMSRAMCRED_CARGO_FLAGS MATCHES "--target[ =]([^ ]+)")
  set(cargo_archive "${cargo_target}/${CMAKE_MATCH_1}/release/libkmsramcred_c.a")
endif()

# Cargo knows best what is out of date: it is always asked, and the archive is only replaced when it differs.
add_custom_target(kmsramcred_cargo ALL
  COMMAND "${CMAKE_COMMAND}" -E env "CARGO_TARGET_DIR=${cargo_target}" ${cargo_environment}
          "${KMSRAMCRED_CARGO}" rustc --release --locked --package kmsramcred-c --lib --crate-type staticlib ${cargo_flags}
  COMMAND "${CMAKE_COMMAND}" -E copy_if_different "${cargo_archive}" "${rust_archive}"
  WORKING_DIRECTORY "${PROJECT_SOURCE_DIR}"
  BYPRODUCTS "${rust_archive}"
  COMMENT "Building the Rust library"
  USES_TERMINAL VERBATIM)

file(STRINGS "${PROJECT_SOURCE_DIR}/bindings/c/symbols.txt" kmsramcred_symbols)
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/bindings/c/symbols.txt")
list(JOIN kmsramcred_symbols ";\n    " symbol_lines)
set(version_script "${CMAKE_BINARY_DIR}/kmsramcred.map")
file(CONFIGURE OUTPUT "${version_script}" @ONLY CONTENT
"KMSRAMCRED_${KMSRAMCRED_ABI_VERSION} {
  global:
    ${symbol_lines};
  local:
    *;
};
")

# What the Rust runtime asks of the system; the test build_static proves that a program needs no more.
set(KMSRAMCRED_SYSTEM_LIBRARIES m gcc_s pthread dl)

file(CONFIGURE OUTPUT "${CMAKE_BINARY_DIR}/nothing.c" CONTENT "typedef int kmsramcred_nothing;\n")
add_library(kmsramcred SHARED "${CMAKE_BINARY_DIR}/nothing.c" ${sanitized_sources})
add_library(kmsramcred::kmsramcred ALIAS kmsramcred)
add_dependencies(kmsramcred kmsramcred_cargo)
set_target_properties(kmsramcred PROPERTIES
  VERSION "${PROJECT_VERSION}"
  SOVERSION "${KMSRAMCRED_ABI_VERSION}"
  LINK_DEPENDS "${rust_archive};${version_script}"
  LINKER_LANGUAGE C)
target_include_directories(kmsramcred PUBLIC
  "$<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include>"
  "$<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>")
target_link_options(kmsramcred PRIVATE
  "LINKER:--version-script=${version_script}" "LINKER:-z,nodelete" "LINKER:-z,relro,-z,now" "LINKER:--gc-sections"
  "LINKER:--as-needed" "LINKER:--no-undefined")
if(NOT KMSRAMCRED_SANITIZE)
  target_link_options(kmsramcred PRIVATE "LINKER:-s")
endif()
target_link_libraries(kmsramcred PRIVATE
  -Wl,--whole-archive "${rust_archive}" -Wl,--no-whole-archive ${KMSRAMCRED_SYSTEM_LIBRARIES})

add_library(kmsramcred_static STATIC IMPORTED GLOBAL)
add_library(kmsramcred::static ALIAS kmsramcred_static)
add_dependencies(kmsramcred_static kmsramcred_cargo)
set_target_properties(kmsramcred_static PROPERTIES IMPORTED_LOCATION "${rust_archive}")
target_include_directories(kmsramcred_static INTERFACE "${PROJECT_SOURCE_DIR}/include")
target_compile_definitions(kmsramcred_static INTERFACE KMSRAMCRED_STATIC)
target_sources(kmsramcred_static INTERFACE ${sanitized_sources})
target_link_libraries(kmsramcred_static INTERFACE ${KMSRAMCRED_SYSTEM_LIBRARIES})
