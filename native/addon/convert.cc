#include "addon/convert.h"

namespace zmdetect {
namespace {

int integer(const Napi::Object& object, const char* key) { return object.Get(key).As<Napi::Number>().Int32Value(); }

std::string text(const Napi::Object& object, const char* key) { return object.Get(key).As<Napi::String>().Utf8Value(); }

Processor processor(const std::string& name) {
  return name == "gpu" ? Processor::kGpu : name == "tpu" ? Processor::kTpu : Processor::kCpu;
}

GpuOptions gpu_options(const Napi::Object& object) {
  const std::string tensorrt = text(object, "tensorrt");
  return {.device = integer(object, "gpuDevice"),
          .memory_limit = object.Get("gpuMemoryLimit").As<Napi::Number>().Int64Value(),
          .tensorrt = tensorrt == "fp16"   ? TensorRt::kFp16
                      : tensorrt == "fp32" ? TensorRt::kFp32
                                           : TensorRt::kOff,
          .engine_cache = text(object, "tensorrtCache"),
          .cuda_graph = object.Get("cudaGraph").As<Napi::Boolean>().Value()};
}

BoxUnit box_unit(const std::string& name) {
  return name == "normalised" ? BoxUnit::kNormalised : name == "pixels" ? BoxUnit::kPixels : BoxUnit::kAuto;
}

/// The settings were checked where they were read; an empty text is one that is not set.
PictureHints picture_hints(const Napi::Object& object) {
  PictureHints hints;
  const std::string colour = text(object, "colour");
  const std::string scale = text(object, "scale");
  const std::string fit = text(object, "fit");
  if (colour == "rgb") hints.colour = Channels::kRgb;
  if (colour == "bgr") hints.colour = Channels::kBgr;
  if (scale == "0..1") hints.scale = Scale::kZeroToOne;
  if (scale == "0..255") hints.scale = Scale::kBytes;
  if (scale == "-1..1") hints.scale = Scale::kMinusOneToOne;
  if (scale == "imagenet") hints.scale = Scale::kImagenet;
  if (fit == "letterbox") hints.fit = Fit::kLetterbox;
  if (fit == "top_left") hints.fit = Fit::kTopLeft;
  if (fit == "stretch") hints.fit = Fit::kStretch;
  return hints;
}

double number(const Napi::Array& list, std::uint32_t index) { return list.Get(index).As<Napi::Number>().DoubleValue(); }

Colour colour(const Napi::Object& mark) {
  const auto rgb = mark.Get("colour").As<Napi::Array>();
  const auto channel = [&](std::uint32_t index) {
    return static_cast<std::uint8_t>(rgb.Get(index).As<Napi::Number>().Uint32Value());
  };
  return {channel(0), channel(1), channel(2)};
}

const char* type_name(ElementType type) {
  switch (type) {
    case ElementType::kFloat32: return "float32";
    case ElementType::kFloat64: return "float64";
    case ElementType::kFloat16: return "float16";
    case ElementType::kBfloat16: return "bfloat16";
    case ElementType::kUint8: return "uint8";
    case ElementType::kInt8: return "int8";
    case ElementType::kInt32: return "int32";
    case ElementType::kInt64: return "int64";
    case ElementType::kOther: return "other";
  }
  return "other";
}

Napi::Array tensor_array(Napi::Env env, const std::vector<TensorInfo>& tensors) {
  Napi::Array list = Napi::Array::New(env, tensors.size());
  for (std::uint32_t i = 0; i < tensors.size(); ++i) {
    Napi::Array shape = Napi::Array::New(env, tensors[i].shape.size());
    for (std::uint32_t axis = 0; axis < tensors[i].shape.size(); ++axis) {
      shape.Set(axis, static_cast<double>(tensors[i].shape[axis]));
    }
    Napi::Object tensor = Napi::Object::New(env);
    tensor.Set("name", tensors[i].name);
    tensor.Set("type", type_name(tensors[i].type));
    tensor.Set("shape", shape);
    list.Set(i, tensor);
  }
  return list;
}

}  // namespace

EngineOptions engine_options(const Napi::Object& object) {
  EngineOptions options;
  options.backend_folder = text(object, "backendFolder");
  options.sample_picture = text(object, "samplePicture");
  options.decode_threads = integer(object, "decodeThreads");
  options.max_images = integer(object, "maxImages");
  options.stuck_after = std::chrono::milliseconds(integer(object, "stuckAfterMs"));
  options.limits.fast_jpeg = object.Get("fastJpeg").As<Napi::Boolean>().Value();
  options.limits.max_pixels = static_cast<std::uint64_t>(object.Get("maxImagePixels").As<Napi::Number>().Int64Value());
  return options;
}

OpenOptions open_options(const Napi::Object& object) {
  OpenOptions options;
  options.backend = text(object, "backend");
  options.load.path = text(object, "path");
  options.load.config_path = text(object, "configPath");
  options.load.processor = processor(text(object, "processor"));
  options.load.library = text(object, "library");
  options.load.delegate_library = text(object, "delegateLibrary");
  options.load.input_width = integer(object, "inputWidth");
  options.load.input_height = integer(object, "inputHeight");
  options.load.gpu = gpu_options(object);
  options.load.exact_int8 = object.Get("exactInt8").As<Napi::Boolean>().Value();
  options.load.runtime_log = object.Get("runtimeLog").As<Napi::Boolean>().Value();
  options.load.intra_op_threads = integer(object, "intraOpThreads");
  return options;
}

PrepareOptions prepare_options(const Napi::Object& object) {
  return {.plan = {.classes = integer(object, "classes"),
                   .input_width = integer(object, "inputWidth"),
                   .input_height = integer(object, "inputHeight"),
                   .layout = text(object, "layout"),
                   .boxes = box_unit(text(object, "boxes")),
                   .picture = picture_hints(object)},
          .instances = integer(object, "instances"),
          .tune = object.Get("tune").As<Napi::Boolean>().Value(),
          .measure = object.Get("measure").As<Napi::Boolean>().Value(),
          .max_batch = integer(object, "maxBatch"),
          .fixed_sizes = object.Get("fixedSizes").As<Napi::Boolean>().Value()};
}

Ticket::Clock::time_point deadline_after(double milliseconds) {
  // A longer wait than a day is none; it would overflow the clock when it is absurd.
  constexpr double kDay = 24.0 * 60 * 60 * 1000;
  if (!(milliseconds < kDay)) return Ticket::Clock::time_point::max();
  return Ticket::Clock::now() + std::chrono::microseconds(static_cast<std::int64_t>(milliseconds * 1000));
}

Annotations annotations(const Napi::Object& object) {
  Annotations annotations;
  const auto boxes = object.Get("boxes").As<Napi::Array>();
  for (std::uint32_t i = 0; i < boxes.Length(); ++i) {
    const auto mark = boxes.Get(i).As<Napi::Object>();
    const auto box = mark.Get("box").As<Napi::Array>();
    annotations.boxes.push_back(
        {{number(box, 0), number(box, 1), number(box, 2), number(box, 3)}, text(mark, "text"), colour(mark)});
  }
  const auto polygons = object.Get("polygons").As<Napi::Array>();
  for (std::uint32_t i = 0; i < polygons.Length(); ++i) {
    const auto mark = polygons.Get(i).As<Napi::Object>();
    const auto corners = mark.Get("polygon").As<Napi::Array>();
    PolygonMark& polygon = annotations.polygons.emplace_back(PolygonMark{{}, colour(mark)});
    for (std::uint32_t k = 0; k < corners.Length(); ++k) {
      const auto corner = corners.Get(k).As<Napi::Array>();
      polygon.corners.push_back({number(corner, 0), number(corner, 1)});
    }
  }
  return annotations;
}

Napi::Object decoded_object(Napi::Env env, const Decoded& decoded) {
  Napi::Object object = Napi::Object::New(env);
  object.Set("width", decoded.image->width);
  object.Set("height", decoded.image->height);
  object.Set("queueMs", decoded.queue_ms);
  object.Set("decodeMs", decoded.decode_ms);
  return object;
}

Napi::Object info_object(Napi::Env env, const Model& model) {
  const ModelInfo& info = model.info();
  Napi::Object metadata = Napi::Object::New(env);
  for (const auto& [key, value] : info.metadata) metadata.Set(key, value);
  Napi::Object object = Napi::Object::New(env);
  object.Set("inputs", tensor_array(env, info.inputs));
  object.Set("outputs", tensor_array(env, info.outputs));
  object.Set("metadata", metadata);
  object.Set("device", model.device());
  object.Set("runtime", info.runtime);
  return object;
}

Napi::Object prepared_object(Napi::Env env, const Prepared& prepared) {
  Napi::Object object = Napi::Object::New(env);
  object.Set("layout", prepared.layout);
  object.Set("decidedBy", prepared.decided_by);
  object.Set("picture", prepared.picture);
  object.Set("impossible", prepared.impossible);
  object.Set("inputWidth", prepared.input_width);
  object.Set("inputHeight", prepared.input_height);
  object.Set("dynamicBatch", prepared.dynamic_batch);
  object.Set("maxBatch", prepared.max_batch);
  object.Set("threads", prepared.threads);
  object.Set("threadsAlone", prepared.threads_alone);
  object.Set("instances", prepared.instances);
  object.Set("baseMs", prepared.latency.base_ms);
  object.Set("perImageMs", prepared.latency.per_image_ms);
  object.Set("imagesPerSecond", prepared.images_per_second);
  object.Set("warmupMs", prepared.warmup_ms);
  object.Set("trialRuns", prepared.trial_runs);
  return object;
}

Napi::Object threads_object(Napi::Env env, const ThreadReport& report) {
  Napi::Array stuck = Napi::Array::New(env, report.stuck.size());
  for (std::uint32_t i = 0; i < report.stuck.size(); ++i) {
    Napi::Object thread = Napi::Object::New(env);
    thread.Set("thread", report.stuck[i].thread);
    thread.Set("what", report.stuck[i].what);
    thread.Set("seconds", report.stuck[i].seconds);
    stuck.Set(i, thread);
  }
  Napi::Object object = Napi::Object::New(env);
  object.Set("stuck", stuck);
  object.Set("replaced", report.replaced);
  return object;
}

Napi::Object detect_object(Napi::Env env, const DetectResult& result) {
  const std::vector<Detection>& detections = result.answer.detections;
  const std::size_t count = detections.size();
  // Doubles, since a wild network may put a corner beyond 32 bits.
  Napi::Float64Array boxes = Napi::Float64Array::New(env, count * 4);
  Napi::Float32Array scores = Napi::Float32Array::New(env, count);
  Napi::Int32Array classes = Napi::Int32Array::New(env, count);
  for (std::size_t i = 0; i < count; ++i) {
    for (std::size_t k = 0; k < 4; ++k) boxes[i * 4 + k] = static_cast<double>(detections[i].box[k]);
    scores[i] = detections[i].score;
    classes[i] = detections[i].class_id;
  }
  Napi::Object times = Napi::Object::New(env);
  times.Set("letterbox", result.times.letterbox);
  times.Set("queue", result.times.queue);
  times.Set("infer", result.times.infer);
  times.Set("post", result.times.post);
  Napi::Object object = Napi::Object::New(env);
  object.Set("boxes", boxes);
  object.Set("scores", scores);
  object.Set("classes", classes);
  object.Set("impossible", result.answer.impossible);
  object.Set("capped", result.answer.capped);
  object.Set("times", times);
  object.Set("batch", result.times.batch);
  return object;
}

}  // namespace zmdetect
