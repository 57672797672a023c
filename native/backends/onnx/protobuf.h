// Protobuf's wire format, read in place: just enough to look through a file for a few fields.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace zmdetect::onnx {

/// One field of a message. `bytes` holds a string, a nested message or packed numbers; `number` what is no such thing.
struct Field {
  std::uint32_t id = 0;
  bool is_bytes = false;
  std::string_view bytes;
  std::uint64_t number = 0;
};

/// Walks over the fields of one message.
class Fields {
 public:
  explicit Fields(std::string_view message) : rest_(message) {}

  /// False at the end, and where the bytes are no protobuf: `broken` tells which.
  bool next(Field& field);
  bool broken() const { return broken_; }

 private:
  bool varint(std::uint64_t& value);
  bool take(std::uint64_t size, std::string_view& bytes);

  std::string_view rest_;
  bool broken_ = false;
};

}  // namespace zmdetect::onnx
