// Darknet's .cfg: sections in square brackets, each with lines `option = value`.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "status.h"

namespace zmdetect::darknet {

/// Inclusive limits of a whole number.
struct Range {
  int least = 0;
  int most = 0;
};

/// One `[type]` and its options. Every message begins "FILE:LINE: [type]", so that the reader finds the place.
class Section {
 public:
  Section(std::string file, int line, std::string type);

  const std::string& type() const { return type_; }
  int line() const { return line_; }

  /// Of an option given twice the later one counts, and an empty one counts as left out, as in OpenCV.
  void set(const std::string& name, const std::string& value, int line);

  /// Options that were set, repeated ones included.
  std::size_t size() const { return size_; }

  bool has(std::string_view name) const { return find(name) != nullptr; }

  /// Writes the option to `value`, which keeps its content (the default) where the option is left out. A list has
  /// commas between its numbers. Errors: kModelUnreadable with the option, its line and what was expected.
  Status read(std::string_view name, std::string& value) const;
  Status read(std::string_view name, int& value, Range range) const;
  Status read(std::string_view name, float& value) const;
  Status read(std::string_view name, std::vector<int>& values, Range range) const;
  Status read(std::string_view name, std::vector<float>& values) const;

  /// Refuses an option that would change what the layer computes and that the importer does not know how to follow.
  /// Errors: kModelLayoutUnknown unless the option is left out or `neutral`.
  Status expect(std::string_view name, std::string_view neutral) const;

  /// A failure of the whole section.
  Status error(Code code, const std::string& what) const;

 private:
  struct Option {
    std::string value;
    int line = 0;
  };

  const Option* find(std::string_view name) const;
  Status unfit(std::string_view name, const std::string& expected) const;

  std::string file_;
  int line_;
  std::string type_;
  std::map<std::string, Option, std::less<>> options_;
  std::size_t size_ = 0;
};

/// Splits the text of a .cfg. Blanks mean nothing, comments run from # or ; to the end of the line, line ends may be
/// Unix or Windows. `file` is for messages only. Errors: kModelUnreadable with the line, also for more sections or
/// options than any network has.
Result<std::vector<Section>> parse_cfg(std::string_view text, const std::string& file);

/// Reads and splits a file. Errors: kModelFileMissing, kModelUnreadable.
Result<std::vector<Section>> read_cfg(const std::string& path);

}  // namespace zmdetect::darknet
