#include "postprocess/picture_input.h"

#include <algorithm>
#include <cctype>
#include <charconv>

#include "postprocess/layout.h"

namespace zmdetect {
namespace {

constexpr int kDefaultInputSide = 640;  // contract 5.2, for exports that leave the size open
// A slot of this size takes 200 MB; a file that declares more is broken or malicious, and no memory is asked for it.
constexpr std::int64_t kLargestSide = 8192;
constexpr std::int64_t kMostPixels = 4096 * 4096;

constexpr float kPerByte = 1.0F / 255;
constexpr float kContractFactor = 0.00392F;  // contract 5.2
constexpr std::array<float, 3> kImagenetMean = {0.485F, 0.456F, 0.406F};
constexpr std::array<float, 3> kImagenetDeviation = {0.229F, 0.224F, 0.225F};

Status refused(const TensorInfo& input, const std::string& what) {
  return Status(Code::kModelLayoutUnknown, "the input " + input.name + " " + shape_text(input.shape) + " " + what);
}

/// The numbers of a text such as "[480, 640]" or "640"; empty where one of them is no side of a picture.
std::vector<int> sides_of(const std::string& text) {
  std::vector<int> sides;
  const char* at = text.data();
  const char* const end = at + text.size();
  while (at != end && sides.size() < 2) {
    if (std::isdigit(static_cast<unsigned char>(*at)) == 0) {
      ++at;
      continue;
    }
    int side = 0;
    const auto [rest, error] = std::from_chars(at, end, side);
    if (error != std::errc() || side < 1 || side > kLargestSide) return {};
    sides.push_back(side);
    at = rest;
  }
  return sides;
}

/// Height or width by the export's own word; 0 where it says none. Both are one number in a square export.
int exported_side(const ModelInfo& info, std::size_t axis) {
  const auto found = info.metadata.find("imgsz");
  if (found == info.metadata.end()) return 0;
  const std::vector<int> sides = sides_of(found->second);
  return sides.empty() ? 0 : sides[std::min(axis, sides.size() - 1)];
}

/// Sides that are no multiple of it end in halves of cells; 1 where the export says nothing.
int exported_stride(const ModelInfo& info) {
  const auto found = info.metadata.find("stride");
  if (found == info.metadata.end()) return 1;
  const std::vector<int> strides = sides_of(found->second);
  return strides.empty() ? 1 : strides[0];
}

/// The side the network is fed with. A fixed side cannot be overruled.
Result<int> input_side(std::int64_t declared, int asked, int exported, int stride, const char* name) {
  if (declared > 0 && asked > 0 && asked != declared) {
    return Status(Code::kModelLayoutUnknown, std::string("expected ") + name + " " + std::to_string(declared) +
                                                 ", which the file fixes, got " + std::to_string(asked));
  }
  if (declared <= 0 && asked > 0 && asked % stride != 0) {
    return Status(Code::kModelLayoutUnknown, std::string("expected a multiple of ") + std::to_string(stride) + " for " +
                                                 name + ", the export's stride, got " + std::to_string(asked));
  }
  const std::int64_t open = asked > 0 ? asked : exported > 0 ? exported : kDefaultInputSide;
  const std::int64_t side = declared > 0 ? declared : open;
  if (side > kLargestSide) {
    return Status(Code::kModelLayoutUnknown, std::string("expected at most ") + std::to_string(kLargestSide) + " for " +
                                                 name + ", got " + std::to_string(side));
  }
  return static_cast<int>(side);
}

std::optional<SlotType> slot_type(ElementType type) {
  switch (type) {
    case ElementType::kFloat32: return SlotType::kFloat32;
    case ElementType::kFloat64: return SlotType::kFloat64;
    case ElementType::kFloat16: return SlotType::kFloat16;
    case ElementType::kBfloat16: return SlotType::kBfloat16;
    case ElementType::kUint8: return SlotType::kUint8;
    case ElementType::kInt8: return SlotType::kInt8;
    default: return std::nullopt;
  }
}

/// Whether the channels come last. 3 decides before 1, and both before a side that is open.
Result<bool> is_interleaved(const TensorInfo& input) {
  const auto& shape = input.shape;
  for (const std::int64_t channels : {3, 1}) {
    if (shape[1] == channels) return false;
    if (shape[3] == channels) return true;
  }
  // TensorFlow's exports take bytes, channels last; everyone else's take floats, channels first.
  if (shape[1] < 0 && shape[3] < 0) return input.type == ElementType::kUint8;
  if (shape[1] < 0 || shape[3] < 0) return shape[3] < 0;
  const std::int64_t channels = std::min(shape[1], shape[3]);
  return refused(input, "has " + std::to_string(channels) + " channels: expected 3 (colour) or 1 (grey)");
}

bool is_integer(const InputPlan& input) { return input.type == SlotType::kUint8 || input.type == SlotType::kInt8; }

/// The factor is followed by a mean and a deviation, the same for each channel.
void set_scale(float factor, float mean, float deviation, InputPlan& input) {
  input.factor = factor;
  input.mean = {mean, mean, mean};
  input.deviation = {deviation, deviation, deviation};
}

void set_scale(Scale scale, InputPlan& input) {
  switch (scale) {
    case Scale::kContract: return set_scale(kContractFactor, 0, 1, input);
    case Scale::kZeroToOne: return set_scale(kPerByte, 0, 1, input);
    case Scale::kBytes: return set_scale(1, 0, 1, input);
    case Scale::kMinusOneToOne: return set_scale(1, 127.5F, 127.5F, input);
    case Scale::kPriors: return set_scale(1, 127, 128, input);
    case Scale::kImagenet:
      input.factor = kPerByte;
      input.mean = kImagenetMean;
      input.deviation = kImagenetDeviation;
      return;
  }
}

const char* type_text(SlotType type) {
  switch (type) {
    case SlotType::kFloat32: return "float32";
    case SlotType::kFloat64: return "float64";
    case SlotType::kFloat16: return "float16";
    case SlotType::kBfloat16: return "bfloat16";
    case SlotType::kUint8: return "uint8";
    case SlotType::kInt8: return "int8";
  }
  return "";
}

const char* scale_text(const InputPlan& input) {
  if (input.mean == kImagenetMean) return "ImageNet's mean and deviation";
  if (input.mean[0] != 0) return "-1..1";
  if (input.factor != 1) return "0..1";
  return input.type == SlotType::kInt8 ? "-128..127" : "0..255";
}

const char* fit_text(Fit fit) {
  switch (fit) {
    case Fit::kLetterbox: return "letterbox";
    case Fit::kTopLeft: return "top left";
    case Fit::kStretch: return "stretch";
    case Fit::kTopLeftLanczos: return "top left, Lanczos";
  }
  return "";
}

}  // namespace

Result<InputPlan> read_picture_input(const ModelInfo& info, int asked_width, int asked_height) {
  const TensorInfo& input = info.inputs.at(0);
  const std::optional<SlotType> type = slot_type(input.type);
  if (!type) {
    return refused(input, "holds no picture: expected a tensor of float32, float64, float16, bfloat16, uint8 or int8");
  }
  // A file may leave out even the number of dimensions; then it is fed as nearly every export is.
  const bool unsaid = input.shape.empty();
  if (!unsaid && input.shape.size() != 4) {
    return refused(input, "has " + std::to_string(input.shape.size()) +
                              " dimensions: expected [batch,3,height,width] or [batch,height,width,3]");
  }
  if (std::find(input.shape.begin(), input.shape.end(), 0) != input.shape.end()) {
    return refused(input, "has a side of 0");
  }
  const TensorInfo picture{
      .name = input.name, .type = input.type, .shape = unsaid ? std::vector<std::int64_t>{-1, 3, -1, -1} : input.shape};
  const Result<bool> interleaved = is_interleaved(picture);
  if (!interleaved.ok()) return interleaved.status();
  const std::size_t rows = interleaved.value() ? 1 : 2;
  const int stride = exported_stride(info);
  const Result<int> height =
      input_side(picture.shape[rows], asked_height, exported_side(info, 0), stride, "model_height");
  if (!height.ok()) return height.status();
  const Result<int> width =
      input_side(picture.shape[rows + 1], asked_width, exported_side(info, 1), stride, "model_width");
  if (!width.ok()) return width.status();
  if (std::int64_t(width.value()) * height.value() > kMostPixels) {
    return Status(Code::kModelLayoutUnknown, "expected an input of at most " + std::to_string(kMostPixels) +
                                                 " pixels, got " + std::to_string(width.value()) + " x " +
                                                 std::to_string(height.value()));
  }
  const std::int64_t channels = picture.shape[interleaved.value() ? 3 : 1];
  return InputPlan{.width = width.value(),
                   .height = height.value(),
                   .type = *type,
                   .interleaved = interleaved.value(),
                   .channels = channels == 1 ? Channels::kGrey : Channels::kRgb};
}

Status feed_as(const Feed& feed, const TensorInfo& tensor, const PictureHints& hints, InputPlan& input) {
  if (hints.fit && feed.fit == Fit::kTopLeftLanczos) {
    return refused(tensor,
                   "is a Coral SSD's, whose pictures lie at the top left: remove fit from the model's settings");
  }
  input.fit = hints.fit.value_or(feed.fit);
  if (input.channels == Channels::kGrey) {
    if (hints.colour) return refused(tensor, "is grey: remove colour from the model's settings");
  } else {
    input.channels = hints.colour.value_or(feed.bgr ? Channels::kBgr : Channels::kRgb);
  }
  // An integer input without a scale of its own takes the picture's bytes, those of int8 moved by half their range.
  const Quantisation& quantisation = tensor.quantisation;
  if (is_integer(input) && (quantisation.scale <= 0 || (feed.bytes && input.type == SlotType::kUint8))) {
    if (hints.scale && *hints.scale != Scale::kBytes) {
      return refused(tensor, "takes bytes: remove scale from the model's settings, or set it to 0..255");
    }
    set_scale(Scale::kBytes, input);
    input.zero_point = input.type == SlotType::kInt8 ? -128 : 0;
    return Status();
  }
  set_scale(hints.scale.value_or(feed.scale), input);
  if (is_integer(input)) {
    input.step = quantisation.scale;
    input.zero_point = quantisation.zero_point;
  }
  return Status();
}

std::string description(const InputPlan& input) {
  const char* const channels = input.channels == Channels::kGrey  ? "grey"
                               : input.channels == Channels::kBgr ? "BGR"
                                                                  : "RGB";
  return std::string(type_text(input.type)) + (input.interleaved ? " interleaved, " : " planes, ") + channels + ", " +
         scale_text(input) + ", " + fit_text(input.fit);
}

}  // namespace zmdetect
