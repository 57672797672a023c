#include "backends/tflite/wire.h"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <climits>

#include "backends/tflite/tensor_bytes.h"

namespace zmdetect::tflite {
namespace {

constexpr std::uint32_t kLongestFrame = 1U << 30;

void write_shape(Writer& writer, const std::vector<std::int64_t>& shape) {
  writer.number(std::uint32_t(shape.size()));
  for (const std::int64_t side : shape) writer.number(side);
}

std::vector<std::int64_t> read_shape(Reader& reader) {
  std::vector<std::int64_t> shape;
  for (auto left = reader.number<std::uint32_t>(); left > 0 && reader.ok(); --left) {
    shape.push_back(reader.number<std::int64_t>());
  }
  return shape;
}

void write_tensors(Writer& writer, const std::vector<TensorInfo>& tensors) {
  writer.number(std::uint32_t(tensors.size()));
  for (const TensorInfo& tensor : tensors) {
    writer.text(tensor.name);
    writer.number(tensor.type);
    write_shape(writer, tensor.shape);
    writer.number(tensor.quantisation);
  }
}

std::vector<TensorInfo> read_tensors(Reader& reader) {
  std::vector<TensorInfo> tensors;
  for (auto left = reader.number<std::uint32_t>(); left > 0 && reader.ok(); --left) {
    TensorInfo& tensor = tensors.emplace_back();
    tensor.name = reader.text();
    tensor.type = reader.number<ElementType>();
    tensor.shape = read_shape(reader);
    tensor.quantisation = reader.number<Quantisation>();
  }
  return tensors;
}

/// Waits until `socket` is ready for `events`, hung up, or the deadline has passed.
bool ready(int socket, short events, Clock::time_point deadline) {
  for (;;) {
    int wait = -1;
    if (deadline != Clock::time_point::max()) {
      const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now()).count();
      wait = int(std::clamp<std::int64_t>(left, 0, INT_MAX));
    }
    pollfd entry{.fd = socket, .events = events, .revents = 0};
    const int count = poll(&entry, 1, wait);
    if (count > 0) return true;
    if (count == 0 && Clock::now() >= deadline) return false;
  }
}

/// Moves `size` bytes by repeated calls of `step(done)`, which sends or receives what it can without waiting.
template <typename Step>
Transfer move(int socket, short events, std::size_t size, Clock::time_point deadline, Step step) {
  std::size_t done = 0;
  while (done < size) {
    const ssize_t count = step(done);
    if (count > 0) {
      done += std::size_t(count);
    } else if (count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
      if (!ready(socket, events, deadline)) return Transfer::kDeadline;
    } else if (count == 0 || errno != EINTR) {
      return Transfer::kClosed;
    }
  }
  return Transfer::kDone;
}

Transfer send_all(int socket, const void* data, std::size_t size, Clock::time_point deadline) {
  return move(socket, POLLOUT, size, deadline, [&](std::size_t done) {
    return send(socket, static_cast<const char*>(data) + done, size - done, MSG_NOSIGNAL | MSG_DONTWAIT);
  });
}

Transfer receive_all(int socket, void* data, std::size_t size, Clock::time_point deadline) {
  return move(socket, POLLIN, size, deadline, [&](std::size_t done) {
    return recv(socket, static_cast<char*>(data) + done, size - done, MSG_DONTWAIT);
  });
}

}  // namespace

void write_status(Writer& writer, const Status& status) {
  writer.number(status.code());
  writer.text(status.message());
}

Status read_status(Reader& reader) {
  const Code code = reader.number<Code>();
  std::string message = reader.text();
  return code == Code::kOk ? Status() : Status(code, std::move(message));
}

void write_info(Writer& writer, const ModelInfo& info) {
  write_tensors(writer, info.inputs);
  write_tensors(writer, info.outputs);
  writer.text(info.runtime);
  writer.number(std::uint32_t(info.metadata.size()));
  for (const auto& [key, value] : info.metadata) {
    writer.text(key);
    writer.text(value);
  }
}

ModelInfo read_info(Reader& reader) {
  ModelInfo info;
  info.inputs = read_tensors(reader);
  info.outputs = read_tensors(reader);
  info.runtime = reader.text();
  for (auto left = reader.number<std::uint32_t>(); left > 0 && reader.ok(); --left) {
    std::string key = reader.text();
    info.metadata[std::move(key)] = reader.text();
  }
  return info;
}

void write_views(Writer& writer, const std::vector<TensorView>& views) {
  writer.number(std::uint32_t(views.size()));
  for (const TensorView& view : views) {
    writer.number(view.type);
    write_shape(writer, view.shape);
    // The elements lie at a multiple of 8 bytes in the frame, so that they can be read in place.
    const std::uint8_t padding[8] = {};
    writer.bytes({padding, (8 - (writer.frame().size() + 16) % 8) % 8});
    writer.bytes({static_cast<const std::uint8_t*>(view.data), byte_size(view)});
  }
}

std::vector<TensorView> read_views(Reader& reader) {
  std::vector<TensorView> views;
  for (auto left = reader.number<std::uint32_t>(); left > 0 && reader.ok(); --left) {
    TensorView& view = views.emplace_back();
    view.type = reader.number<ElementType>();
    view.shape = read_shape(reader);
    (void)reader.bytes();
    view.data = reader.bytes().data();
  }
  return views;
}

Transfer send_frame(int socket, const Bytes& frame, Clock::time_point deadline) {
  const auto size = std::uint32_t(frame.size());
  if (frame.size() > kLongestFrame) return Transfer::kClosed;
  if (const Transfer sent = send_all(socket, &size, sizeof size, deadline); sent != Transfer::kDone) return sent;
  return send_all(socket, frame.data(), frame.size(), deadline);
}

Transfer receive_frame(int socket, Bytes& frame, Clock::time_point deadline) {
  std::uint32_t size = 0;
  if (const Transfer got = receive_all(socket, &size, sizeof size, deadline); got != Transfer::kDone) return got;
  if (size > kLongestFrame) return Transfer::kClosed;
  frame.resize(size);
  return receive_all(socket, frame.data(), frame.size(), deadline);
}

}  // namespace zmdetect::tflite
