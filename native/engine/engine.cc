#include "engine/engine.h"

#include <algorithm>

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
      max_images_(options.max_images > 0 ? options.max_images : 2 * decode_threads_ + 2),
      decode_pool_(std::make_unique<WorkerPool>("decode", decode_threads_)),
      load_pool_(std::make_unique<WorkerPool>("load", 1)) {}

Engine::~Engine() { close(); }

void Engine::decode(DecodeJob job) {
  std::unique_lock lock(mutex_);
  if (closed_) {
    lock.unlock();
    return job.done(closed());
  }
  waiting_.push_back({std::move(job), Stopwatch()});
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

/// Admits waiting bytes while there is room for their pixels.
void Engine::pump() {
  std::lock_guard lock(mutex_);
  while (!closed_ && !waiting_.empty() && images_ < max_images_) {
    ++images_;
    auto entry = std::make_shared<Waiting>(std::move(waiting_.front()));
    waiting_.pop_front();
    decode_pool_->post([this, entry] { run(*entry); });
  }
}

void Engine::run(const Waiting& waiting) {
  const DecodeJob& job = waiting.job;
  const double queue_ms = waiting.since_submit.milliseconds();
  Status status = job.ticket->check();
  if (status.ok()) {
    const Stopwatch watch;
    Result<Image> image = decode_image(job.bytes, options_.limits);
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

bool Engine::post_load(std::function<void()> task) {
  std::lock_guard lock(mutex_);
  if (closed_) return false;
  load_pool_->post(std::move(task));
  return true;
}

void Engine::open(OpenOptions options, const std::function<void(Result<std::shared_ptr<Model>>)>& done) {
  if (options.load.intra_op_threads < 1) options.load.intra_op_threads = usable_cpus();
  const bool posted = post_load([this, options = std::move(options), done] {
    const Result<Backend*> backend = open_backend(options_.backend_folder, options.backend);
    if (!backend.ok()) return done(backend.status());
    Result<std::unique_ptr<LoadedModel>> loaded = backend.value()->load(options.load);
    if (!loaded.ok()) return done(loaded.status());
    auto model = std::make_shared<Model>(std::move(loaded).value(), *decode_pool_);
    {
      std::lock_guard lock(mutex_);
      if (!closed_) models_.insert(model);
    }
    done(std::move(model));
  });
  if (!posted) done(closed());
}

void Engine::prepare(std::shared_ptr<Model> model, PrepareOptions options,
                     const std::function<void(Result<Prepared>)>& done) {
  const bool posted = post_load([model = std::move(model), options, done] { done(model->prepare(options)); });
  if (!posted) done(closed());
}

void Engine::close_model(std::shared_ptr<Model> model, const std::function<void()>& done) {
  const bool posted = post_load([this, model = std::move(model), done] {
    model->close();
    {
      std::lock_guard lock(mutex_);
      models_.erase(model);
    }
    done();
  });
  if (!posted) done();  // closing the engine closes its models
}

void Engine::close() {
  std::deque<Waiting> waiting;
  {
    std::lock_guard lock(mutex_);
    if (closed_) return;
    closed_ = true;
    waiting.swap(waiting_);
  }
  for (Waiting& entry : waiting) entry.job.done(closed());
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
