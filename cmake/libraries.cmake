# Third-party libraries, all from Debian 12. docs/dependencies.md says why each was chosen.
# Boost 1.81 stands beside Debian's default 1.74, which has no Boost.URL.
# CMake 3.25 was released before it, and would warn that it does not know what its parts need.
set(Boost_NO_WARN_NEW_VERSIONS ON)
# Within the binaries: the simulator is made of calls of them, and an agent maps two libraries less.
set(Boost_USE_STATIC_LIBS ON)
find_package(Boost 1.81 EXACT REQUIRED COMPONENTS json context)
find_package(OpenSSL REQUIRED)
find_package(CURL REQUIRED)
find_package(SQLite3 REQUIRED)
find_package(PostgreSQL REQUIRED)
find_package(yaml-cpp REQUIRED)
find_package(fmt REQUIRED)
find_package(CLI11 REQUIRED)
find_package(GTest REQUIRED)
find_package(benchmark REQUIRED)
find_package(Threads REQUIRED)
find_package(PkgConfig REQUIRED)
pkg_check_modules(HIREDIS REQUIRED IMPORTED_TARGET hiredis)
pkg_check_modules(CTEMPLATE REQUIRED IMPORTED_TARGET libctemplate)
