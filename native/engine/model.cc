#include "engine/model.h"

#include <algorithm>
#include <cassert>

#include "postprocess/nms.h"

namespace zmdetect {

Model::Model(std::unique_ptr<LoadedModel> loaded, WorkerPool& prepare_pool)
    : loaded_(std::move(loaded)), prepare_pool_(prepare_pool) {}

Model::~Model() { assert(threads_.empty()); }

Result<Prepared> Model::prepare(const PrepareOptions& options) {
  Result<ModelPlan> plan = plan_model(info(), options.plan);
  if (!plan.ok()) return plan.status();
  plan_ = std::move(plan).value();

  const int count = std::max(1, options.instances);
  for (int i = 0; i < count; ++i) {
    Result<std::unique_ptr<Instance>> instance = loaded_->create_instance();
    if (!instance.ok()) return instance.status();
    instances_.push_back(std::move(instance).value());
  }
  // Two slots an instance: one is letterboxed while the other is inferred.
  for (int i = 0; i < 2 * count; ++i) {
    slots_.push_back(std::make_unique<Slot>());
    slots_.back()->pixels = std::make_unique<std::byte[]>(plan_.input.slot_bytes());
    free_.push_back(slots_.back().get());
  }

  const Stopwatch warmup;
  ZMD_RETURN_IF_ERROR(warm_up());
  const double warmup_ms = warmup.milliseconds();

  for (int i = 0; i < count; ++i) {
    threads_.emplace_back([this, i] { serve(*instances_[i], i); });
  }
  return Prepared{.layout = plan_.layout.name,
                  .input_width = plan_.input.width,
                  .input_height = plan_.input.height,
                  .dynamic_batch = plan_.dynamic_batch,
                  .instances = count,
                  .warmup_ms = warmup_ms};
}

/// A grey picture through the whole way: what fails here would fail on every frame.
Status Model::warm_up() {
  Image grey{.width = 64, .height = 48, .pixels = std::make_unique<std::uint8_t[]>(std::size_t(64) * 48 * 3)};
  std::fill_n(grey.pixels.get(), grey.bytes(), std::uint8_t(114));
  Slot& slot = *slots_[0];
  const Result<Placement> placement = write_input(grey, plan_.input, slot.pixels.get());
  if (!placement.ok()) return placement.status();
  const Result<std::vector<TensorView>> outputs = run(*instances_[0], slot.pixels.get());
  if (!outputs.ok()) return outputs.status();
  ReadBuffers buffers;
  return read_answer(plan_, outputs.value(), 0, placement.value(), 0.3, buffers).status();
}

void Model::submit(DetectJob job) {
  std::unique_lock lock(mutex_);
  if (closed_) {
    lock.unlock();
    return job.done(Status(Code::kEngineClosed, "the model is being unloaded"));
  }
  waiting_.push_back({std::move(job), Stopwatch()});
  lock.unlock();
  pump();
}

/// Gives free slots to waiting pictures, oldest first. Whoever frees a slot or adds a picture calls it.
void Model::pump() {
  for (;;) {
    std::vector<Waiting> dropped;
    Slot* slot = nullptr;
    {
      std::lock_guard lock(mutex_);
      while (!waiting_.empty() && !waiting_.front().job.ticket->check().ok()) {
        dropped.push_back(std::move(waiting_.front()));
        waiting_.pop_front();
      }
      if (!waiting_.empty() && !free_.empty()) {
        slot = free_.back();
        free_.pop_back();
        slot->job = std::move(waiting_.front().job);
        slot->since_submit = waiting_.front().since_submit;
        waiting_.pop_front();
      }
    }
    for (Waiting& entry : dropped) entry.job.done(entry.job.ticket->check());
    if (slot == nullptr) return;
    slot->times = StageTimes();
    // The task keeps the model alive until the slot is handed on.
    prepare_pool_.post([self = shared_from_this(), slot] { self->fill(slot); });
  }
}

void Model::fill(Slot* slot) {
  Status status = slot->job.ticket->check();
  if (status.ok()) {
    const Stopwatch watch;
    const Result<Placement> placement = write_input(*slot->job.image, plan_.input, slot->pixels.get());
    slot->times.letterbox = watch.milliseconds();
    if (placement.ok()) slot->placement = placement.value();
    status = placement.status();
  }
  if (status.ok()) {
    slot->job.image.reset();  // the pixels are in the slot now
    std::lock_guard lock(mutex_);
    if (!closed_) {
      ready_.push_back(slot);
      ready_changed_.notify_one();
      return;
    }
    status = Status(Code::kEngineClosed, "the model is being unloaded");
  }
  slot->job.done(status);
  release(slot);
}

void Model::release(Slot* slot) {
  slot->job = DetectJob();
  {
    std::lock_guard lock(mutex_);
    free_.push_back(slot);
  }
  pump();
}

void Model::serve(Instance& instance, int number) {
  name_thread("infer-" + std::to_string(number));
  ReadBuffers buffers;
  for (;;) {
    Slot* slot = nullptr;
    {
      std::unique_lock lock(mutex_);
      ready_changed_.wait(lock, [this] { return closed_ || !ready_.empty(); });
      if (closed_) return;
      slot = ready_.front();
      ready_.pop_front();
    }
    slot->job.done(infer(instance, *slot, buffers));
    release(slot);
  }
}

Result<std::vector<TensorView>> Model::run(Instance& instance, const std::byte* pixels) {
  const TensorView input{pixels, plan_.input_type(), plan_.input_shape(1)};
  std::vector<TensorView> outputs;
  ZMD_RETURN_IF_ERROR(instance.run(input, outputs));
  return outputs;
}

Result<DetectResult> Model::infer(Instance& instance, Slot& slot, ReadBuffers& buffers) {
  ZMD_RETURN_IF_ERROR(slot.job.ticket->check());
  slot.times.queue = slot.since_submit.milliseconds() - slot.times.letterbox;

  const Stopwatch inferring;
  const Result<std::vector<TensorView>> outputs = run(instance, slot.pixels.get());
  if (!outputs.ok()) return outputs.status();
  slot.times.infer = inferring.milliseconds();

  const Stopwatch reading;
  Result<std::vector<Detection>> detections =
      read_answer(plan_, outputs.value(), 0, slot.placement, slot.job.min_confidence, buffers);
  if (!detections.ok()) return detections.status();
  slot.times.post = reading.milliseconds();
  return DetectResult{.detections = std::move(detections).value(), .times = slot.times};
}

void Model::close() {
  std::deque<Waiting> waiting;
  std::deque<Slot*> ready;
  std::vector<std::thread> threads;
  {
    std::lock_guard lock(mutex_);
    closed_ = true;
    waiting.swap(waiting_);
    ready.swap(ready_);
    threads.swap(threads_);
  }
  ready_changed_.notify_all();
  const Status closed(Code::kEngineClosed, "the model is being unloaded");
  for (Waiting& entry : waiting) entry.job.done(closed);
  for (Slot* slot : ready) {
    slot->job.done(closed);
    slot->job = DetectJob();
  }
  for (std::thread& thread : threads) thread.join();
}

}  // namespace zmdetect
