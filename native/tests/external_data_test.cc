// ONNX files whose tensors lie in other files: beside the model they are read, anything else is refused by name.
#include <gtest/gtest.h>

#include <cstring>

#include "backends/loader.h"
#include "backends/onnx/external_data.h"
#include "tests/darknet_support.h"

namespace zmdetect {
namespace {

using testing::TemporaryFolder;

/// A protobuf field that holds bytes; sizes here are below 2^14.
std::string field(int id, const std::string& bytes) {
  std::string text(1, static_cast<char>(id << 3 | 2));
  if (id > 15) text = {static_cast<char>(((id << 3 | 2) & 0x7F) | 0x80), static_cast<char>(id >> 4)};
  if (bytes.size() > 127) text += static_cast<char>((bytes.size() & 0x7F) | 0x80);
  text += static_cast<char>(bytes.size() > 127 ? bytes.size() >> 7 : bytes.size());
  return text + bytes;
}

std::string number(int id, int value) { return {static_cast<char>(id << 3), static_cast<char>(value)}; }

std::string entry(const std::string& key, const std::string& value) {
  return field(13, field(1, key) + field(2, value));
}

/// float32 [1,3,2,2] called "offset", whose 48 bytes are in the file.
std::string tensor(const std::string& location) {
  return number(1, 1) + number(1, 3) + number(1, 2) + number(1, 2) + number(2, 1) + field(8, "offset") +
         entry("location", location) + entry("length", "48") + number(14, 1);
}

std::string value_info(const std::string& name) {
  std::string shape;
  for (const int side : {1, 3, 2, 2}) shape += field(1, number(1, side));
  return field(1, name) + field(2, field(1, number(1, 1) + field(2, shape)));
}

/// y = x + offset.
std::string model(const std::string& initialiser, const std::string& more = "") {
  const std::string add = field(1, "x") + field(1, "offset") + field(2, "y") + field(4, "Add");
  const std::string graph = field(1, add) + field(2, "g") + field(5, initialiser) + more + field(11, value_info("x")) +
                            field(12, value_info("y"));
  return number(1, 8) + field(7, graph) + field(8, number(2, 13));
}

class ExternalData : public ::testing::Test {
 protected:
  void SetUp() override { std::filesystem::create_directory(folder.file("models")); }

  Result<std::unique_ptr<LoadedModel>> load(const std::string& content) {
    const Result<Backend*> backend = open_backend(ZMDETECT_BACKEND_DIR, "onnx");
    EXPECT_TRUE(backend.ok());
    LoadOptions options;
    options.path = folder.write("models/m.onnx", content);
    return backend.value()->load(options);
  }

  void refused(const std::string& location, const std::string& why) {
    const Status status = load(model(tensor(location))).status();
    EXPECT_EQ(status.code(), Code::kModelUnreadable) << location;
    EXPECT_NE(status.message().find("tensor offset is to come from \"" + location + "\""), std::string::npos)
        << status.message();
    EXPECT_NE(status.message().find(why), std::string::npos) << status.message();
  }

  TemporaryFolder folder;
  const std::string twelve = std::string(reinterpret_cast<const char*>(ones), sizeof ones);
  static constexpr float ones[12] = {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1};
};

TEST_F(ExternalData, AFileBesideTheModelIsRead) {
  folder.write("models/w.bin", twelve);
  std::filesystem::create_directory(folder.file("models/parts"));
  folder.write("models/parts/w.bin", twelve);
  for (const char* const location : {"w.bin", "./w.bin", "parts/w.bin"}) {
    auto loaded = load(model(tensor(location)));
    ASSERT_TRUE(loaded.ok()) << location << ": " << loaded.status().message();
    auto instance = loaded.value()->create_instance();
    const float input[12] = {};
    std::vector<TensorView> outputs;
    ASSERT_TRUE(instance.value()->run({input, ElementType::kFloat32, {1, 3, 2, 2}}, outputs).ok());
    EXPECT_EQ(static_cast<const float*>(outputs.at(0).data)[11], 1.0F);
  }
}

TEST_F(ExternalData, APathOutOfTheFolderIsRefused) {
  folder.write("outside.bin", twelve);
  refused("../outside.bin", "a path with ..");
  refused("parts/../../outside.bin", "a path with ..");
  refused(folder.file("outside.bin"), "an absolute path");
  refused("/etc/passwd", "an absolute path");
}

TEST_F(ExternalData, ALinkOutOfTheFolderIsRefused) {
  folder.write("outside.bin", twelve);
  std::filesystem::create_symlink(folder.file("outside.bin"), folder.file("models/link.bin"));
  refused("link.bin", "a link that leads out of the model's folder");
  std::filesystem::create_directory(folder.file("elsewhere"));
  folder.write("elsewhere/w.bin", twelve);
  std::filesystem::create_directory_symlink(folder.file("elsewhere"), folder.file("models/parts"));
  refused("parts/w.bin", "a link that leads out of the model's folder");
}

TEST_F(ExternalData, AFolderWhoseNameOnlyBeginsAlikeIsOutside) {
  std::filesystem::create_directory(folder.file("models2"));
  folder.write("models2/w.bin", twelve);
  std::filesystem::create_symlink(folder.file("models2/w.bin"), folder.file("models/link.bin"));
  refused("link.bin", "a link that leads out of the model's folder");
}

TEST_F(ExternalData, ALinkWithinTheFolderIsRead) {
  folder.write("models/w.bin", twelve);
  std::filesystem::create_symlink("w.bin", folder.file("models/link.bin"));
  // The runtime may think otherwise; what is ours lets it pass.
  EXPECT_TRUE(onnx::check_external_data(folder.write("models/m.onnx", model(tensor("link.bin")))).ok());
}

TEST_F(ExternalData, ALinkWithinTheStoreOfAHubIsRead) {
  // As model hubs lay files out: links in snapshots/REVISION, the files themselves in blobs.
  const std::filesystem::path store = folder.file("models--owner--name");
  const std::filesystem::path revision = store / "snapshots" / "0123abcd" / "onnx";
  std::filesystem::create_directories(revision);
  std::filesystem::create_directories(store / "blobs");
  folder.write("models--owner--name/blobs/aaaa", model(tensor("m.onnx_data")));
  folder.write("models--owner--name/blobs/bbbb", twelve);
  std::filesystem::create_symlink("../../../blobs/aaaa", revision / "m.onnx");
  std::filesystem::create_symlink("../../../blobs/bbbb", revision / "m.onnx_data");
  const Result<Backend*> backend = open_backend(ZMDETECT_BACKEND_DIR, "onnx");
  ASSERT_TRUE(backend.ok());
  LoadOptions options;
  options.path = (revision / "m.onnx").string();
  const auto loaded = backend.value()->load(options);
  EXPECT_TRUE(loaded.ok()) << loaded.status().message();

  std::filesystem::remove(revision / "m.onnx_data");
  std::filesystem::create_symlink(folder.write("outside.bin", twelve), revision / "m.onnx_data");
  const Status refused = onnx::check_external_data(options.path);
  EXPECT_EQ(refused.code(), Code::kModelUnreadable);
  EXPECT_NE(refused.message().find("a link that leads out of the model's folder"), std::string::npos);
}

TEST_F(ExternalData, AFolderCalledSnapshotsAloneIsNoStore) {
  std::filesystem::create_directories(folder.file("snapshots/models"));
  folder.write("w.bin", twelve);
  std::filesystem::create_symlink(folder.file("w.bin"), folder.file("snapshots/models/w.bin"));
  const Status status = onnx::check_external_data(folder.write("snapshots/models/m.onnx", model(tensor("w.bin"))));
  EXPECT_EQ(status.code(), Code::kModelUnreadable) << status.message();
}

TEST_F(ExternalData, NamesOfFilesAreLimitedAndEachIsCheckedOnce) {
  folder.write("models/w.bin", twelve);
  std::string same;
  for (int i = 0; i < 100'000; ++i) same += field(5, field(8, "t") + entry("location", "w.bin"));
  const auto graph = [](const std::string& tensors) {
    std::string size;
    for (std::size_t left = tensors.size(); left > 0; left >>= 7U) {
      size += static_cast<char>((left & 0x7FU) | (left > 0x7F ? 0x80U : 0U));
    }
    return "\x3A" + size + tensors;
  };
  EXPECT_TRUE(onnx::check_external_data(folder.write("models/m.onnx", graph(same))).ok());
  // One file under many names: ./ and / in every order.
  std::string spelled;
  for (unsigned i = 0; i < 5000; ++i) {
    std::string name = "./";
    for (unsigned bits = i + 1; bits > 0; bits >>= 1U) name += (bits & 1U) != 0 ? "./" : "/";
    spelled += field(5, field(8, "t") + entry("location", name + "w.bin"));
  }
  const Status status = onnx::check_external_data(folder.write("models/m.onnx", graph(spelled)));
  EXPECT_EQ(status.code(), Code::kModelUnreadable);
  EXPECT_NE(status.message().find("in more than 4096 files"), std::string::npos) << status.message();
}

TEST_F(ExternalData, WhatIsNoFileIsRefused) {
  refused("gone.bin", "which is not there");
  refused("*/_ORT_MEM_ADDR_/*", "which is not there");
  std::filesystem::create_directory(folder.file("models/parts"));
  refused("parts", "which is no regular file");
  refused("", "which names no file");
}

TEST_F(ExternalData, ATensorIsFoundWhereverItHides) {
  const std::string evil = tensor("/etc/passwd");
  const auto caught = [&](const std::string& content) {
    const Status status = onnx::check_external_data(folder.write("models/m.onnx", content));
    return status.code() == Code::kModelUnreadable && status.message().find("/etc/passwd") != std::string::npos;
  };
  const std::string constant = field(1, field(5, field(1, "value") + field(5, evil)));
  EXPECT_TRUE(caught(field(7, constant))) << "an attribute";
  EXPECT_TRUE(caught(field(7, field(1, field(5, field(10, evil)))))) << "a list of tensors in an attribute";
  EXPECT_TRUE(caught(field(7, field(1, field(5, field(6, field(5, evil))))))) << "a graph in an attribute";
  EXPECT_TRUE(caught(field(7, field(1, field(5, field(11, constant)))))) << "a list of graphs in an attribute";
  EXPECT_TRUE(caught(field(7, field(1, field(5, field(22, field(1, evil))))))) << "a sparse tensor in an attribute";
  EXPECT_TRUE(caught(field(7, field(15, field(2, evil))))) << "the indices of a sparse initialiser";
  EXPECT_TRUE(caught(field(25, field(7, field(5, field(5, evil)))))) << "a function";
  EXPECT_TRUE(caught(field(20, field(1, field(5, evil))))) << "training information";
  EXPECT_TRUE(caught(field(7, "") + field(7, field(5, evil)))) << "a second part of the graph";
  const std::string unmarked = field(8, "t") + entry("location", "/etc/passwd");
  EXPECT_TRUE(caught(field(7, field(5, unmarked)))) << "a tensor that is not marked as external";
  EXPECT_FALSE(caught(field(7, field(5, field(8, "t") + field(9, "/etc/passwd")))));
}

TEST_F(ExternalData, NestingHasAnEnd) {
  std::string graph = field(5, tensor("/etc/passwd"));
  for (int i = 0; i < 200; ++i) graph = field(1, field(5, field(6, graph)));
  const Status status = onnx::check_external_data(folder.write("models/m.onnx", field(7, graph)));
  EXPECT_EQ(status.code(), Code::kModelUnreadable);
  EXPECT_NE(status.message().find("too deeply"), std::string::npos) << status.message();
}

TEST_F(ExternalData, WhatIsNoProtobufIsNamedSo) {
  for (const std::string& content :
       {std::string("this is no model\n"), model(tensor("w.bin")).substr(0, 60),
        std::string("\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF"), std::string("\x3A\xFF")}) {
    const Status status = onnx::check_external_data(folder.write("models/m.onnx", content));
    EXPECT_EQ(status.code(), Code::kModelUnreadable);
    EXPECT_NE(status.message().find("is no ONNX file"), std::string::npos) << status.message();
  }
}

TEST_F(ExternalData, ALineBreakInANameStaysOutOfTheLog) {
  const std::string name = field(8, "a\nERROR forged");
  const Status status =
      onnx::check_external_data(folder.write("models/m.onnx", field(7, field(5, name + entry("location", "/x\ny")))));
  EXPECT_EQ(status.message().find('\n'), std::string::npos);
}

}  // namespace
}  // namespace zmdetect
