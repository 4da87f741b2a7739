# The two Debian packages that cpack makes: `make deb`. Neither needs root.

# What Debian wants beside the files: the licence of each package.
foreach(component runtime development)
  set(deb_name libkmsramcred-dev)
  if(component STREQUAL "runtime")
    set(deb_name "libkmsramcred${KMSRAMCRED_ABI_VERSION}")
  endif()
  install(FILES "${PROJECT_SOURCE_DIR}/LICENSE" DESTINATION "${CMAKE_INSTALL_DATADIR}/doc/${deb_name}" RENAME copyright
          COMPONENT "deb_${component}" EXCLUDE_FROM_ALL)
endforeach()

set(CPACK_GENERATOR DEB)
set(CPACK_VERBATIM_VARIABLES ON)
set(CPACK_PACKAGING_INSTALL_PREFIX "${CMAKE_INSTALL_PREFIX}")
set(CPACK_PACKAGE_VENDOR kmsramcred)
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "Keeps Alibaba Cloud SDK clients working while KMS rotates their AccessKey")
set(CPACK_PACKAGE_DIRECTORY "${CMAKE_BINARY_DIR}/deb")
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_COMPONENTS_ALL runtime development deb_runtime deb_development)
foreach(component runtime development)
  string(TOUPPER "CPACK_COMPONENT_${component}_GROUP" group)
  set(${group} ${component})
  string(TOUPPER "CPACK_COMPONENT_deb_${component}_GROUP" group)
  set(${group} ${component})
endforeach()

set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_RELEASE 1)
set(CPACK_DEBIAN_PACKAGE_MAINTAINER "The authors of kmsramcred <kmsramcred@users.noreply.github.com>")
set(CPACK_DEBIAN_COMPRESSION_TYPE gzip) # xz takes several times as long for the archive, and saves little
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_DEBIAN_RUNTIME_PACKAGE_NAME "libkmsramcred${KMSRAMCRED_ABI_VERSION}")
set(CPACK_DEBIAN_RUNTIME_PACKAGE_SECTION libs)
# libc6 and libgcc-s1, with the oldest versions that will do.
set(CPACK_DEBIAN_RUNTIME_PACKAGE_SHLIBDEPS ON)
# What other packages depend on who link it. That the loader's cache is renewed cpack sees to by itself.
set(CPACK_DEBIAN_PACKAGE_GENERATE_SHLIBS ON)
set(CPACK_DEBIAN_PACKAGE_GENERATE_SHLIBS_POLICY ">=")
set(CPACK_DEBIAN_RUNTIME_DESCRIPTION "The shared library: what programs need to run.")
set(CPACK_DEBIAN_DEVELOPMENT_DESCRIPTION "Headers for C and C++, the archive, CMake package and pkg-config files.")
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_NAME libkmsramcred-dev)
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_SECTION libdevel)
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_DEPENDS
    "libkmsramcred${KMSRAMCRED_ABI_VERSION} (= ${PROJECT_VERSION}-${CPACK_DEBIAN_PACKAGE_RELEASE})")
include(CPack)
