#include "backends/onnx/darknet/cfg.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <fstream>
#include <iterator>

#include "input_limits.h"

namespace zmdetect::darknet {
namespace {

/// The line without comment and blanks; Darknet drops blanks inside a value as well ("12, 18,  37").
std::string stripped(std::string_view line) {
  std::string text(line.substr(0, line.find_first_of("#;")));
  std::erase_if(text, [](char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\v' || c == '\f'; });
  return text;
}

template <typename Number>
bool parse(std::string_view text, Number& number) {
  if (text.starts_with('+')) text.remove_prefix(1);
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size();
}

/// Reads "1,2,3"; false when one item is no number, or there are too many.
template <typename Number>
bool parse_list(std::string_view text, std::vector<Number>& numbers) {
  for (;;) {
    const std::size_t comma = text.find(',');
    Number number = 0;
    if (numbers.size() == limits::kDarknetList || !parse(text.substr(0, comma), number)) return false;
    numbers.push_back(number);
    if (comma == std::string_view::npos) return true;
    text.remove_prefix(comma + 1);
  }
}

/// A text of the file in quotes, cut where it would fill the log.
std::string shown(std::string_view text) {
  constexpr std::size_t kMost = 100;
  return "\"" + std::string(text.substr(0, kMost)) + (text.size() > kMost ? "...\"" : "\"");
}

std::string list_of(const std::string& numbers) {
  return "at most " + std::to_string(limits::kDarknetList) + " " + numbers + " with commas between them";
}

bool inside(int value, Range range) { return value >= range.least && value <= range.most; }

std::string text_of(Range range) { return std::to_string(range.least) + ".." + std::to_string(range.most); }

}  // namespace

Section::Section(std::string file, int line, std::string type)
    : file_(std::move(file)), line_(line), type_(std::move(type)) {}

void Section::set(const std::string& name, const std::string& value, int line) {
  options_[name] = {value, line};
  ++size_;
}

const Section::Option* Section::find(std::string_view name) const {
  const auto found = options_.find(name);
  return found == options_.end() || found->second.value.empty() ? nullptr : &found->second;
}

Status Section::error(Code code, const std::string& what) const {
  return Status(code, file_ + ":" + std::to_string(line_) + ": [" + type_ + "] " + what);
}

Status Section::unfit(std::string_view name, const std::string& expected) const {
  const Option& option = *find(name);
  return Status(Code::kModelUnreadable, file_ + ":" + std::to_string(option.line) + ": [" + type_ + "] expected " +
                                            expected + " for " + std::string(name) + ", got " + shown(option.value));
}

Status Section::read(std::string_view name, std::string& value) const {
  if (const Option* option = find(name)) value = option->value;
  return Status();
}

Status Section::read(std::string_view name, int& value, Range range) const {
  const Option* option = find(name);
  if (option == nullptr) return Status();
  int number = 0;
  if (!parse(option->value, number) || !inside(number, range)) {
    return unfit(name, "a whole number " + text_of(range));
  }
  value = number;
  return Status();
}

Status Section::read(std::string_view name, float& value) const {
  const Option* option = find(name);
  if (option == nullptr) return Status();
  float number = 0;
  if (!parse(option->value, number) || !std::isfinite(number)) return unfit(name, "a number");
  value = number;
  return Status();
}

Status Section::read(std::string_view name, std::vector<int>& values, Range range) const {
  const Option* option = find(name);
  if (option == nullptr) return Status();
  std::vector<int> numbers;
  if (!parse_list(option->value, numbers) ||
      !std::all_of(numbers.begin(), numbers.end(), [&](int number) { return inside(number, range); })) {
    return unfit(name, list_of("whole numbers " + text_of(range)));
  }
  values = std::move(numbers);
  return Status();
}

Status Section::read(std::string_view name, std::vector<float>& values) const {
  const Option* option = find(name);
  if (option == nullptr) return Status();
  std::vector<float> numbers;
  if (!parse_list(option->value, numbers) ||
      !std::all_of(numbers.begin(), numbers.end(), [](float number) { return std::isfinite(number); })) {
    return unfit(name, list_of("numbers"));
  }
  values = std::move(numbers);
  return Status();
}

Status Section::expect(std::string_view name, std::string_view neutral) const {
  const Option* option = find(name);
  if (option == nullptr || option->value == neutral) return Status();
  return Status(Code::kModelLayoutUnknown, file_ + ":" + std::to_string(option->line) + ": [" + type_ +
                                               "] the importer cannot follow " + std::string(name) + "=" +
                                               option->value + ", only " + std::string(neutral));
}

Result<std::vector<Section>> parse_cfg(std::string_view text, const std::string& file) {
  std::vector<Section> sections;
  const auto broken = [&](int line, const std::string& what) {
    return Status(Code::kModelUnreadable, file + ":" + std::to_string(line) + ": " + what);
  };
  for (int number = 1; !text.empty(); ++number) {
    const std::size_t end = text.find('\n');
    const std::string line = stripped(text.substr(0, end));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    if (line.empty()) continue;
    if (line.front() == '[') {
      if (line.back() != ']' || line.size() < 3) return broken(number, "expected [section], got " + shown(line));
      if (sections.size() == limits::kDarknetSections) {
        return broken(number, "more than " + std::to_string(limits::kDarknetSections) + " sections");
      }
      sections.emplace_back(file, number, line.substr(1, line.size() - 2));
      continue;
    }
    const std::size_t equals = line.find('=');
    if (equals == std::string::npos || equals == 0) {
      return broken(number, "expected option = value, got " + shown(line));
    }
    if (sections.empty()) return broken(number, "expected a [section] before " + shown(line));
    if (sections.back().size() == limits::kDarknetOptions) {
      return broken(number, "more than " + std::to_string(limits::kDarknetOptions) + " options in [" +
                                sections.back().type() + "]");
    }
    sections.back().set(line.substr(0, equals), line.substr(equals + 1), number);
  }
  if (sections.empty()) return Status(Code::kModelUnreadable, file + " has no section; it is no Darknet .cfg");
  return sections;
}

Result<std::vector<Section>> read_cfg(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return Status(Code::kModelFileMissing, path + ": cannot be opened");
  std::string text(limits::kDarknetBytes + 1, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(file.gcount()));
  if (text.size() > limits::kDarknetBytes) {
    return Status(Code::kModelUnreadable,
                  path + " has more than " + std::to_string(limits::kDarknetBytes) + " bytes; it is no Darknet .cfg");
  }
  return parse_cfg(text, path);
}

}  // namespace zmdetect::darknet
