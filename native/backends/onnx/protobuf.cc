#include "backends/onnx/protobuf.h"

namespace zmdetect::onnx {

bool Fields::varint(std::uint64_t& value) {
  value = 0;
  for (unsigned shift = 0; shift < 64 && !rest_.empty(); shift += 7) {
    const auto byte = static_cast<std::uint8_t>(rest_.front());
    rest_.remove_prefix(1);
    value |= std::uint64_t(byte & 0x7FU) << shift;
    if (byte < 0x80) return true;
  }
  return false;
}

bool Fields::take(std::uint64_t size, std::string_view& bytes) {
  if (size > rest_.size()) return false;
  bytes = rest_.substr(0, static_cast<std::size_t>(size));
  rest_.remove_prefix(static_cast<std::size_t>(size));
  return true;
}

bool Fields::next(Field& field) {
  if (rest_.empty() || broken_) return false;
  field = Field();
  std::uint64_t tag = 0;
  bool good = varint(tag) && (tag >> 3U) > 0 && (tag >> 32U) == 0;
  field.id = static_cast<std::uint32_t>(tag >> 3U);
  std::uint64_t size = 0;
  std::string_view skipped;
  switch (tag & 7U) {
    case 0: good = good && varint(field.number); break;
    case 1: good = good && take(8, skipped); break;
    case 2:
      field.is_bytes = true;
      good = good && varint(size) && take(size, field.bytes);
      break;
    case 5: good = good && take(4, skipped); break;
    default: good = false;  // groups, which ONNX does not use, and nothing
  }
  broken_ = !good;
  return good;
}

}  // namespace zmdetect::onnx
