// Turns a Darknet .cfg and .weights into an ONNX model in memory.
#pragma once

#include <string>

#include "status.h"

namespace zmdetect {

inline constexpr int kDarknetDefaultSide = 416;  // contract 5.4; the .cfg's own size does not count

/// Returns a serialised ONNX model (opset 13).
///
/// Input `images`: float32 [batch, channels, height, width], channels from the .cfg (3 in every detector), values as
/// the network was trained on (RGB, 0..1). Output `detections`: float32 [batch, rows, 5 + classes], the rows of the
/// [yolo] sections in the order of the .cfg, each by y, then x, then anchor: centre x, centre y, width, height relative
/// to the picture (0..1), objectness, then class scores, which are multiplied by objectness and zero unless above the
/// section's `thresh`. Metadata: zmdetect_layout = darknet, zmdetect_classes = the number of classes.
///
/// `width` and `height` are in pixels, multiples of 32; 0 means 416. Errors: kModelFileMissing; kModelUnreadable for
/// a .cfg with mistakes (file, line, section, option) or with weights that are another network's (both counts);
/// kModelLayoutUnknown for a section or option that the importer does not know. Throws std::bad_alloc only.
Result<std::string> import_darknet(const std::string& cfg_path, const std::string& weights_path, int width, int height);

/// Whether the file name ends in ".weights", in upper or lower case.
bool is_darknet_weights(const std::string& path);

}  // namespace zmdetect
