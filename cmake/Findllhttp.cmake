# llhttp::llhttp — the library where the system has one, else Debian's C sources (node-llhttp),
# built as an object library of its own without our warnings.
find_path(llhttp_INCLUDE_DIR llhttp.h PATH_SUFFIXES llhttp PATHS /usr/share/include)
find_library(llhttp_LIBRARY llhttp)
find_path(llhttp_SOURCE_DIR llhttp.c PATHS /usr/share/llhttp)

include(FindPackageHandleStandardArgs)
if(llhttp_LIBRARY)
    find_package_handle_standard_args(llhttp REQUIRED_VARS llhttp_LIBRARY llhttp_INCLUDE_DIR)
    if(llhttp_FOUND AND NOT TARGET llhttp::llhttp)
        add_library(llhttp::llhttp UNKNOWN IMPORTED)
        set_target_properties(llhttp::llhttp PROPERTIES
            IMPORTED_LOCATION "${llhttp_LIBRARY}"
            INTERFACE_INCLUDE_DIRECTORIES "${llhttp_INCLUDE_DIR}")
    endif()
else()
    find_package_handle_standard_args(llhttp REQUIRED_VARS llhttp_SOURCE_DIR llhttp_INCLUDE_DIR)
    if(llhttp_FOUND AND NOT TARGET llhttp::llhttp)
        add_library(llhttp STATIC
            ${llhttp_SOURCE_DIR}/llhttp.c ${llhttp_SOURCE_DIR}/api.c ${llhttp_SOURCE_DIR}/http.c)
        target_include_directories(llhttp SYSTEM PUBLIC ${llhttp_INCLUDE_DIR})
        target_compile_options(llhttp PRIVATE -w -O2)
        # as version 9 and newer always are: the loose grammar of 8 takes bare line feeds and
        # anything for the end of a chunk
        target_compile_definitions(llhttp PRIVATE LLHTTP_STRICT_MODE=1)
        add_library(llhttp::llhttp ALIAS llhttp)
    endif()
endif()
mark_as_advanced(llhttp_INCLUDE_DIR llhttp_LIBRARY llhttp_SOURCE_DIR)
