#include "backends/onnx/darknet/onnx_writer.h"

#include <bit>
#include <type_traits>

namespace zmdetect::darknet {
namespace {

// Field numbers and enumerators of onnx.proto (ONNX 1.8, IR version 7).
constexpr int kIrVersion = 7;
enum ModelField { kModelIrVersion = 1, kModelProducer = 2, kModelGraph = 7, kModelOpset = 8, kModelMetadata = 14 };
enum OpsetField { kOpsetVersion = 2 };
enum MetadataField { kMetadataKey = 1, kMetadataValue = 2 };
enum GraphField { kGraphNode = 1, kGraphName = 2, kGraphInitializer = 5, kGraphInput = 11, kGraphOutput = 12 };
enum NodeField { kNodeInput = 1, kNodeOutput = 2, kNodeName = 3, kNodeOpType = 4, kNodeAttribute = 5 };
enum AttributeField { kAttributeName = 1, kAttributeF = 2, kAttributeI = 3, kAttributeS = 4, kAttributeInts = 8 };
enum AttributeTypeField { kAttributeType = 20 };
enum AttributeType { kTypeFloat = 1, kTypeInt = 2, kTypeString = 3, kTypeInts = 7 };
enum TensorField { kTensorDims = 1, kTensorDataType = 2, kTensorName = 8, kTensorRawData = 9 };
enum DataType { kDataFloat = 1, kDataInt64 = 7 };
enum ValueInfoField { kValueInfoName = 1, kValueInfoType = 2 };
enum TypeField { kTypeTensor = 1, kTensorElemType = 1, kTensorShape = 2, kShapeDim = 1, kDimValue = 1, kDimParam = 2 };

// Protobuf's wire format: a key (field number and kind), then the value.
enum WireType { kVarint = 0, kLengthDelimited = 2, kFixed32 = 5 };

void put_varint(std::string& to, std::uint64_t value) {
  for (; value >= 0x80; value >>= 7) to += static_cast<char>(value | 0x80);
  to += static_cast<char>(value);
}

void put_int(std::string& to, int field, std::int64_t value) {
  put_varint(to, std::uint64_t(field) << 3 | kVarint);
  put_varint(to, static_cast<std::uint64_t>(value));
}

void put_float(std::string& to, int field, float value) {
  put_varint(to, std::uint64_t(field) << 3 | kFixed32);
  const auto bits = std::bit_cast<std::uint32_t>(value);
  for (int shift = 0; shift < 32; shift += 8) to += static_cast<char>(bits >> shift);
}

/// A string, raw bytes or a nested message.
void put_bytes(std::string& to, int field, std::string_view bytes) {
  put_varint(to, std::uint64_t(field) << 3 | kLengthDelimited);
  put_varint(to, bytes.size());
  to += bytes;
}

std::string attribute_message(const Attribute& attribute) {
  std::string message;
  put_bytes(message, kAttributeName, attribute.name);
  std::visit(
      [&](const auto& value) {
        using Value = std::decay_t<decltype(value)>;
        if constexpr (std::is_same_v<Value, std::int64_t>) {
          put_int(message, kAttributeI, value);
          put_int(message, kAttributeType, kTypeInt);
        } else if constexpr (std::is_same_v<Value, float>) {
          put_float(message, kAttributeF, value);
          put_int(message, kAttributeType, kTypeFloat);
        } else if constexpr (std::is_same_v<Value, std::string>) {
          put_bytes(message, kAttributeS, value);
          put_int(message, kAttributeType, kTypeString);
        } else {
          for (const std::int64_t item : value) put_int(message, kAttributeInts, item);
          put_int(message, kAttributeType, kTypeInts);
        }
      },
      attribute.value);
  return message;
}

std::string value_info_message(std::string_view name, const Dims& dims, Numbers numbers) {
  std::string shape;
  for (const std::int64_t side : dims) {
    std::string dim;
    if (side < 0) {
      put_bytes(dim, kDimParam, "batch");
    } else {
      put_int(dim, kDimValue, side);
    }
    put_bytes(shape, kShapeDim, dim);
  }
  std::string tensor;
  put_int(tensor, kTensorElemType, numbers == Numbers::kInt64 ? kDataInt64 : kDataFloat);
  put_bytes(tensor, kTensorShape, shape);
  std::string type;
  put_bytes(type, kTypeTensor, tensor);
  std::string message;
  put_bytes(message, kValueInfoName, name);
  put_bytes(message, kValueInfoType, type);
  return message;
}

/// The values go straight to the graph: copying a layer's weights once more would be noticed.
template <typename Value>
void put_tensor(std::string& graph, std::string_view name, const Dims& dims, DataType type,
                std::span<const Value> values) {
  const std::string_view raw(reinterpret_cast<const char*>(values.data()), values.size_bytes());
  std::string head;
  for (const std::int64_t side : dims) put_int(head, kTensorDims, side);
  put_int(head, kTensorDataType, type);
  put_bytes(head, kTensorName, name);
  put_varint(head, std::uint64_t(kTensorRawData) << 3 | kLengthDelimited);
  put_varint(head, raw.size());
  put_varint(graph, std::uint64_t(kGraphInitializer) << 3 | kLengthDelimited);
  put_varint(graph, head.size() + raw.size());
  graph += head;
  graph += raw;
}

}  // namespace

void OnnxWriter::node(std::string_view op, const std::vector<std::string>& inputs,
                      const std::vector<std::string>& outputs, const std::vector<Attribute>& attributes) {
  ++nodes_;
  std::string message;
  for (const std::string& name : inputs) put_bytes(message, kNodeInput, name);
  for (const std::string& name : outputs) put_bytes(message, kNodeOutput, name);
  put_bytes(message, kNodeName, outputs.front());
  put_bytes(message, kNodeOpType, op);
  for (const Attribute& attribute : attributes) put_bytes(message, kNodeAttribute, attribute_message(attribute));
  put_bytes(graph_, kGraphNode, message);
}

void OnnxWriter::constant(std::string_view name, const Dims& dims, std::span<const float> values) {
  put_tensor(graph_, name, dims, kDataFloat, values);
}

void OnnxWriter::constant(std::string_view name, const Dims& dims, std::span<const std::int64_t> values) {
  put_tensor(graph_, name, dims, kDataInt64, values);
}

void OnnxWriter::input(std::string_view name, const Dims& dims, Numbers numbers) {
  put_bytes(graph_, kGraphInput, value_info_message(name, dims, numbers));
}

void OnnxWriter::output(std::string_view name, const Dims& dims, Numbers numbers) {
  put_bytes(graph_, kGraphOutput, value_info_message(name, dims, numbers));
}

std::string OnnxWriter::finish(int opset, const std::map<std::string, std::string>& metadata) {
  put_bytes(graph_, kGraphName, "darknet");
  std::string model;
  put_int(model, kModelIrVersion, kIrVersion);
  put_bytes(model, kModelProducer, "zmdetect");
  std::string operators;
  put_int(operators, kOpsetVersion, opset);
  put_bytes(model, kModelOpset, operators);
  for (const auto& [key, value] : metadata) {
    std::string entry;
    put_bytes(entry, kMetadataKey, key);
    put_bytes(entry, kMetadataValue, value);
    put_bytes(model, kModelMetadata, entry);
  }
  put_bytes(model, kModelGraph, graph_);
  graph_ = std::string();
  return model;
}

}  // namespace zmdetect::darknet
