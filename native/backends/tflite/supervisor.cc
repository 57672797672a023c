#include "backends/tflite/supervisor.h"

#include <utility>

#include "backends/tflite/tensor_bytes.h"

namespace zmdetect::tflite {
namespace {

std::chrono::milliseconds deadline(const LoadOptions& options) {
  return std::chrono::milliseconds(options.inference_deadline_ms);
}

Status no_answer() { return {Code::kInternal, "the Edge TPU's process answered what is no answer"}; }

}  // namespace

Supervisor::Supervisor(std::string worker, std::string library, std::string delegate_library)
    : worker_(std::move(worker)), library_(std::move(library)), delegate_library_(std::move(delegate_library)) {}

pid_t Supervisor::pid() {
  std::lock_guard lock(mutex_);
  return child_ == nullptr ? 0 : child_->pid();
}

std::string Supervisor::end_process() {
  std::string how = child_->end();
  child_.reset();
  for (auto& [id, entry] : models_) entry.in_process = false;
  return how;
}

Status Supervisor::ensure_process() {
  if (child_ != nullptr) return Status();
  Result<std::unique_ptr<Child>> child = Child::start(worker_, {library_, delegate_library_});
  if (!child.ok()) return child.status();
  child_ = std::move(child).value();
  return Status();
}

/// Sends a request and waits for its answer. Fails, with the process ended, when there is none in time.
Status Supervisor::exchange(const Writer& request, std::chrono::milliseconds time, const std::string& what,
                            Bytes& answer) {
  const auto until = Clock::now() + time;
  Transfer transfer = send_frame(child_->socket(), request.frame(), until);
  if (transfer == Transfer::kDone) transfer = receive_frame(child_->socket(), answer, until);
  if (transfer == Transfer::kDone) return Status();
  const std::string how = end_process();
  if (transfer == Transfer::kDeadline) {
    return {Code::kInferenceFailed,
            what + " took longer than " + std::to_string(time.count()) + " ms: the Edge TPU's process was killed"};
  }
  return {Code::kInferenceFailed, what + " ended the Edge TPU's process, which " + how};
}

Result<Supervisor::Loaded> Supervisor::load_in_process(std::uint32_t id, const LoadOptions& options) {
  ZMD_RETURN_IF_ERROR(ensure_process());
  Writer request;
  request.number(Request::kLoad);
  request.number(id);
  request.text(options.path);
  request.number(std::int32_t(options.intra_op_threads));
  Bytes answer;
  if (const Status asked = exchange(request, kLoadDeadlines * deadline(options), "loading " + options.path, answer);
      !asked.ok()) {
    return Status(Code::kDeviceUnavailable,
                  asked.message() +
                      ". Unplug the Edge TPU and plug it in again; if that does not help, libedgetpu and "
                      "TensorFlow Lite are of versions that do not fit each other");
  }
  Reader reader(answer);
  ZMD_RETURN_IF_ERROR(read_status(reader));
  Loaded loaded{.id = id, .info = read_info(reader), .device = reader.text()};
  if (!reader.ok()) return no_answer();
  return loaded;
}

Result<Supervisor::Loaded> Supervisor::load(const LoadOptions& options) {
  std::lock_guard lock(mutex_);
  // A process that died while idle is nobody's fault, and no reason to refuse.
  if (child_ != nullptr && child_->ended()) end_process();
  Result<Loaded> loaded = load_in_process(next_id_, options);
  if (loaded.ok()) {
    models_[next_id_++] = Entry{.options = options, .in_process = true};
  } else if (models_.empty() && child_ != nullptr) {
    end_process();
  }
  return loaded;
}

/// Counts a failure against the model and returns it, or what it is once the budget is used up.
Status Supervisor::charge(Entry& entry, const Status& reason) {
  const auto now = Clock::now();
  entry.failures.push_back(now);
  while (now - entry.failures.front() > kBudgetTime) entry.failures.pop_front();
  if (entry.failures.size() <= kRestartBudget) return reason;
  entry.failure =
      Status(Code::kDeviceUnavailable, entry.options.path + " has failed " + std::to_string(entry.failures.size()) +
                                           " times within " + std::to_string(kBudgetTime.count()) +
                                           " s and is not tried again; the last time: " + reason.message());
  return entry.failure;
}

/// Starts the process and gives it the model again, after whatever ended the last one.
Status Supervisor::ensure_loaded(std::uint32_t id, Entry& entry) {
  if (child_ != nullptr && child_->ended()) {
    (void)charge(entry, Status(Code::kInferenceFailed, "the Edge TPU's process " + end_process()));
  }
  if (!entry.failure.ok()) return entry.failure;
  if (entry.in_process) return Status();
  const Result<Loaded> loaded = load_in_process(id, entry.options);
  if (!loaded.ok()) return charge(entry, loaded.status());
  entry.in_process = true;
  return Status();
}

Status Supervisor::run(std::uint32_t id, const TensorView& input, Bytes& answer, std::vector<TensorView>& outputs) {
  std::lock_guard lock(mutex_);
  Entry& entry = models_.at(id);
  ZMD_RETURN_IF_ERROR(ensure_loaded(id, entry));

  Writer request;
  request.number(Request::kRun);
  request.number(id);
  request.bytes({static_cast<const std::uint8_t*>(input.data), byte_size(input)});
  if (const Status asked = exchange(request, deadline(entry.options), "an inference of " + entry.options.path, answer);
      !asked.ok()) {
    return charge(entry, asked);
  }
  Reader reader(answer);
  if (const Status ran = read_status(reader); !ran.ok()) {
    // A delegate that has lost its device fails until a fresh process opens the device again.
    end_process();
    return charge(entry, ran);
  }
  outputs = read_views(reader);
  return reader.ok() ? Status() : no_answer();
}

void Supervisor::unload(std::uint32_t id) {
  std::lock_guard lock(mutex_);
  auto node = models_.extract(id);
  if (node.empty() || child_ == nullptr) return;
  if (node.mapped().in_process) {
    Writer request;
    request.number(Request::kUnload);
    request.number(id);
    Bytes answer;
    // Whether it answers or was killed for not doing so, the model is gone.
    (void)exchange(request, deadline(node.mapped().options), "unloading", answer);
  }
  if (models_.empty() && child_ != nullptr) end_process();
}

}  // namespace zmdetect::tflite
