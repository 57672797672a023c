#include "image/webp_groups.h"

#include <algorithm>
#include <array>

namespace zmdetect {

namespace {

constexpr unsigned kLongestCode = 15;
constexpr std::uint32_t kLiterals = 256;
constexpr std::uint32_t kLengthCodes = 24;
constexpr std::uint32_t kDistanceCodes = 40;
constexpr std::uint32_t kLongestCache = 11;  // bits
constexpr std::size_t kLargestAlphabet = kLiterals + kLengthCodes + (1U << kLongestCache);

/// Bits from the lowest of each byte on.
class BitReader {
 public:
  explicit BitReader(Bytes bytes) : bytes_(bytes) {}

  std::uint32_t bit() {
    if (at_ >= std::uint64_t(bytes_.size()) * 8) {
      ended_ = true;
      return 0;
    }
    const std::uint32_t value = bytes_[std::size_t(at_ / 8)] >> at_ % 8 & 1;
    ++at_;
    return value;
  }

  std::uint32_t bits(unsigned count) {
    std::uint32_t value = 0;
    for (unsigned i = 0; i < count; ++i) value |= bit() << i;
    return value;
  }

  /// Whether more was asked for than there is.
  bool ended() const { return ended_; }

 private:
  Bytes bytes_;
  std::uint64_t at_ = 0;
  bool ended_ = false;
};

/// A canonical prefix code. A code of one symbol takes no bits.
class PrefixCode {
 public:
  /// False where the lengths (0: not in the code) are no complete code.
  bool set(Bytes lengths) {
    counts_.fill(0);
    for (const std::uint8_t length : lengths) ++counts_[length];
    const std::size_t used = lengths.size() - counts_[0];
    counts_[0] = 0;
    if (used == 0) return false;
    std::array<std::uint32_t, kLongestCode + 1> next{};
    std::int64_t open = 1;
    for (unsigned length = 1; length <= kLongestCode; ++length) {
      open = open * 2 - counts_[length];
      if (open < 0) return false;
      next[length] = next[length - 1] + counts_[length - 1];
    }
    for (std::size_t i = 0; i < lengths.size(); ++i) {
      if (lengths[i] != 0) symbols_[next[lengths[i]]++] = std::uint16_t(i);
    }
    single_ = used == 1;
    return single_ || open == 0;
  }

  std::uint32_t read(BitReader& reader) const {
    if (single_) return symbols_[0];
    std::uint32_t code = 0;
    std::uint32_t first = 0;
    std::uint32_t index = 0;
    for (unsigned length = 1; length <= kLongestCode; ++length) {
      code |= reader.bit();
      if (code < first + counts_[length]) return symbols_[index + code - first];
      index += counts_[length];
      first = (first + counts_[length]) << 1;
      code <<= 1;
    }
    return 0;  // not reached: the code is complete
  }

 private:
  std::array<std::uint32_t, kLongestCode + 1> counts_{};
  std::array<std::uint16_t, kLargestAlphabet> symbols_{};
  bool single_ = true;
};

std::uint32_t tiles_of(std::uint32_t side, unsigned bits) { return (side + (1U << bits) - 1) >> bits; }

class LosslessStream {
 public:
  LosslessStream(Bytes stream, std::uint32_t width, std::uint32_t height)
      : reader_(stream), width_(width), height_(height) {}

  std::optional<std::uint64_t> groups() {
    std::uint32_t cache = 0;
    if (!skip_transforms() || !read_cache(cache)) return std::nullopt;
    if (reader_.bit() == 0) return reader_.ended() ? std::nullopt : std::optional<std::uint64_t>(1);
    const unsigned bits = reader_.bits(3) + 2;
    const std::uint64_t tiles = std::uint64_t(tiles_of(width_, bits)) * tiles_of(height_, bits);
    std::uint32_t largest = 0;
    if (!read_pixels(tiles, largest)) return std::nullopt;
    // Tiles copy or repeat earlier ones, so the largest number is that of a tile written out.
    return std::min<std::uint64_t>(tiles, std::uint64_t(largest) + 1);
  }

 private:
  bool skip_transforms() {
    enum Transform : std::uint32_t { kPredictor, kColour, kSubtractGreen, kPalette };
    std::array<bool, 4> seen{};
    std::uint32_t ignored = 0;
    while (reader_.bit() == 1) {
      const std::uint32_t transform = reader_.bits(2);
      if (seen[transform]) return false;
      seen[transform] = true;
      if (transform == kPredictor || transform == kColour) {
        const unsigned bits = reader_.bits(3) + 2;
        if (!read_pixels(std::uint64_t(tiles_of(width_, bits)) * tiles_of(height_, bits), ignored)) return false;
      } else if (transform == kPalette) {
        const std::uint32_t colours = reader_.bits(8) + 1;
        if (!read_pixels(colours, ignored)) return false;
        width_ = tiles_of(width_, colours > 16 ? 0 : colours > 4 ? 1 : colours > 2 ? 2 : 3);
      }
    }
    return !reader_.ended();
  }

  /// The number of colours in the cache.
  bool read_cache(std::uint32_t& colours) {
    colours = 0;
    if (reader_.bit() == 0) return true;
    const std::uint32_t bits = reader_.bits(4);
    colours = 1U << bits;
    return bits >= 1 && bits <= kLongestCache;
  }

  /// Reads a sub-image of `count` pixels; `largest` becomes the largest of their red and green bytes, as one number.
  bool read_pixels(std::uint64_t count, std::uint32_t& largest) {
    std::uint32_t colours = 0;
    if (!read_cache(colours) || !read_code(green_, kLiterals + kLengthCodes + colours) || !read_code(red_, kLiterals) ||
        !read_code(blue_, kLiterals) || !read_code(alpha_, kLiterals) || !read_code(distance_, kDistanceCodes)) {
      return false;
    }
    for (std::uint64_t pixels = 0; pixels < count;) {
      if (reader_.ended()) return false;
      const std::uint32_t symbol = green_.read(reader_);
      if (symbol < kLiterals) {
        largest = std::max(largest, red_.read(reader_) << 8 | symbol);
        blue_.read(reader_);
        alpha_.read(reader_);
        ++pixels;
      } else if (symbol < kLiterals + kLengthCodes) {
        pixels += read_number(symbol - kLiterals);
        read_number(distance_.read(reader_));
        if (pixels > count) return false;
      } else {
        ++pixels;  // a colour of the cache
      }
    }
    return !reader_.ended();
  }

  /// A length or distance from its prefix symbol and the bits behind it.
  std::uint32_t read_number(std::uint32_t symbol) {
    if (symbol < 4) return symbol + 1;
    const unsigned extra = (symbol - 2) >> 1;
    return ((2 + (symbol & 1)) << extra) + reader_.bits(extra) + 1;
  }

  bool read_code(PrefixCode& code, std::uint32_t alphabet) {
    // A short code may name a symbol outside a small alphabet. It does not belong to the code.
    lengths_.fill(0);
    const bool read = reader_.bit() == 1 ? read_short_code() : read_lengths(alphabet);
    return read && !reader_.ended() && code.set(Bytes(lengths_).first(alphabet));
  }

  bool read_short_code() {
    const bool two = reader_.bit() == 1;
    const bool wide = reader_.bit() == 1;
    lengths_[reader_.bits(wide ? 8 : 1)] = 1;
    if (two) lengths_[reader_.bits(8)] = 1;
    return true;
  }

  bool read_lengths(std::uint32_t alphabet) {
    constexpr std::array<std::uint8_t, 19> kOrder{17, 18, 0, 1, 2, 3, 4, 5, 16, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
    std::array<std::uint8_t, kOrder.size()> code_lengths{};
    const std::uint32_t codes = reader_.bits(4) + 4;
    for (std::uint32_t i = 0; i < codes; ++i) code_lengths[kOrder[i]] = std::uint8_t(reader_.bits(3));
    if (!lengths_code_.set(code_lengths)) return false;
    std::uint32_t left = alphabet;
    if (reader_.bit() == 1) {
      left = reader_.bits(2 + 2 * reader_.bits(3)) + 2;
      if (left > alphabet) return false;
    }
    std::uint8_t previous = 8;
    for (std::uint32_t symbol = 0; symbol < alphabet && left > 0; --left) {
      const std::uint32_t length = lengths_code_.read(reader_);
      if (length < 16) {
        lengths_[symbol++] = std::uint8_t(length);
        if (length != 0) previous = std::uint8_t(length);
        continue;
      }
      const std::uint32_t repeat = length == 16   ? reader_.bits(2) + 3
                                   : length == 17 ? reader_.bits(3) + 3
                                                  : reader_.bits(7) + 11;
      if (repeat > alphabet - symbol) return false;
      std::fill_n(lengths_.begin() + symbol, repeat, length == 16 ? previous : std::uint8_t(0));
      symbol += repeat;
    }
    return true;
  }

  BitReader reader_;
  std::uint32_t width_;
  const std::uint32_t height_;
  PrefixCode green_, red_, blue_, alpha_, distance_, lengths_code_;
  std::array<std::uint8_t, kLargestAlphabet> lengths_{};
};

}  // namespace

std::optional<std::uint64_t> prefix_code_groups(Bytes stream, std::uint32_t width, std::uint32_t height) {
  return LosslessStream(stream, width, height).groups();
}

}  // namespace zmdetect
