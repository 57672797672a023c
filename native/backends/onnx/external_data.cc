#include "backends/onnx/external_data.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <string_view>
#include <unordered_set>

#include "backends/onnx/protobuf.h"
#include "input_limits.h"

namespace zmdetect::onnx {
namespace {

namespace fs = std::filesystem;

constexpr std::uintmax_t kMostBytes = std::uintmax_t(2) << 30U;  // protobuf's own limit

/// Read and not mapped: a model that is being replaced may become shorter while one looks.
Result<std::string> read_whole(const std::string& path) {
  std::error_code missing;
  const std::uintmax_t size = fs::file_size(path, missing);
  if (missing) return Status(Code::kModelFileMissing, path + ": " + missing.message());
  if (size > kMostBytes) {
    return Status(Code::kModelUnreadable, path + " has " + std::to_string(size) + " bytes; an ONNX file has at most " +
                                              std::to_string(kMostBytes) + ", and larger tensors in files beside it");
  }
  std::string bytes(static_cast<std::size_t>(size), '\0');
  std::ifstream file(path, std::ios::binary);
  file.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  if (!file) return Status(Code::kModelUnreadable, path + " cannot be read");
  return bytes;
}

/// A name from the file, fit for a log line.
std::string printable(std::string_view text) {
  std::string line(text.substr(0, 200));
  std::replace_if(line.begin(), line.end(), [](unsigned char c) { return c < 0x20 || c == 0x7F; }, '?');
  return line;
}

/// The folder whose files may be a model's data: its own, or where a hub's client keeps it as
/// ROOT/snapshots/REVISION/... beside ROOT/blobs, with a link in the one for each file of the other, ROOT.
fs::path store_of(const fs::path& folder, std::error_code& failed) {
  fs::path home = fs::canonical(folder, failed);
  if (failed) return home;
  for (fs::path outer = home; outer.has_relative_path(); outer = outer.parent_path()) {
    const fs::path root = outer.parent_path();
    std::error_code ignored;
    if (outer.filename() == "snapshots" && fs::is_directory(root / "blobs", ignored)) return root;
  }
  return home;
}

/// Walks from message to message, down every way on which ONNX puts a tensor (onnx.proto of ONNX 1.18).
class Search {
 public:
  explicit Search(const std::string& path) : path_(path), folder_(fs::path(path).parent_path()) {
    if (folder_.empty()) folder_ = ".";
  }

  Status model(std::string_view bytes) {
    return each(bytes, [&](const Field& field) {
      if (field.id == 7) return graph(field.bytes, 0);
      if (field.id == 25) return function(field.bytes);
      if (field.id == 20) return training(field.bytes);
      return Status();
    });
  }

 private:
  static constexpr int kDeepest = 100;  // graphs inside graphs; protobuf's own limit

  template <typename Visit>
  Status each(std::string_view bytes, const Visit& visit) const {
    Fields fields(bytes);
    for (Field field; fields.next(field);) {
      if (field.is_bytes) ZMD_RETURN_IF_ERROR(visit(field));
    }
    if (!fields.broken()) return Status();
    return Status(Code::kModelUnreadable,
                  path_ + " is no ONNX file, or was cut short: it is no whole protobuf message");
  }

  Status training(std::string_view bytes) {
    return each(bytes, [&](const Field& field) { return field.id <= 2 ? graph(field.bytes, 0) : Status(); });
  }

  Status function(std::string_view bytes) {
    return each(bytes, [&](const Field& field) {
      if (field.id == 7) return node(field.bytes, 0);
      if (field.id == 11) return attribute(field.bytes, 0);
      return Status();
    });
  }

  Status graph(std::string_view bytes, int depth) {
    if (depth > kDeepest) return Status(Code::kModelUnreadable, path_ + " nests its graphs too deeply");
    return each(bytes, [&](const Field& field) {
      if (field.id == 1) return node(field.bytes, depth);
      if (field.id == 5) return tensor(field.bytes);
      if (field.id == 15) return sparse(field.bytes);
      return Status();
    });
  }

  Status node(std::string_view bytes, int depth) {
    return each(bytes, [&](const Field& field) { return field.id == 5 ? attribute(field.bytes, depth) : Status(); });
  }

  Status attribute(std::string_view bytes, int depth) {
    return each(bytes, [&](const Field& field) {
      switch (field.id) {
        case 5:
        case 10: return tensor(field.bytes);
        case 6:
        case 11: return graph(field.bytes, depth + 1);
        case 22:
        case 23: return sparse(field.bytes);
        default: return Status();
      }
    });
  }

  /// Values and indices are tensors of their own.
  Status sparse(std::string_view bytes) {
    return each(bytes, [&](const Field& field) { return field.id <= 2 ? tensor(field.bytes) : Status(); });
  }

  /// Whether the tensor is marked as external does not count: a message may be cut in two and merged by the runtime.
  Status tensor(std::string_view bytes) {
    std::string_view name;
    ZMD_RETURN_IF_ERROR(each(bytes, [&](const Field& field) {
      if (field.id == 8) name = field.bytes;
      return Status();
    }));
    return each(bytes, [&](const Field& field) { return field.id == 13 ? entry(name, field.bytes) : Status(); });
  }

  Status entry(std::string_view tensor, std::string_view bytes) {
    std::string_view key;
    ZMD_RETURN_IF_ERROR(each(bytes, [&](const Field& field) {
      if (field.id == 1) key = field.bytes;
      return Status();
    }));
    if (key != "location") return Status();
    return each(bytes, [&](const Field& field) { return field.id == 2 ? location(tensor, field.bytes) : Status(); });
  }

  /// Models with a file for each tensor have thousands; each new name takes some calls of the system.
  Status location(std::string_view tensor, std::string_view text) {
    if (!seen_.insert(text).second) return Status();
    if (seen_.size() > limits::kOnnxDataFiles) {
      return Status(Code::kModelUnreadable,
                    path_ + " keeps its tensors in more than " + std::to_string(limits::kOnnxDataFiles) + " files");
    }
    return check(tensor, text);
  }

  Status check(std::string_view tensor, std::string_view text) const {
    const auto refused = [&](const std::string& why) {
      return Status(Code::kModelUnreadable, path_ + ": the data of tensor " + printable(tensor) +
                                                " is to come from \"" + printable(text) + "\", " + why);
    };
    if (text.empty() || text.find('\0') != std::string_view::npos) return refused("which names no file");
    const fs::path file(text);
    if (file.is_absolute()) return refused("an absolute path: only files beside the model are read");
    if (std::find(file.begin(), file.end(), "..") != file.end()) {
      return refused("a path with ..: only files in the model's folder are read");
    }
    std::error_code failed;
    const fs::path real = fs::canonical(folder_ / file, failed);
    if (failed) return refused("which is not there");
    const fs::path store = store_of(folder_, failed);
    if (failed) return refused("whose folder cannot be read");
    const auto inside = std::mismatch(store.begin(), store.end(), real.begin(), real.end());
    if (inside.first != store.end()) return refused("a link that leads out of the model's folder, to " + real.string());
    if (!fs::is_regular_file(real, failed)) return refused("which is no regular file");
    return Status();
  }

  std::string path_;
  fs::path folder_;
  std::unordered_set<std::string_view> seen_;  // views of the file's bytes
};

}  // namespace

Status check_external_data(const std::string& path) {
  const Result<std::string> bytes = read_whole(path);
  if (!bytes.ok()) return bytes.status();
  return Search(path).model(bytes.value());
}

}  // namespace zmdetect::onnx
