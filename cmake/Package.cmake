# `cpack -G DEB` makes an installable package.
set(CPACK_PACKAGE_NAME "wxpay-sandbox")
set(CPACK_PACKAGE_CONTACT "wxpay-sandbox maintainers <maintainers@wxpay-sandbox.invalid>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "${PROJECT_DESCRIPTION}")
set(CPACK_GENERATOR "DEB")
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_DEPENDS "libcurl4") # opened on first use, so no linker knows of it
set(CPACK_DEBIAN_PACKAGE_SECTION "devel")
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
# what the programs' users read and copy from
install(DIRECTORY "${PROJECT_SOURCE_DIR}/fixtures/profiles"
        DESTINATION "${CMAKE_INSTALL_DATADIR}/wxpay-sandbox")
install(DIRECTORY "${PROJECT_SOURCE_DIR}/docs/"
        DESTINATION "${CMAKE_INSTALL_DOCDIR}")

include(CPack)
