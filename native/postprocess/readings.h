// The rules that find readings of a model's outputs. Private to layout.cc.
#pragma once

#include <string>
#include <vector>

#include "postprocess/layout.h"

namespace zmdetect {

/// A model as the rules see it.
struct Seen {
  const ModelInfo& info;
  const LayoutHints& hints;

  std::size_t outputs() const { return info.outputs.size(); }
  /// Without sides of 1 between the batch and the last one; "[N,6]" becomes "[1,N,6]".
  std::vector<std::int64_t> table(std::size_t output) const;
  /// True where the output has no batch side.
  bool open_batch(std::size_t output) const { return info.outputs[output].shape.size() == 2; }
  /// In lower case, so that "True" and "true" are one.
  std::string metadata(const std::string& key) const;
  /// The output's name in lower case, without TensorFlow's ":0".
  std::string name(std::size_t output) const;
  bool named(std::size_t output, const char* part) const { return name(output).find(part) != std::string::npos; }
  /// Real numbers, or integers with a scale that makes them real.
  bool real(std::size_t output) const;
  /// Written by Ultralytics' package for YOLO v8 and later.
  bool from_ultralytics() const;
};

/// Adds a reading, and behind it the same one with boxes in the other unit, for values to choose.
void add_units(const Seen& seen, Layout layout, std::vector<Layout>& readings);

/// One tensor that holds everything.
void read_rows(const Seen& seen, std::size_t output, std::vector<Layout>& readings);

/// Finished detections in several tensors.
void read_sets(const Seen& seen, std::vector<Layout>& readings);

/// A tensor of boxes and one of scores.
void read_pairs(const Seen& seen, std::vector<Layout>& readings);

/// Maps or rows for each stride: RTMDet's and NanoDet's heads.
void read_heads(const Seen& seen, std::vector<Layout>& readings);

}  // namespace zmdetect
