// The engine: owns the threads, admits pictures, opens models. Knows neither Node nor HTTP nor a runtime's library.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <set>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "engine/lanes.h"
#include "engine/model.h"
#include "engine/ticket.h"
#include "engine/watch.h"
#include "engine/worker_pool.h"
#include "image/annotate.h"
#include "image/encode_jpeg.h"
#include "image/image.h"

namespace zmdetect {

struct EngineOptions {
  std::string backend_folder;  // where zmdetect_<name>.so lie
  int decode_threads = 0;      // 0 = usable processors
  std::string sample_picture;  // file for the warm-up of models; empty: a grey picture
  int max_images = 0;          // decoded pictures alive at once; 0 = what the threads and the models' slots need
  DecodeLimits limits = {};
  std::chrono::milliseconds stuck_after{30'000};      // a thread at one task for so long is replaced
  Watch::Now now = [] { return WatchClock::now(); };  // of the watch; a test has its own
  bool monitor = true;                                // check the threads every second
};

/// What the watch has to say.
struct ThreadReport {
  std::vector<StuckThread> stuck;
  int replaced = 0;  // threads that were replaced since the engine was made
};

struct Decoded {
  std::shared_ptr<Image> image;  // held by nobody else yet
  double queue_ms = 0;
  double decode_ms = 0;
};

/// Bytes to decode; `bytes` must stay valid until `done` has been called (once, from an engine thread, no lock held).
struct DecodeJob {
  std::span<const std::uint8_t> bytes;
  TicketPtr ticket;
  std::function<void(Result<Decoded>)> done;
};

/// As DecodeJob, for a picture to draw on; `quality` is the JPEG's, 1 to 100.
struct AnnotateJob {
  std::span<const std::uint8_t> bytes;
  Annotations annotations;
  int quality = 90;
  TicketPtr ticket;
  std::function<void(Result<JpegFile>)> done;
};

struct OpenOptions {
  std::string backend;  // "onnx"
  LoadOptions load;
};

class Engine : public std::enable_shared_from_this<Engine> {
 public:
  static std::shared_ptr<Engine> create(const EngineOptions& options);
  ~Engine();
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  /// Queues bytes. A picture is decoded only while fewer than `max_images` are alive, so that a burst of uploads
  /// waits as compressed bytes; letting the last reference to an image go admits the next one.
  void decode(DecodeJob job);

  /// Decodes, draws and encodes on a decode thread. The picture counts among `max_images` until `done` returns.
  void annotate(AnnotateJob job);

  /// Opens a model file on the load thread.
  void open(OpenOptions options, const std::function<void(Result<std::shared_ptr<Model>>)>& done);

  /// Warms a model up on the load thread.
  void prepare(std::shared_ptr<Model> model, const PrepareOptions& options,
               const std::function<void(Result<Prepared>)>& done);

  /// Unloads on the load thread; `done` is called when no thread of the model runs any more.
  void close_model(std::shared_ptr<Model> model, const std::function<void()>& done);

  /// Closes every model, fails what waits, joins all threads. Blocks for at most one inference, or for as long as a
  /// thread does not come back. Idempotent.
  void close();

  /// The threads that have not come back, and how many were replaced.
  ThreadReport threads();

  /// Replaces threads that have not come back. The monitor calls it; a test without one calls it itself.
  void replace_stuck();

  int decode_threads() const { return decode_threads_; }

 private:
  explicit Engine(const EngineOptions& options);
  struct Waiting {
    DecodeJob job;
    Stopwatch since_submit;
  };

  void monitor();
  void pump();
  int image_limit() const;
  void run(const Waiting& waiting);
  void image_gone();
  bool is_closed();
  Result<std::shared_ptr<const Image>> sample();
  /// False when the engine is closed; the task is dropped then.
  bool post_load(std::function<void()> task, std::string what);

  const EngineOptions options_;
  std::shared_ptr<const Image> sample_;  // the load thread's alone
  const int decode_threads_;
  Watch watch_;

  // Guards everything below it, and posting to a pool against close(). Only a pool's own lock is taken under it;
  // nothing is decoded, loaded or called back.
  std::mutex mutex_;
  Lanes<Waiting> waiting_;
  int images_ = 0;  // decoded pictures alive, and those being decoded
  int slots_ = 0;   // of all models that are prepared
  bool closed_ = false;
  std::set<std::shared_ptr<Model>> models_;
  int replaced_ = 0;
  std::condition_variable closing_;

  // Last members: their threads end before what they use goes.
  std::unique_ptr<WorkerPool> decode_pool_;
  std::unique_ptr<WorkerPool> load_pool_;
  std::thread monitor_;
};

}  // namespace zmdetect
