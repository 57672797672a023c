// A network's picture input: its size, order and type come from the file, the rest from its family and the settings.
#pragma once

#include <optional>
#include <string>

#include "backends/backend.h"
#include "image/input.h"

namespace zmdetect {

/// What the 8-bit values of a picture become.
enum class Scale {
  kContract,  // times 0.00392, as the reference has it
  kZeroToOne,
  kBytes,          // 0..255
  kMinusOneToOne,  // (v - 127.5) / 127.5
  kPriors,         // (v - 127) / 128
  kImagenet,       // 0..1, less ImageNet's mean, by its deviation
};

/// How a family wants its pictures.
struct Feed {
  Fit fit = Fit::kLetterbox;
  Scale scale = Scale::kContract;
  bool bgr = false;
  bool bytes = false;  // an input of uint8 takes the picture's bytes, whatever scale the tensor declares
};

/// What a model's settings say of its pictures. Absent: as the file and its family say.
struct PictureHints {
  std::optional<Channels> colour;  // kRgb or kBgr
  std::optional<Scale> scale;
  std::optional<Fit> fit;
};

/// Reads size, order and type off the input tensor: [batch, channels, height, width] or [batch, height, width,
/// channels] with 1 or 3 channels. A side that the file leaves open is the one asked for, else the one that the export
/// names as `imgsz`, else 640. Errors: kModelLayoutUnknown with what was seen and how to export it.
Result<InputPlan> read_picture_input(const ModelInfo& info, int asked_width, int asked_height);

/// What the model's family wants of its pictures, then what the settings say. `input` is as `read_picture_input` made
/// it. Errors: kModelLayoutUnknown where a setting does not fit the input.
Status feed_as(const Feed& feed, const TensorInfo& tensor, const PictureHints& hints, InputPlan& input);

/// "float32 planes, RGB, 0..1, letterbox": for /models and the log.
std::string description(const InputPlan& input);

}  // namespace zmdetect
