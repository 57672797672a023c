#include "engine/model.h"

#include <algorithm>
#include <cassert>

#include "postprocess/nms.h"

namespace zmdetect {
namespace {

constexpr int kDefaultInputSide = 640;  // contract 5.2, for exports that leave the size open

/// The side the network is fed with: asked for, else the file's, else 640. A fixed side cannot be overruled.
Result<int> input_side(const TensorInfo& input, std::size_t axis, int asked, const char* name) {
  const std::int64_t declared = input.shape[axis];
  if (declared > 0 && asked > 0 && asked != declared) {
    return Status(Code::kModelLayoutUnknown, std::string("expected ") + name + " " + std::to_string(declared) +
                                                 ", which the file fixes, got " + std::to_string(asked));
  }
  return static_cast<int>(declared > 0 ? declared : asked > 0 ? asked : kDefaultInputSide);
}

}  // namespace

Model::Model(std::unique_ptr<LoadedModel> loaded, WorkerPool& prepare_pool)
    : loaded_(std::move(loaded)), prepare_pool_(prepare_pool) {}

Model::~Model() { assert(threads_.empty()); }

Result<Prepared> Model::prepare(const PrepareOptions& options) {
  const TensorInfo& input = info().inputs.at(0);
  if (input.shape.size() != 4 || input.type != ElementType::kFloat32 || (input.shape[1] > 0 && input.shape[1] != 3)) {
    return Status(Code::kModelLayoutUnknown,
                  "expected a float32 input [batch,3,height,width], got " + input.name + " " + shape_text(input.shape));
  }
  const Result<int> height = input_side(input, 2, options.input_height, "model_height");
  if (!height.ok()) return height.status();
  const Result<int> width = input_side(input, 3, options.input_width, "model_width");
  if (!width.ok()) return width.status();
  target_.width = width.value();
  target_.height = height.value();

  Result<Layout> layout = recognise_layout(info(), options.classes);
  if (!layout.ok()) return layout.status();
  layout_ = std::move(layout).value();

  const int count = std::max(1, options.instances);
  const std::size_t floats = std::size_t(3) * std::size_t(target_.width) * std::size_t(target_.height);
  for (int i = 0; i < count; ++i) {
    Result<std::unique_ptr<Instance>> instance = loaded_->create_instance();
    if (!instance.ok()) return instance.status();
    instances_.push_back(std::move(instance).value());
  }
  // Two slots an instance: one is letterboxed while the other is inferred.
  for (int i = 0; i < 2 * count; ++i) {
    slots_.push_back(std::make_unique<Slot>());
    slots_.back()->pixels = std::make_unique<float[]>(floats);
    free_.push_back(slots_.back().get());
  }

  const Stopwatch warmup;
  std::fill_n(slots_[0]->pixels.get(), floats, target_.scale * static_cast<float>(target_.padding));
  const Result<std::vector<TensorView>> outputs = run(*instances_[0], slots_[0]->pixels.get());
  if (!outputs.ok()) return outputs.status();
  std::vector<Candidate> candidates;
  ZMD_RETURN_IF_ERROR(decode_candidates(layout_, outputs.value(), 0, LetterboxGeometry(), 2.0F, candidates));

  for (int i = 0; i < count; ++i) {
    threads_.emplace_back([this, i] { serve(*instances_[i], i); });
  }
  return Prepared{.layout = layout_.name,
                  .input_width = target_.width,
                  .input_height = target_.height,
                  .dynamic_batch = input.shape[0] < 1,
                  .instances = count,
                  .warmup_ms = warmup.milliseconds()};
}

void Model::submit(DetectJob job) {
  {
    std::lock_guard lock(mutex_);
    if (!closed_) {
      waiting_.push_back({std::move(job), Stopwatch()});
      job.done = nullptr;
    }
  }
  if (job.done) return job.done(Status(Code::kEngineClosed, "the model is being unloaded"));
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
    const Result<LetterboxGeometry> geometry = letterbox(*slot->job.image, target_, slot->pixels.get());
    slot->times.letterbox = watch.milliseconds();
    if (geometry.ok()) slot->geometry = geometry.value();
    status = geometry.status();
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
  for (;;) {
    Slot* slot = nullptr;
    {
      std::unique_lock lock(mutex_);
      ready_changed_.wait(lock, [this] { return closed_ || !ready_.empty(); });
      if (closed_) return;
      slot = ready_.front();
      ready_.pop_front();
    }
    slot->job.done(infer(instance, *slot));
    release(slot);
  }
}

Result<std::vector<TensorView>> Model::run(Instance& instance, const float* pixels) {
  const TensorView input{pixels, ElementType::kFloat32, {1, 3, target_.height, target_.width}};
  std::vector<TensorView> outputs;
  ZMD_RETURN_IF_ERROR(instance.run(input, outputs));
  return outputs;
}

Result<DetectResult> Model::infer(Instance& instance, Slot& slot) {
  ZMD_RETURN_IF_ERROR(slot.job.ticket->check());
  slot.times.queue = slot.since_submit.milliseconds() - slot.times.letterbox;

  const Stopwatch inferring;
  const Result<std::vector<TensorView>> outputs = run(instance, slot.pixels.get());
  if (!outputs.ok()) return outputs.status();
  slot.times.infer = inferring.milliseconds();

  const Stopwatch reading;
  std::vector<Candidate> candidates;
  ZMD_RETURN_IF_ERROR(decode_candidates(layout_, outputs.value(), 0, slot.geometry,
                                        candidate_threshold(slot.job.min_confidence), candidates));
  DetectResult result{.detections = select_detections(candidates, slot.job.min_confidence), .times = slot.times};
  result.times.post = reading.milliseconds();
  return result;
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
