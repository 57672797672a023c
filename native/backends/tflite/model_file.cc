#include "backends/tflite/model_file.h"

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "backends/tflite/flat_table.h"
#include "input_limits.h"

namespace zmdetect::tflite {
namespace {

constexpr const char* kSsdOp = "TFLite_Detection_PostProcess";

// Field numbers of the tables in TensorFlow Lite's schema.fbs.
enum ModelField : unsigned { kOperatorCodes = 1, kSubgraphs = 2 };
enum OperatorCodeField : unsigned { kCustomCode = 1 };
enum SubGraphField : unsigned { kOutputs = 2, kOperators = 3 };
enum OperatorField : unsigned { kOpcodeIndex = 0, kOperatorOutputs = 2 };

std::vector<std::int32_t> numbers(FlatBuffer& buffer, FlatVector vector) {
  std::vector<std::int32_t> list;
  if (vector.size > limits::kTfliteOutputs) buffer.refuse();
  for (std::uint32_t i = 0; i < vector.size && !buffer.broken(); ++i) {
    list.push_back(buffer.number<std::int32_t>(vector.start + std::size_t(i) * 4));
  }
  return list;
}

FlatTable element(FlatBuffer& buffer, FlatVector vector, std::uint32_t i) {
  return {buffer, buffer.follow(vector.start + std::size_t(i) * 4)};
}

}  // namespace

std::string ModelFile::ssd_positions() const {
  std::string positions;
  for (const int position : ssd_outputs) {
    if (!positions.empty()) positions += ',';
    positions += std::to_string(position);
  }
  return positions;
}

bool ModelFile::has_custom_op(const std::string& name) const {
  return std::find(custom_ops.begin(), custom_ops.end(), name) != custom_ops.end();
}

std::optional<ModelFile> read_model_file(std::span<const std::uint8_t> bytes) {
  if (bytes.size() < 8 || std::memcmp(bytes.data() + 4, "TFL3", 4) != 0) return std::nullopt;
  FlatBuffer buffer(bytes);
  FlatTable model(buffer, buffer.follow(0));
  ModelFile file;

  const FlatVector codes = model.vector(kOperatorCodes);
  std::optional<std::uint32_t> ssd_code;
  // Offsets may lead to one place many times, so a count is no bound on the bytes that are read.
  if (codes.size > limits::kTfliteOperators) buffer.refuse();
  for (std::uint32_t i = 0; i < codes.size && !buffer.broken(); ++i) {
    std::string name = element(buffer, codes, i).text(kCustomCode);
    if (name == kSsdOp) ssd_code = i;
    if (!name.empty()) file.custom_ops.push_back(std::move(name));
  }

  const FlatVector graphs = model.vector(kSubgraphs);
  if (graphs.size > 0 && ssd_code) {
    FlatTable graph = element(buffer, graphs, 0);
    const std::vector<std::int32_t> outputs = numbers(buffer, graph.vector(kOutputs));
    const FlatVector operators = graph.vector(kOperators);
    for (std::uint32_t i = 0; i < operators.size && !buffer.broken(); ++i) {
      FlatTable op = element(buffer, operators, i);
      if (op.number<std::uint32_t>(kOpcodeIndex, 0) != *ssd_code) continue;
      for (const std::int32_t tensor : numbers(buffer, op.vector(kOperatorOutputs))) {
        const auto found = std::find(outputs.begin(), outputs.end(), tensor);
        file.ssd_outputs.push_back(found == outputs.end() ? -1 : int(found - outputs.begin()));
      }
      break;
    }
  }
  if (buffer.broken()) return std::nullopt;
  return file;
}

Result<ModelData> read_model(const std::string& path) {
  std::error_code missing;
  const auto size = std::filesystem::file_size(path, missing);
  if (missing) return Status(Code::kModelFileMissing, path + ": " + missing.message());
  ModelData data;
  data.bytes.resize(size);
  std::ifstream stream(path, std::ios::binary);
  stream.read(reinterpret_cast<char*>(data.bytes.data()), std::streamsize(size));
  if (!stream) return Status(Code::kModelUnreadable, path + " cannot be read");
  std::optional<ModelFile> file = read_model_file(data.bytes);
  if (!file) {
    return Status(Code::kModelUnreadable, path + " is no TensorFlow Lite model, or a broken or truncated one");
  }
  data.file = std::move(*file);
  return data;
}

}  // namespace zmdetect::tflite
