// One target as a program of libFuzzer's; which one, tests/fuzz/CMakeLists.txt says. What a target
// throws ends the process, which is how libFuzzer learns of it.

#include <cstddef>
#include <cstdint>

#include "targets.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  understudy::fuzz::UNDERSTUDY_FUZZ_TARGET({reinterpret_cast<const char*>(data), size});
  return 0;
}
