// The words between the daemon and zmdetect-tpu-worker: frames of a 32-bit length and that many bytes, over a stream
// socket. Both ends are the same build on the same machine, so numbers travel in the machine's own byte order.
#pragma once

#include <chrono>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <vector>

#include "backends/backend.h"

namespace zmdetect::tflite {

using Bytes = std::vector<std::uint8_t>;

/// What a request asks for; its first byte.
enum class Request : std::uint8_t { kLoad = 1, kRun = 2, kUnload = 3 };

/// Appends values to a frame.
class Writer {
 public:
  template <typename Number>
  void number(Number value) {
    raw(&value, sizeof value);
  }
  void bytes(std::span<const std::uint8_t> value) {
    number(std::uint64_t(value.size()));
    raw(value.data(), value.size());
  }
  void text(const std::string& value) { bytes({reinterpret_cast<const std::uint8_t*>(value.data()), value.size()}); }

  const Bytes& frame() const { return frame_; }

 private:
  void raw(const void* data, std::size_t size) {
    const std::size_t at = frame_.size();
    frame_.resize(at + size);
    if (size > 0) std::memcpy(frame_.data() + at, data, size);
  }

  Bytes frame_;
};

/// Takes values from a frame. Beyond the end everything is zero or empty, and `ok` is false from then on.
class Reader {
 public:
  explicit Reader(std::span<const std::uint8_t> frame) : rest_(frame) {}

  bool ok() const { return ok_; }

  template <typename Number>
  Number number() {
    Number value{};
    const auto from = take(sizeof value);
    if (ok_) std::memcpy(&value, from.data(), sizeof value);
    return value;
  }
  std::span<const std::uint8_t> bytes() { return take(number<std::uint64_t>()); }
  std::string text() {
    const auto from = bytes();
    return {reinterpret_cast<const char*>(from.data()), from.size()};
  }

 private:
  std::span<const std::uint8_t> take(std::uint64_t size) {
    if (size > rest_.size()) ok_ = false;
    if (!ok_) return {};
    const auto taken = rest_.first(size);
    rest_ = rest_.subspan(size);
    return taken;
  }

  std::span<const std::uint8_t> rest_;
  bool ok_ = true;
};

void write_status(Writer& writer, const Status& status);
Status read_status(Reader& reader);
void write_info(Writer& writer, const ModelInfo& info);
ModelInfo read_info(Reader& reader);
void write_views(Writer& writer, const std::vector<TensorView>& views);
/// The views point into the reader's frame.
std::vector<TensorView> read_views(Reader& reader);

using Clock = std::chrono::steady_clock;

/// How a transfer ended.
enum class Transfer { kDone, kDeadline, kClosed };

/// Sends one frame whole. Never raises SIGPIPE.
Transfer send_frame(int socket, const Bytes& frame, Clock::time_point deadline);

/// Receives one frame whole into `frame`, whose memory is used again. A frame beyond 1 GiB counts as closed.
Transfer receive_frame(int socket, Bytes& frame, Clock::time_point deadline);

}  // namespace zmdetect::tflite
