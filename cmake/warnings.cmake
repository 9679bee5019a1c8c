# The warnings every target is built with; a warning is an error, so that none gets old.
add_compile_options(-Wall -Wextra -Wpedantic -Wshadow -Wno-missing-field-initializers -Werror)
add_compile_options($<$<COMPILE_LANGUAGE:CXX>:-Wnon-virtual-dtor>)
add_compile_options($<$<COMPILE_LANGUAGE:CXX>:-Woverloaded-virtual>)
# Clang, for fuzzing, warns of other things than GCC does; they are shown, and end no build.
add_compile_options($<$<CXX_COMPILER_ID:Clang>:-Wno-error>)
