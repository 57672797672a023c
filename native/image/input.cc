#include "image/input.h"

#include <algorithm>
#include <cmath>
#include <new>
#include <string>
#include <vector>

#include "image/lanczos.h"
#include "image/linear_rows.h"

namespace zmdetect {
namespace {

template <SlotType type>
struct StoredAs {
  using T = std::uint16_t;  // half precision and bfloat16
};
template <>
struct StoredAs<SlotType::kFloat32> {
  using T = float;
};
template <>
struct StoredAs<SlotType::kFloat64> {
  using T = double;
};
template <>
struct StoredAs<SlotType::kUint8> {
  using T = std::uint8_t;
};
template <>
struct StoredAs<SlotType::kInt8> {
  using T = std::int8_t;
};
template <SlotType type>
using Stored = typename StoredAs<type>::T;

std::size_t value_bytes(SlotType type) {
  switch (type) {
    case SlotType::kFloat64: return 8;
    case SlotType::kFloat32: return 4;
    case SlotType::kFloat16:
    case SlotType::kBfloat16: return 2;
    case SlotType::kUint8:
    case SlotType::kInt8: return 1;
  }
  return 4;
}

/// What an 8-bit value of each channel becomes: 256 entries, so that no arithmetic is left for the pixels.
template <typename T>
using Table = std::array<std::array<T, 256>, 3>;

template <SlotType type>
Stored<type> stored(float real, const InputPlan& plan) {
  using T = Stored<type>;
  if constexpr (type == SlotType::kFloat16) {
    return to_half(real);
  } else if constexpr (type == SlotType::kBfloat16) {
    return to_bfloat16(real);
  } else if constexpr (std::is_floating_point_v<T>) {
    return real;
  } else {
    const float value = std::nearbyint(real / plan.step) + float(plan.zero_point);
    return T(std::clamp(value, float(std::numeric_limits<T>::min()), float(std::numeric_limits<T>::max())));
  }
}

template <SlotType type>
Table<Stored<type>> make_table(const InputPlan& plan) {
  Table<Stored<type>> table;
  for (std::size_t c = 0; c < 3; ++c) {
    for (std::size_t v = 0; v < 256; ++v) {
      // float(v) * factor is what cv2.dnn.blobFromImage computes; a mean of 0 and a deviation of 1 leave it as it is.
      table[c][v] = stored<type>((float(v) * plan.factor - plan.mean[c]) / plan.deviation[c], plan);
    }
  }
  return table;
}

/// OpenCV's luma of an RGB pixel (BT.601, 15 fractional bits).
std::uint8_t luma(unsigned red, unsigned green, unsigned blue) {
  return std::uint8_t((red * 9798 + green * 19235 + blue * 3735 + (1U << 14)) >> 15);
}

/// Picture row by row through the table into a slot.
template <SlotType type>
void write_rows(const Image& image, const InputPlan& plan, const Placement& at, void* memory) {
  using T = Stored<type>;
  T* const slot = static_cast<T*>(memory);
  const Table<T> table = make_table<type>(plan);
  const std::size_t width = std::size_t(plan.width);
  const std::size_t plane = width * std::size_t(plan.height);
  const std::size_t count = std::size_t(plan.channel_count());
  const std::size_t pixel_step = plan.interleaved ? count : 1;
  T* channels[3];
  for (std::size_t c = 0; c < count; ++c) {
    channels[c] = slot + (plan.channels == Channels::kBgr ? 2 - c : c) * (plan.interleaved ? 1 : plane);
  }
  LinearRows rows(image.pixels.get(), image.width, image.height, at.scaled_width, at.scaled_height);
  const std::size_t scaled = std::size_t(at.scaled_width);
  std::vector<std::uint8_t> line(scaled * 3);
  std::uint8_t* const planes[3] = {line.data(), line.data() + scaled, line.data() + 2 * scaled};
  const std::size_t left = std::size_t(at.pad_x);
  const std::size_t right = left + scaled;
  for (int y = 0; y < plan.height; ++y) {
    const int picture_y = y - at.pad_y;
    const bool inside = picture_y >= 0 && picture_y < at.scaled_height;
    if (inside) rows.row(picture_y, planes);
    if (inside && plan.channels == Channels::kGrey) {
      for (std::size_t x = 0; x < scaled; ++x) planes[0][x] = luma(planes[0][x], planes[1][x], planes[2][x]);
    }
    for (std::size_t c = 0; c < count; ++c) {
      const T border = table[c][plan.padding];
      T* const out = channels[c] + std::size_t(y) * width * pixel_step;
      const auto put = [&](std::size_t x, T value) { out[x * pixel_step] = value; };
      for (std::size_t x = 0; x < (inside ? left : width); ++x) put(x, border);
      if (!inside) continue;
      for (std::size_t x = left; x < right; ++x) put(x, table[c][planes[c][x - left]]);
      for (std::size_t x = right; x < width; ++x) put(x, border);
    }
  }
}

void write_any(const Image& image, const InputPlan& plan, const Placement& at, void* slot) {
  switch (plan.type) {
    case SlotType::kFloat32: return write_rows<SlotType::kFloat32>(image, plan, at, slot);
    case SlotType::kFloat64: return write_rows<SlotType::kFloat64>(image, plan, at, slot);
    case SlotType::kFloat16: return write_rows<SlotType::kFloat16>(image, plan, at, slot);
    case SlotType::kBfloat16: return write_rows<SlotType::kBfloat16>(image, plan, at, slot);
    case SlotType::kUint8: return write_rows<SlotType::kUint8>(image, plan, at, slot);
    case SlotType::kInt8: return write_rows<SlotType::kInt8>(image, plan, at, slot);
  }
}

/// The common case has a faster way: converted in registers, straight into the planes.
void write_float_planes(const Image& image, const InputPlan& plan, const Placement& at, float* slot) {
  const std::size_t width = std::size_t(plan.width);
  const std::size_t plane = width * std::size_t(plan.height);
  const bool bgr = plan.channels == Channels::kBgr;
  float* const channels[3] = {bgr ? slot + 2 * plane : slot, slot + plane, bgr ? slot : slot + 2 * plane};
  const float border = float(plan.padding) * plan.factor;
  LinearRows rows(image.pixels.get(), image.width, image.height, at.scaled_width, at.scaled_height);
  for (int y = 0; y < plan.height; ++y) {
    const std::size_t start = std::size_t(y) * width;
    const int picture_y = y - at.pad_y;
    const bool inside = picture_y >= 0 && picture_y < at.scaled_height;
    for (float* channel : channels) {
      float* const line = channel + start;
      std::fill(line, line + (inside ? at.pad_x : plan.width), border);
      if (inside) std::fill(line + at.pad_x + at.scaled_width, line + width, border);
    }
    if (!inside) continue;
    const std::size_t first = start + std::size_t(at.pad_x);
    float* const lines[3] = {channels[0] + first, channels[1] + first, channels[2] + first};
    rows.row(picture_y, plan.factor, lines);
  }
}

bool is_identity(const InputPlan& plan) {
  return plan.mean == std::array<float, 3>{0, 0, 0} && plan.deviation == std::array<float, 3>{1, 1, 1};
}

bool is_plain(const InputPlan& plan) {
  return plan.type == SlotType::kFloat32 && !plan.interleaved && plan.channels != Channels::kGrey && is_identity(plan);
}

/// The bytes of the picture are the bytes of the slot.
bool takes_bytes(const InputPlan& plan) {
  return plan.type == SlotType::kUint8 && plan.interleaved && plan.channels == Channels::kRgb && is_identity(plan) &&
         plan.factor == 1 && plan.step == 1 && plan.zero_point == 0;
}

Status write_lanczos(const Image& image, const InputPlan& plan, void* slot) {
  if (takes_bytes(plan)) {
    return place_top_left(image, plan.width, plan.height, {static_cast<std::uint8_t*>(slot), plan.slot_bytes()})
        .status();
  }
  const std::size_t bytes = std::size_t(plan.width) * std::size_t(plan.height) * 3;
  Image canvas{.width = plan.width, .height = plan.height, .pixels = std::make_unique<std::uint8_t[]>(bytes)};
  const Result<TopLeftFit> placed = place_top_left(image, plan.width, plan.height, {canvas.pixels.get(), bytes});
  if (!placed.ok()) return placed.status();
  InputPlan whole = plan;
  whole.fit = Fit::kStretch;
  write_any(canvas, whole, place(plan.width, plan.height, whole), slot);
  return Status();
}

}  // namespace

std::size_t InputPlan::slot_bytes() const {
  return value_bytes(type) * std::size_t(channel_count()) * std::size_t(width) * std::size_t(height);
}

Placement place(int width, int height, const InputPlan& plan) {
  Placement at{.scale_x = double(plan.width) / width,
               .scale_y = double(plan.height) / height,
               .scaled_width = plan.width,
               .scaled_height = plan.height,
               .input_width = plan.width,
               .input_height = plan.height,
               .picture_width = width,
               .picture_height = height};
  if (plan.fit == Fit::kStretch) return at;
  const double scale = std::min(at.scale_x, at.scale_y);
  at.scale_x = at.scale_y = scale;
  if (plan.fit != Fit::kLetterbox) {
    at.scaled_width = int(width * scale);
    at.scaled_height = int(height * scale);
    return at;
  }
  // nearbyint rounds half to even in the default rounding mode, as Python's round does.
  at.scaled_width = int(std::nearbyint(width * scale));
  at.scaled_height = int(std::nearbyint(height * scale));
  at.pad_x = (plan.width - at.scaled_width) / 2;
  at.pad_y = (plan.height - at.scaled_height) / 2;
  return at;
}

Result<Placement> write_input(const Image& image, const InputPlan& plan, void* slot) try {
  const Placement at = place(image.width, image.height, plan);
  if (at.scaled_width < 1 || at.scaled_height < 1) {
    return Status(Code::kImageTooThin, "the picture of " + std::to_string(image.width) + " x " +
                                           std::to_string(image.height) + " pixels would be scaled to " +
                                           std::to_string(at.scaled_width) + " x " + std::to_string(at.scaled_height) +
                                           " inside the input of " + std::to_string(plan.width) + " x " +
                                           std::to_string(plan.height));
  }
  if (plan.fit == Fit::kTopLeftLanczos) {
    ZMD_RETURN_IF_ERROR(write_lanczos(image, plan, slot));
    return at;
  }
  if (is_plain(plan)) {
    write_float_planes(image, plan, at, static_cast<float*>(slot));
    return at;
  }
  write_any(image, plan, at, slot);
  return at;
} catch (const std::bad_alloc&) {
  return Status(Code::kOutOfMemory, "no memory to resize the picture");
}

}  // namespace zmdetect
