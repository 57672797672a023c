// What the tests of the TFLite backend share: the folder of real models, and the backend itself.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <string>

#include "backends/loader.h"

namespace zmdetect::testing {

/// The folder of real models and photos: ZMDETECT_SHARED, else ../shared beside the repository.
inline std::string shared_file(const std::string& path) {
  const char* folder = std::getenv("ZMDETECT_SHARED");
  return (folder != nullptr ? std::string(folder) : std::string(ZMDETECT_SOURCE_DIR) + "/../shared") + "/" + path;
}

inline const std::string kCocoSsd =
    "models/coral_edgetpu/coco_ssd_mobilenet_v1_1.0_quant_2018_06_29.tflite";               // TF1 order
inline const std::string kNoteSsd = "models/coral_note/note_ssd_fpnlite_320_quant.tflite";  // TF2 order
inline const std::string kNoteEdgeTpu = "models/coral_note/note_ssd_fpnlite_320_quant_edgetpu.tflite";

/// Tests on real models: skipped with the reason where there are none, failed where there must be some (CI=true).
class TfliteTest : public ::testing::Test {
 protected:
  void SetUp() override {
    const Result<Backend*> opened = open_backend(ZMDETECT_BACKEND_DIR, "tflite");
    ASSERT_TRUE(opened.ok()) << opened.status().message();
    backend = opened.value();
    const char* ci = std::getenv("CI");
    const bool required = ci != nullptr && std::string(ci) == "true";
    if (!std::filesystem::exists(shared_file("models"))) missing(required, "no models in " + shared_file("models"));
#ifndef ZMDETECT_FAKE_DELEGATE
    missing(required, "TensorFlow Lite was not found when this was built");
#endif
  }

  /// Loads a file of the shared folder.
  Result<std::unique_ptr<LoadedModel>> load(const std::string& path, LoadOptions options = {}) {
    options.path = shared_file(path);
    return backend->load(options);
  }

  Backend* backend = nullptr;

 private:
  static void missing(bool required, const std::string& reason) {
    if (required) {
      FAIL() << reason;
    } else {
      GTEST_SKIP() << reason;
    }
  }
};

}  // namespace zmdetect::testing
