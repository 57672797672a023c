#include "image/lanczos.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <new>
#include <numbers>
#include <string>
#include <vector>

namespace zmdetect {
namespace {

// 32 bits less 8 for the pixel and 2 for weights beyond 1 and below 0: what Pillow calls PRECISION_BITS.
constexpr int kWeightBits = 32 - 8 - 2;
constexpr std::int32_t kHalf = 1 << (kWeightBits - 1);
constexpr double kLobes = 3.0;

double sinc(double x) {
  if (x == 0.0) return 1.0;
  x *= std::numbers::pi;
  return std::sin(x) / x;
}

double lanczos(double x) { return -kLobes <= x && x < kLobes ? sinc(x) * sinc(x / kLobes) : 0.0; }

std::uint8_t to_byte(std::int32_t sum) { return std::uint8_t(std::clamp(sum >> kWeightBits, 0, 255)); }

/// The source samples that one output position on one axis is made of: `weights` of samples `first` and following.
struct Window {
  int first = 0;
  std::span<const std::int32_t> weights;
};

/// The windows of every output position on one axis.
class Axis {
 public:
  Axis(int from, int to) {
    const double scale = double(from) / to;
    const double stretch = std::max(scale, 1.0);  // the kernel widens with the shrinking: antialiasing
    const double support = kLobes * stretch;
    const int longest = int(std::ceil(support)) * 2 + 1;
    weights_.resize(std::size_t(longest) * std::size_t(to));
    std::vector<double> exact(std::size_t(longest), 0.0);
    for (int i = 0; i < to; ++i) {
      const double centre = (i + 0.5) * scale;
      // Samples whose centres lie within the support; truncated, as Pillow does.
      const double left = centre - support + 0.5;
      const double right = centre + support + 0.5;
      const int first = std::max(0, int(left));
      const int count = std::min(from, int(right)) - first;
      double total = 0;
      for (int k = 0; k < count; ++k) {
        exact[k] = lanczos((k + first - centre + 0.5) * (1.0 / stretch));
        total += exact[k];
      }
      std::int32_t* const fixed = weights_.data() + std::ptrdiff_t(i) * longest;
      for (int k = 0; k < count; ++k) {
        const double weight = (total == 0.0 ? exact[k] : exact[k] / total) * (1 << kWeightBits);
        fixed[k] = std::int32_t(weight < 0 ? weight - 0.5 : weight + 0.5);
      }
      windows_.push_back({first, {fixed, std::size_t(count)}});
    }
  }
  Axis(const Axis&) = delete;
  Axis& operator=(const Axis&) = delete;

  const std::vector<Window>& windows() const { return windows_; }

 private:
  std::vector<std::int32_t> weights_;
  std::vector<Window> windows_;
};

void scale_row(const std::uint8_t* row, const Axis& axis, std::uint8_t* out) {
  for (const Window& window : axis.windows()) {
    std::int32_t red = kHalf, green = kHalf, blue = kHalf;
    const std::uint8_t* pixel = row + std::ptrdiff_t(window.first) * 3;
    for (const std::int32_t weight : window.weights) {
      red += pixel[0] * weight;
      green += pixel[1] * weight;
      blue += pixel[2] * weight;
      pixel += 3;
    }
    *out++ = to_byte(red);
    *out++ = to_byte(green);
    *out++ = to_byte(blue);
  }
}

/// One output row from the rows of `window`, which follow each other `bytes` apart. `sums` has `bytes` elements.
void scale_column(const std::uint8_t* rows, const Window& window, std::size_t bytes, std::int32_t* sums,
                  std::uint8_t* out) {
  std::fill_n(sums, bytes, kHalf);
  const std::uint8_t* row = rows + std::size_t(window.first) * bytes;
  for (const std::int32_t weight : window.weights) {
    for (std::size_t i = 0; i < bytes; ++i) sums[i] += row[i] * weight;
    row += bytes;
  }
  std::transform(sums, sums + bytes, out, to_byte);
}

}  // namespace

void resize_lanczos(const std::uint8_t* src, int src_width, int src_height, std::uint8_t* dst, int dst_width,
                    int dst_height, std::size_t dst_stride) {
  // A side that keeps its length is not filtered, as in Pillow; its weights would be 1 and 0 anyway.
  const std::size_t src_bytes = std::size_t(src_width) * 3;
  const std::size_t dst_bytes = std::size_t(dst_width) * 3;
  std::vector<std::uint8_t> narrowed;
  if (src_width != dst_width) {
    narrowed.resize(dst_bytes * std::size_t(src_height));
    const Axis horizontal(src_width, dst_width);
    for (int y = 0; y < src_height; ++y) {
      scale_row(src + std::size_t(y) * src_bytes, horizontal, narrowed.data() + std::size_t(y) * dst_bytes);
    }
    src = narrowed.data();
  }
  if (src_height == dst_height) {
    for (int y = 0; y < dst_height; ++y, src += dst_bytes, dst += dst_stride) std::memcpy(dst, src, dst_bytes);
    return;
  }
  std::vector<std::int32_t> sums(dst_bytes);
  const Axis vertical(src_height, dst_height);
  for (const Window& window : vertical.windows()) {
    scale_column(src, window, dst_bytes, sums.data(), dst);
    dst += dst_stride;
  }
}

TopLeftFit fit_top_left(int width, int height, int input_width, int input_height) {
  const double scale = std::min(double(input_width) / width, double(input_height) / height);
  return {.scale = scale,
          .width = int(width * scale),
          .height = int(height * scale),
          .input_width = input_width,
          .input_height = input_height};
}

Result<TopLeftFit> place_top_left(const Image& image, int input_width, int input_height,
                                  std::span<std::uint8_t> slot) try {
  const TopLeftFit fit = fit_top_left(image.width, image.height, input_width, input_height);
  if (fit.width < 1 || fit.height < 1) {
    return Status(Code::kImageTooThin,
                  "the picture of " + std::to_string(image.width) + " x " + std::to_string(image.height) +
                      " pixels would be scaled to " + std::to_string(fit.width) + " x " + std::to_string(fit.height) +
                      " inside the input of " + std::to_string(input_width) + " x " + std::to_string(input_height));
  }
  std::fill(slot.begin(), slot.end(), std::uint8_t(0));
  resize_lanczos(image.pixels.get(), image.width, image.height, slot.data(), fit.width, fit.height,
                 std::size_t(input_width) * 3);
  return fit;
} catch (const std::bad_alloc&) {
  return Status(Code::kOutOfMemory, "no memory to resize the picture");
}

}  // namespace zmdetect
