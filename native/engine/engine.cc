#include "engine/engine.h"

#include <malloc.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "backends/loader.h"
#include "engine/cpu.h"

namespace zmdetect {
namespace {

Status closed() { return Status(Code::kEngineClosed, "the engine is closed"); }

}  // namespace

std::shared_ptr<Engine> Engine::create(const EngineOptions& options) {
  return std::shared_ptr<Engine>(new Engine(options));
}

Engine::Engine(const EngineOptions& options)
    : options_(options),
      decode_threads_(options.decode_threads > 0 ? options.decode_threads : usable_cpus()),
      watch_(options.now),
      decode_pool_(std::make_unique<WorkerPool>("decode", decode_threads_, watch_)),
      load_pool_(std::make_unique<WorkerPool>("load", 1, watch_)) {
  if (options_.monitor) monitor_ = std::thread([this] { monitor(); });
}

/// Waits on no lock that a task holds, so it sees every thread that is stuck.
void Engine::monitor() {
  name_thread("monitor");
  std::unique_lock lock(mutex_);
  while (!closing_.wait_for(lock, std::chrono::seconds(1), [this] { return closed_; })) {
    lock.unlock();
    replace_stuck();
    lock.lock();
  }
}

void Engine::replace_stuck() {
  std::vector<std::shared_ptr<Model>> models;
  int replaced = 0;
  {
    std::lock_guard lock(mutex_);
    if (closed_) return;
    replaced += decode_pool_->replace_stuck(options_.stuck_after) + load_pool_->replace_stuck(options_.stuck_after);
    models.assign(models_.begin(), models_.end());
  }
  for (const auto& model : models) replaced += model->replace_stuck(options_.stuck_after);
  std::lock_guard lock(mutex_);
  replaced_ += replaced;
}

ThreadReport Engine::threads() {
  std::lock_guard lock(mutex_);
  return {.stuck = watch_.stuck(options_.stuck_after), .replaced = replaced_};
}

Engine::~Engine() { close(); }

void Engine::decode(DecodeJob job) {
  std::unique_lock lock(mutex_);
  if (closed_) {
    lock.unlock();
    return job.done(closed());
  }
  const Priority priority = job.ticket->priority();
  waiting_.push({std::move(job), Stopwatch()}, priority);
  lock.unlock();
  pump();
}

void Engine::annotate(AnnotateJob job) {
  const auto shared = std::make_shared<const AnnotateJob>(std::move(job));
  decode({.bytes = shared->bytes, .ticket = shared->ticket, .done = [shared](Result<Decoded> decoded) {
            if (!decoded.ok()) return shared->done(decoded.status());
            Image& image = *decoded.value().image;
            Status status = zmdetect::annotate(image, shared->annotations);
            if (status.ok()) status = shared->ticket->check();
            shared->done(status.ok() ? encode_jpeg(image, shared->quality) : status);
          }});
}

/// A picture lives until the last model has answered, so there must be as many as the models can hold, and some more
/// that are being decoded meanwhile. Under the lock.
int Engine::image_limit() const {
  return options_.max_images > 0 ? options_.max_images : std::max(2 * decode_threads_, slots_ + decode_threads_) + 2;
}

/// Admits waiting bytes while there is room for their pixels.
void Engine::pump() {
  std::lock_guard lock(mutex_);
  while (!closed_ && !waiting_.empty() && images_ < image_limit()) {
    ++images_;
    auto entry = std::make_shared<Waiting>(waiting_.pop());
    decode_pool_->post([this, entry] { run(*entry); }, "decoding of a picture");
  }
}

void Engine::run(const Waiting& waiting) {
  const DecodeJob& job = waiting.job;
  const double queue_ms = waiting.since_submit.milliseconds();
  Status status = job.ticket->check();
  if (status.ok()) {
    const Stopwatch watch;
    Result<Image> image = decode_image(job.bytes, options_.limits, [&job] { return job.ticket->check(); });
    if (image.ok()) {
      // The deleter may run on any thread, even after the engine is gone.
      std::shared_ptr<Image> shared(new Image(std::move(image).value()),
                                    [engine = weak_from_this()](const Image* gone) {
                                      delete gone;
                                      if (auto alive = engine.lock()) alive->image_gone();
                                    });
      return job.done(Decoded{std::move(shared), queue_ms, watch.milliseconds()});
    }
    status = image.status();
  }
  job.done(status);
  image_gone();
}

void Engine::image_gone() {
  {
    std::lock_guard lock(mutex_);
    --images_;
  }
  pump();
}

bool Engine::is_closed() {
  std::lock_guard lock(mutex_);
  return closed_;
}

/// Read at the first load.
Result<std::shared_ptr<const Image>> Engine::sample() {
  if (sample_ || options_.sample_picture.empty()) return sample_;
  std::ifstream file(options_.sample_picture, std::ios::binary);
  const std::vector<char> bytes{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  const auto* data = reinterpret_cast<const std::uint8_t*>(bytes.data());
  Result<Image> image = decode_image({data, bytes.size()}, DecodeLimits());
  if (!image.ok()) return Status(Code::kInternal, options_.sample_picture + ": " + image.status().message());
  sample_ = std::make_shared<const Image>(std::move(image).value());
  return sample_;
}

bool Engine::post_load(std::function<void()> task, std::string what) {
  std::lock_guard lock(mutex_);
  if (closed_) return false;
  load_pool_->post(std::move(task), std::move(what));
  return true;
}

void Engine::open(OpenOptions options, const std::function<void(Result<std::shared_ptr<Model>>)>& done) {
  if (options.load.intra_op_threads < 1) options.load.intra_op_threads = usable_cpus();
  const std::string name = std::filesystem::path(options.load.path).stem().string();
  const bool posted = post_load(
      [this, options = std::move(options), name, done] {
        if (is_closed()) return done(closed());  // a stop does not wait for models that nobody will use
        const Result<Backend*> backend = open_backend(options_.backend_folder, options.backend);
        if (!backend.ok()) return done(backend.status());
        Result<std::unique_ptr<LoadedModel>> loaded = backend.value()->load(options.load);
        if (!loaded.ok()) return done(loaded.status());
        const auto reopen = [backend = backend.value(), load = options.load](int threads) {
          LoadOptions again = load;
          again.intra_op_threads = threads;
          return backend->load(again);
        };
        auto model = std::make_shared<Model>(std::move(loaded).value(), options.load.intra_op_threads, reopen,
                                             *decode_pool_, name);
        {
          std::lock_guard lock(mutex_);
          if (!closed_) models_.insert(model);
        }
        done(std::move(model));
      },
      "loading of " + name);
  if (!posted) done(closed());
}

void Engine::prepare(std::shared_ptr<Model> model, const PrepareOptions& options,
                     const std::function<void(Result<Prepared>)>& done) {
  const std::string what = "warm-up of " + model->name();
  const bool posted = post_load(
      [this, model = std::move(model), options, done] {
        if (is_closed()) return done(closed());
        Result<Prepared> prepared = model->prepare(options);
        // Parsing and measuring a model takes far more memory than running it; the C library keeps it unless it is
        // told.
        malloc_trim(0);
        if (prepared.ok()) {
          std::lock_guard lock(mutex_);
          slots_ += model->slots();
        }
        done(std::move(prepared));
      },
      what);
  if (!posted) done(closed());
}

void Engine::close_model(std::shared_ptr<Model> model, const std::function<void()>& done) {
  const std::string what = "unloading of " + model->name();
  const bool posted = post_load(
      [this, model = std::move(model), done] {
        model->close();
        {
          std::lock_guard lock(mutex_);
          if (models_.erase(model) > 0) slots_ -= model->slots();
        }
        done();
      },
      what);
  if (!posted) done();  // closing the engine closes its models
}

void Engine::close() {
  Lanes<Waiting> waiting;
  {
    std::lock_guard lock(mutex_);
    if (closed_) return;
    closed_ = true;
    std::swap(waiting, waiting_);
  }
  closing_.notify_all();
  if (monitor_.joinable()) monitor_.join();
  while (!waiting.empty()) waiting.pop().job.done(closed());
  load_pool_.reset();  // a model that is being loaded is finished first
  std::set<std::shared_ptr<Model>> models;
  {
    std::lock_guard lock(mutex_);
    models.swap(models_);
  }
  for (const auto& model : models) model->close();
  decode_pool_.reset();
}

}  // namespace zmdetect
