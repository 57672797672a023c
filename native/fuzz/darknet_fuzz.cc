// A .cfg, a zero byte, a .weights: through the importer.
#include <algorithm>

#include "backends/onnx/darknet/importer.h"
#include "fuzz/memory_file.h"
#include "fuzz/work.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace zmdetect;
  const std::uint8_t* const end = std::find(data, data + size, 0);
  const fuzz::MemoryFile cfg({data, end});
  const fuzz::MemoryFile weights({end == data + size ? end : end + 1, data + size});
  // 2 million grid cells are 16 MB, in a graph that grows by doubling and is copied once.
  const fuzz::Work work(size, {.bytes_for_each = 1000, .bytes = 256'000'000});
  (void)import_darknet(cfg.path(), weights.path(), 64, 64);
  return 0;
}
