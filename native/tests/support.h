// What several test files share: pictures, files, and a wait for results that come from other threads.
#pragma once

#include <cstring>
#include <fstream>
#include <future>
#include <memory>
#include <string>
#include <vector>

#include "image/image.h"

namespace zmdetect::testing {

inline std::string source_file(const std::string& path) { return std::string(ZMDETECT_SOURCE_DIR) + "/" + path; }

inline std::vector<std::uint8_t> read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

inline std::shared_ptr<const Image> grey_image(int width, int height) {
  auto image = std::make_shared<Image>();
  image->width = width;
  image->height = height;
  image->pixels = std::make_unique<std::uint8_t[]>(image->bytes());
  std::memset(image->pixels.get(), 128, image->bytes());
  return image;
}

/// Hands out a callback whose argument `get` waits for.
template <typename T>
class Later {
 public:
  std::function<void(T)> callback() {
    return [promise = promise_](T value) { promise->set_value(std::move(value)); };
  }
  T get() { return promise_->get_future().get(); }

 private:
  std::shared_ptr<std::promise<T>> promise_ = std::make_shared<std::promise<T>>();
};

}  // namespace zmdetect::testing
