// Writes an ONNX model: the few protobuf messages of onnx.proto that a detector needs, encoded by hand.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace zmdetect::darknet {

using Dims = std::vector<std::int64_t>;

struct Attribute {
  std::string name;
  std::variant<std::int64_t, float, std::string, std::vector<std::int64_t>> value;
};

enum class Numbers { kFloat32, kInt64 };

/// Collects a graph and serialises it. Tensors are known by name; a node may come before or after the tensors that it
/// reads, except that nodes must stand in an order in which they can run.
class OnnxWriter {
 public:
  /// Adds a node. Each name in `outputs` becomes a tensor.
  void node(std::string_view op, const std::vector<std::string>& inputs, const std::vector<std::string>& outputs,
            const std::vector<Attribute>& attributes = {});

  /// How many nodes there are.
  std::int64_t nodes() const { return nodes_; }

  /// Adds a constant, row-major; the product of `dims` is the number of values.
  void constant(std::string_view name, const Dims& dims, std::span<const float> values);
  void constant(std::string_view name, const Dims& dims, std::span<const std::int64_t> values);

  /// Declares an input or output of the graph. A dimension of -1 is the symbol "batch".
  void input(std::string_view name, const Dims& dims, Numbers numbers = Numbers::kFloat32);
  void output(std::string_view name, const Dims& dims, Numbers numbers = Numbers::kFloat32);

  /// The serialised ModelProto; the writer is empty afterwards. `opset` is the version of ONNX's default operators.
  std::string finish(int opset, const std::map<std::string, std::string>& metadata);

 private:
  std::int64_t nodes_ = 0;
  std::string graph_;  // fields of GraphProto; protobuf lets the repeated ones stand in any order
};

}  // namespace zmdetect::darknet
