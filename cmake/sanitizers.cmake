# UNDERSTUDY_SANITIZE=address,undefined or thread; see the asan, tsan and fuzz presets.
set(UNDERSTUDY_SANITIZE "" CACHE STRING "Sanitizers to build with")
if(UNDERSTUDY_SANITIZE)
  add_compile_options($<$<COMPILE_LANGUAGE:CXX>:-fsanitize=${UNDERSTUDY_SANITIZE}> $<$<COMPILE_LANGUAGE:CXX>:-fno-omit-frame-pointer>)
  # What UndefinedBehaviorSanitizer finds ends the process: a test that goes on after a report would pass.
  add_compile_options($<$<COMPILE_LANGUAGE:CXX>:-fno-sanitize-recover=all>)
  # GCC cannot instrument the stand-alone fences in fence/page.h; they are tested without it.
  if(UNDERSTUDY_SANITIZE STREQUAL "thread")
    add_compile_options($<$<COMPILE_LANGUAGE:CXX>:-Wno-tsan>)
  endif()
  # GCC's manual: in instrumented code it is often wrong about what "may be used uninitialized", and that should
  # not be an error. It stays one in every other build.
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    add_compile_options($<$<COMPILE_LANGUAGE:CXX>:-Wno-maybe-uninitialized>)
  endif()
  # The fence is loaded by an uninstrumented PostgreSQL; only C++ targets are linked with the sanitizer.
  add_link_options($<$<LINK_LANGUAGE:CXX>:-fsanitize=${UNDERSTUDY_SANITIZE}>)
endif()
