// Inside native/image only: integers out of untrusted bytes.
#pragma once

#include <cstdint>

#include "image/formats.h"

namespace zmdetect {

/// Reads unsigned integers of either byte order; what lies outside the bytes reads as zero.
class ByteReader {
 public:
  explicit ByteReader(Bytes bytes, bool big_endian = false) : bytes_(bytes), big_endian_(big_endian) {}

  std::uint32_t u8(std::uint64_t at) const { return number(at, 1); }
  std::uint32_t u16(std::uint64_t at) const { return number(at, 2); }
  std::uint32_t u32(std::uint64_t at) const { return number(at, 4); }

 private:
  std::uint32_t number(std::uint64_t at, unsigned size) const {
    if (at + size > bytes_.size()) return 0;
    std::uint32_t value = 0;
    for (unsigned i = 0; i < size; ++i) {
      value = value << 8 | bytes_[std::size_t(at) + (big_endian_ ? i : size - 1 - i)];
    }
    return value;
  }

  Bytes bytes_;
  bool big_endian_;
};

}  // namespace zmdetect
