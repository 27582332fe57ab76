# The programs of a release carry the libraries that the system has as archives: each shared one less
# saves page faults and relocations at every start, and libxml2 alone brings ICU and the C++ library
# along. OpenSSL stays shared, because its repairs should reach an installed program by themselves.
option(WXPAY_ARCHIVES "link archives instead of shared libraries where the system has them" OFF)

# carry(PACKAGE ARCHIVE NEEDS...): link libARCHIVE.a, and what it needs, for PkgConfig::PACKAGE
function(carry package archive)
    find_library(${package}_ARCHIVE lib${archive}.a)
    if(WXPAY_ARCHIVES AND ${package}_ARCHIVE)
        set_target_properties(PkgConfig::${package} PROPERTIES
            INTERFACE_LINK_LIBRARIES "${${package}_ARCHIVE};${ARGN}")
    endif()
endfunction()

find_library(Z_ARCHIVE NAMES libz.a z)
find_library(LZMA_ARCHIVE NAMES liblzma.a lzma)
find_path(ICU_INCLUDE_DIR unicode/ucnv.h)

carry(libuv uv_a Threads::Threads ${CMAKE_DL_LIBS})
carry(sqlite3 sqlite3 m)
carry(jansson jansson)
carry(libyaml yaml)
carry(popt popt)
carry(zlib z)
carry(libpng png16 ${Z_ARCHIVE} m)
if(ICU_INCLUDE_DIR)
    add_library(no_icu STATIC EXCLUDE_FROM_ALL ${CMAKE_CURRENT_LIST_DIR}/no_icu.c)
    target_include_directories(no_icu SYSTEM PRIVATE ${ICU_INCLUDE_DIR})
    target_link_libraries(no_icu PRIVATE wxpay_flags)
    carry(libxml2 xml2 no_icu ${LZMA_ARCHIVE} ${Z_ARCHIVE} m)
endif()
