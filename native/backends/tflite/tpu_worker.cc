// zmdetect-tpu-worker LIBRARY DELEGATE_LIBRARY: runs models on an Edge TPU for the process at the other end of
// descriptor 3, which kills it when it hangs. The arguments are LoadOptions' `library` and `delegate_library`.

#include <poll.h>
#include <unistd.h>

#include <csignal>
#include <map>
#include <memory>
#include <optional>
#include <thread>

#include "backends/tflite/child.h"
#include "backends/tflite/delegate.h"
#include "backends/tflite/interpreter.h"
#include "backends/tflite/wire.h"

namespace zmdetect::tflite {
namespace {

/// A model with a delegate of its own; libedgetpu shares one device among the delegates of a process. The members go
/// in the opposite order of their coming.
struct Served {
  std::unique_ptr<Weights> weights;
  DelegatePtr delegate{nullptr, nullptr};
  std::unique_ptr<Interpreter> interpreter;
  std::string device;
};

class Worker {
 public:
  Worker(std::string library, std::string delegate_library)
      : library_(std::move(library)), delegate_library_(std::move(delegate_library)) {}

  void answer(Reader& request, Writer& reply) {
    const auto kind = request.number<Request>();
    const auto id = request.number<std::uint32_t>();
    if (kind == Request::kLoad) return load(id, request, reply);
    if (kind == Request::kRun) return run(id, request, reply);
    served_.erase(id);
    write_status(reply, Status());
  }

 private:
  void load(std::uint32_t id, Reader& request, Writer& reply) {
    const std::string path = request.text();
    Result<Served> served = open(path, request.number<std::int32_t>());
    write_status(reply, served.status());
    if (!served.ok()) return;
    write_info(reply, served.value().interpreter->info());
    reply.text(served.value().device);
    served_.erase(id);
    served_.emplace(id, std::move(served).value());
  }

  Result<Served> open(const std::string& path, int threads) {
    const Result<const Api*> api = open_tflite(library_);
    if (!api.ok()) return api.status();
    Served served;
    Result<std::unique_ptr<Weights>> weights = Weights::read(*api.value(), path);
    if (!weights.ok()) return weights.status();
    served.weights = std::move(weights).value();
    if (!served.weights->file().has_custom_op(kEdgeTpuOp)) {
      return Status(Code::kDeviceUnavailable, path +
                                                  " is not compiled for the Edge TPU: compile it with "
                                                  "edgetpu_compiler, or ask for the processor cpu");
    }
    if (!plugin_) {
      Result<DelegateLibrary> plugin = DelegateLibrary::open(delegate_library_);
      if (!plugin.ok()) return plugin.status();
      plugin_ = std::move(plugin).value();
    }
    Result<DelegatePtr> delegate = plugin_->create();
    if (!delegate.ok()) return delegate.status();
    served.delegate = std::move(delegate).value();
    Result<std::unique_ptr<Interpreter>> interpreter =
        Interpreter::create(*api.value(), *served.weights, threads, served.delegate.get());
    if (!interpreter.ok()) {
      return Status(Code::kDeviceUnavailable, "the Edge TPU's library (" + plugin_->version() + ") is of a version " +
                                                  "that does not fit this model or TensorFlow Lite " +
                                                  api.value()->Version() + ": " + interpreter.status().message());
    }
    served.interpreter = std::move(interpreter).value();
    served.device = plugin_->device();
    return served;
  }

  void run(std::uint32_t id, Reader& request, Writer& reply) {
    const auto found = served_.find(id);
    const auto input = request.bytes();
    if (found == served_.end() || !request.ok()) {
      return write_status(reply, Status(Code::kInternal, "a request for no model of this process"));
    }
    std::vector<TensorView> outputs;
    const Status ran = found->second.interpreter->run(input.data(), input.size(), outputs);
    write_status(reply, ran);
    if (ran.ok()) write_views(reply, outputs);
  }

  const std::string library_;
  const std::string delegate_library_;
  std::optional<DelegateLibrary> plugin_;
  std::map<std::uint32_t, Served> served_;
};

/// Ends this process with its parent, even while an inference hangs. PR_SET_PDEATHSIG would not do: it follows the
/// thread that started the process, and that one may end long before its process does.
void end_with_parent() {
  pollfd entry{.fd = kChildSocket, .events = POLLRDHUP, .revents = 0};
  while (poll(&entry, 1, -1) < 1) {
  }
  _exit(0);
}

int serve(const char* library, const char* delegate_library) {
  // A service manager may signal the whole group: this process ends with its parent, not before it.
  std::signal(SIGTERM, SIG_IGN);
  std::signal(SIGINT, SIG_IGN);
  std::thread(end_with_parent).detach();
  Worker worker(library, delegate_library);
  Bytes frame;
  while (receive_frame(kChildSocket, frame, Clock::time_point::max()) == Transfer::kDone) {
    Reader request(frame);
    Writer reply;
    worker.answer(request, reply);
    if (send_frame(kChildSocket, reply.frame(), Clock::time_point::max()) != Transfer::kDone) break;
  }
  _exit(0);  // the models go with the process; a hung device must not delay that
}

}  // namespace
}  // namespace zmdetect::tflite

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  return zmdetect::tflite::serve(argv[1], argv[2]);
}
