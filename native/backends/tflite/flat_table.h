// Reads FlatBuffers with every offset checked. A step that leaves the buffer yields something empty and marks the
// buffer as broken, so that a reader walks first and asks once at the end.
#pragma once

#include <cstdint>
#include <cstring>
#include <span>
#include <string>

namespace zmdetect::tflite {

class FlatBuffer {
 public:
  explicit FlatBuffer(std::span<const std::uint8_t> bytes) : bytes_(bytes) {}

  bool broken() const { return broken_; }

  /// Marks the buffer as broken for a reason of the reader's.
  void refuse() { broken_ = true; }

  /// The little-endian number at `at`; 0 beyond the end.
  template <typename Number>
  Number number(std::size_t at) {
    Number value = 0;
    if (at > bytes_.size() || bytes_.size() - at < sizeof value) {
      broken_ = true;
      return 0;
    }
    std::memcpy(&value, bytes_.data() + at, sizeof value);
    return value;
  }

  /// Where the offset stored at `at` leads.
  std::size_t follow(std::size_t at) { return at + number<std::uint32_t>(at); }

  /// The string at `at`. One of more than kLongestName bytes is no name: it breaks the buffer.
  std::string text(std::size_t at) {
    const auto length = number<std::uint32_t>(at);
    if (broken_ || length > kLongestName || bytes_.size() - at - 4 < length) {
      broken_ = true;
      return {};
    }
    return {reinterpret_cast<const char*>(bytes_.data() + at + 4), length};
  }

 private:
  static constexpr std::uint32_t kLongestName = 1024;

  std::span<const std::uint8_t> bytes_;
  bool broken_ = false;
};

/// A vector inside the buffer: `size` elements from `start`. Empty when the field is absent.
struct FlatVector {
  std::size_t start = 0;
  std::uint32_t size = 0;
};

/// A table: fields by their number in the schema.
class FlatTable {
 public:
  FlatTable(FlatBuffer& buffer, std::size_t at) : buffer_(&buffer), at_(at) {
    vtable_ = at - std::size_t(std::int64_t(buffer.number<std::int32_t>(at)));
    vtable_bytes_ = buffer.number<std::uint16_t>(vtable_);
  }

  template <typename Number>
  Number number(unsigned field, Number absent) {
    const std::size_t at = place(field);
    return at == 0 ? absent : buffer_->number<Number>(at);
  }

  std::string text(unsigned field) {
    const std::size_t at = place(field);
    return at == 0 ? std::string() : buffer_->text(buffer_->follow(at));
  }

  FlatVector vector(unsigned field) {
    const std::size_t at = place(field);
    if (at == 0) return {};
    const std::size_t start = buffer_->follow(at);
    return {start + 4, buffer_->number<std::uint32_t>(start)};
  }

 private:
  std::size_t place(unsigned field) {
    const unsigned slot = 4 + 2 * field;
    if (slot + 2 > vtable_bytes_) return 0;
    const auto offset = buffer_->number<std::uint16_t>(vtable_ + slot);
    return offset == 0 ? 0 : at_ + offset;
  }

  FlatBuffer* buffer_;
  std::size_t at_;
  std::size_t vtable_;
  std::uint16_t vtable_bytes_;
};

}  // namespace zmdetect::tflite
