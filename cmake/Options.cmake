# Dialect, warnings, sanitizers: the same for every room.
option(WXPAY_SANITIZE "build with AddressSanitizer and UndefinedBehaviorSanitizer" OFF)
option(WXPAY_FUZZ "build the libFuzzer targets (clang only)" OFF)
option(WXPAY_WERROR "warnings are errors" ON)

set(CMAKE_C_STANDARD 23)
set(CMAKE_C_STANDARD_REQUIRED ON)
set(CMAKE_C_EXTENSIONS ON) # gnu2x, as gcc 12 and clang 14 both take it
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/bin")
set(CMAKE_POSITION_INDEPENDENT_CODE ON)

add_library(wxpay_flags INTERFACE)
target_compile_definitions(wxpay_flags INTERFACE _GNU_SOURCE WXPAY_VERSION="${PROJECT_VERSION}")
target_compile_options(wxpay_flags INTERFACE
    -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wold-style-definition
    -Wpointer-arith -Wwrite-strings -Wcast-qual -Wformat=2 -Wvla -Wundef -Wimplicit-fallthrough
    -fno-common -fstack-protector-strong)
if(WXPAY_WERROR)
    target_compile_options(wxpay_flags INTERFACE -Werror)
endif()
if(CMAKE_C_COMPILER_ID STREQUAL "GNU")
    # no -Wpedantic: gcc 12 and clang 14 both refuse the empty initialiser of C23 under it
    target_compile_options(wxpay_flags INTERFACE -Wlogical-op -Wduplicated-cond)
endif()
if(CMAKE_BUILD_TYPE STREQUAL "Release")
    target_compile_options(wxpay_flags INTERFACE -D_FORTIFY_SOURCE=2)
endif()
if(WXPAY_SANITIZE)
    target_compile_options(wxpay_flags INTERFACE
        -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer)
    target_link_options(wxpay_flags INTERFACE -fsanitize=address,undefined)
endif()
if(WXPAY_FUZZ)
    target_compile_options(wxpay_flags INTERFACE
        -fsanitize=address,undefined,fuzzer-no-link -fno-sanitize-recover=all)
    target_link_options(wxpay_flags INTERFACE -fsanitize=address,undefined)
endif()

# wxpay_room(NAME SOURCES... ): a static library of this project.
function(wxpay_room name)
    add_library(${name} STATIC ${ARGN})
    target_link_libraries(${name} PUBLIC wxpay_flags)
endfunction()

# wxpay_program(NAME SOURCES...): a program that is installed.
function(wxpay_program name)
    add_executable(${name} ${ARGN})
    target_link_libraries(${name} PRIVATE wxpay_flags)
    install(TARGETS ${name} RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
endfunction()

# wxpay_test(NAME SOURCES...): a Check program, known to ctest.
function(wxpay_test name)
    if(BUILD_TESTING AND NOT WXPAY_FUZZ)
        add_executable(${name} ${ARGN})
        target_link_libraries(${name} PRIVATE wxpay_flags PkgConfig::check)
        target_compile_definitions(${name} PRIVATE
            FIXTURES_DIR="${PROJECT_SOURCE_DIR}/fixtures" BIN_DIR="${CMAKE_RUNTIME_OUTPUT_DIRECTORY}")
        add_test(NAME ${name} COMMAND ${name})
    endif()
endfunction()

if(WXPAY_FUZZ)
    add_custom_target(fuzzers) # all the preset "fuzz" is asked for
endif()

# wxpay_fuzz(NAME SOURCE ROOMS...): a libFuzzer target, built by the preset "fuzz" only.
function(wxpay_fuzz name source)
    if(WXPAY_FUZZ)
        add_executable(${name} ${source})
        add_dependencies(fuzzers ${name})
        target_compile_options(${name} PRIVATE -fsanitize=fuzzer)
        target_link_options(${name} PRIVATE -fsanitize=fuzzer)
        target_link_libraries(${name} PRIVATE wxpay_flags ${ARGN})
    endif()
endfunction()

# wxpay_embed(TABLE FILES...): the files as a C source; ${TABLE} becomes its path (base/embed.h).
function(wxpay_embed table)
    set(source "${CMAKE_CURRENT_BINARY_DIR}/${table}.c")
    add_custom_command(OUTPUT "${source}"
        COMMAND ${CMAKE_COMMAND} "-DOUT=${source}" "-DTABLE=${table}" "-DFILES=${ARGN}"
                -P "${PROJECT_SOURCE_DIR}/cmake/Embed.cmake"
        DEPENDS ${ARGN} "${PROJECT_SOURCE_DIR}/cmake/Embed.cmake" VERBATIM)
    set(${table} "${source}" PARENT_SCOPE)
endfunction()
