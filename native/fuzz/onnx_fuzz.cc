// The walk through an ONNX file for tensors that lie elsewhere.
#include "backends/onnx/external_data.h"
#include "fuzz/memory_file.h"
#include "fuzz/work.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace zmdetect;
  const fuzz::MemoryFile file({data, size});
  const fuzz::Work work(size, {.bytes_for_each = 200, .bytes = 1'000'000});
  (void)onnx::check_external_data(file.path());
  return 0;
}
