// The Edge TPU's process, with a delegate library of the tests' own that succeeds, fails, hangs and dies on command.
#include <dirent.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <thread>

#include "backends/tflite/supervisor.h"
#include "postprocess/ssd.h"
#include "tests/support.h"
#include "tests/tflite_support.h"

#ifndef ZMDETECT_FAKE_DELEGATE
#define ZMDETECT_FAKE_DELEGATE ""
#endif

namespace zmdetect::tflite {
namespace {

using testing::shared_file;

int open_descriptors() {
  int count = 0;
  DIR* folder = opendir("/proc/self/fd");
  while (readdir(folder) != nullptr) ++count;
  closedir(folder);
  return count;
}

/// Whether this process has a child, running or dead.
bool has_child() { return waitpid(-1, nullptr, WNOHANG) >= 0 || errno != ECHILD; }

/// Whether the process exists and is no zombie: an orphan's zombie is its new parent's to clear away.
bool alive(pid_t pid) {
  std::ifstream stat("/proc/" + std::to_string(pid) + "/stat");
  std::string number, name, state;
  return bool(stat >> number >> name >> state) && state != "Z" && state != "X";
}

class TfliteTpuTest : public testing::TfliteTest {
 protected:
  void SetUp() override {
    testing::TfliteTest::SetUp();
    ASSERT_FALSE(has_child());
    descriptors = open_descriptors();
    setenv("ZMDETECT_FAKE_DELEGATE_ORDER", order_file.c_str(), 1);
    order("");
  }
  void TearDown() override {
    EXPECT_FALSE(has_child());
    if (descriptors > 0) {
      EXPECT_EQ(open_descriptors(), descriptors);
    }
    std::filesystem::remove(order_file);
  }

  /// What the delegate does from its next step on (fake_delegate.cc).
  void order(const std::string& word) const { std::ofstream(order_file, std::ios::trunc) << word; }

  LoadOptions options(int deadline_ms = 5000) const {
    return {.path = shared_file(testing::kNoteEdgeTpu),
            .processor = Processor::kTpu,
            .delegate_library = ZMDETECT_FAKE_DELEGATE,
            .inference_deadline_ms = deadline_ms};
  }

  Supervisor supervisor() const {
    return Supervisor(std::string(ZMDETECT_BACKEND_DIR) + "/zmdetect-tpu-worker", "", ZMDETECT_FAKE_DELEGATE);
  }

  /// Runs one picture of bytes `value`.
  Status run(Supervisor& watched, std::uint32_t id, std::uint8_t value = 0) {
    const std::vector<std::uint8_t> pixels(std::size_t(320) * 320 * 3, value);
    return watched.run(id, {pixels.data(), ElementType::kUint8, {1, 320, 320, 3}}, answer, outputs);
  }

  void expect_unavailable(const Status& status, const std::string& part) {
    EXPECT_EQ(status.code(), Code::kDeviceUnavailable);
    EXPECT_NE(status.message().find(part), std::string::npos) << status.message();
  }

  const std::string order_file =
      std::filesystem::temp_directory_path() / ("zmdetect_order_" + std::to_string(getpid()));
  int descriptors = 0;
  Bytes answer;
  std::vector<TensorView> outputs;
};

TEST_F(TfliteTpuTest, RunsACompiledModelThroughTheBackend) {
  const auto model = backend->load(options());
  ASSERT_TRUE(model.ok()) << model.status().message();
  EXPECT_EQ(model.value()->device(), "Edge TPU (USB)");
  const ModelInfo& info = model.value()->info();
  EXPECT_EQ(info.inputs[0].shape, (std::vector<std::int64_t>{1, 320, 320, 3}));
  EXPECT_EQ(info.inputs[0].type, ElementType::kUint8);
  EXPECT_GT(info.inputs[0].quantisation.scale, 0);
  EXPECT_EQ(info.metadata.at(kSsdOutputsKey), "1,3,0,2");
  const auto layout = recognise_ssd(info);
  ASSERT_TRUE(layout.ok()) << layout.status().message();

  auto instance = model.value()->create_instance();
  ASSERT_TRUE(instance.ok());
  // The fake device answers with the input's first byte, so another picture is another answer.
  std::vector<std::vector<float>> scores;
  for (const std::uint8_t value : {0, 255, 0}) {
    const std::vector<std::uint8_t> pixels(std::size_t(320) * 320 * 3, value);
    std::vector<TensorView> views;
    const Status ran = instance.value()->run({pixels.data(), ElementType::kUint8, {1, 320, 320, 3}}, views);
    ASSERT_TRUE(ran.ok()) << ran.message();
    ASSERT_EQ(views.size(), 4U);
    const TensorView& view = views[std::size_t(layout.value().scores)];
    EXPECT_EQ(view.shape, (std::vector<std::int64_t>{1, 10}));
    const auto* first = static_cast<const float*>(view.data);
    scores.emplace_back(first, first + 10);
    EXPECT_TRUE(read_ssd(layout.value(), views, fit_top_left(640, 480, 320, 320), 0.3).ok());
  }
  EXPECT_EQ(scores[0], scores[2]);
  EXPECT_NE(scores[0], scores[1]);
}

TEST_F(TfliteTpuTest, NamesAMissingLibrary) {
  LoadOptions missing = options();
  missing.delegate_library = "/nonexistent/libedgetpu.so.1";
  expect_unavailable(backend->load(missing).status(), "the Edge TPU's library is not there");
}

TEST_F(TfliteTpuTest, TakesTheLibraryThatTheEnvironmentNames) {
  LoadOptions named = options();
  named.delegate_library = "";
  setenv("ZMDETECT_EDGETPU_LIBRARY", "/nonexistent/named.so", 1);
  const Status status = backend->load(named).status();
  unsetenv("ZMDETECT_EDGETPU_LIBRARY");
  expect_unavailable(status, "/nonexistent/named.so");
}

TEST_F(TfliteTpuTest, NamesAMissingStickWithTheLibrarysWords) {
  order("no-device");
  expect_unavailable(backend->load(options()).status(), "no Edge TPU could be opened");
  expect_unavailable(backend->load(options()).status(), "fake delegate 1.0 says: no fake device is plugged in");
}

TEST_F(TfliteTpuTest, NamesAVersionThatDoesNotFit) {
  order("refuse");
  expect_unavailable(backend->load(options()).status(),
                     "the Edge TPU's library (fake delegate 1.0) is of a version that does not fit this model or "
                     "TensorFlow Lite 2.");
  LoadOptions other = options();
  other.delegate_library = "libc.so.6";  // no plug-in at all
  expect_unavailable(backend->load(other).status(), "does not fit: libc.so.6 has no tflite_plugin_create_delegate");
  other.delegate_library = order_file;  // no library at all
  expect_unavailable(backend->load(other).status(), "of a version that does not fit this system");
}

TEST_F(TfliteTpuTest, RefusesAModelThatWouldRunOnTheCpu) {
  LoadOptions uncompiled = options();
  uncompiled.path = shared_file(testing::kNoteSsd);
  expect_unavailable(backend->load(uncompiled).status(), "is not compiled for the Edge TPU");
}

TEST_F(TfliteTpuTest, RefusesBrokenFilesAsTheCpuDoes) {
  LoadOptions broken = options();
  broken.path = shared_file("models_broken/truncated.tflite");
  EXPECT_EQ(backend->load(broken).status().code(), Code::kModelUnreadable);
  broken.path = "/nonexistent/model.tflite";
  EXPECT_EQ(backend->load(broken).status().code(), Code::kModelFileMissing);
  broken = options();
  broken.library = "/nonexistent/libtensorflowlite_c.so";
  EXPECT_EQ(backend->load(broken).status().code(), Code::kBackendUnavailable);
}

TEST_F(TfliteTpuTest, SurvivesADelegateThatDiesOrHangsAtOpening) {
  order("crash-open");
  expect_unavailable(backend->load(options()).status(), "which died of signal 6 (Aborted)");
  order("hang-open");
  expect_unavailable(backend->load(options(50)).status(), "took longer than 300 ms");
}

TEST_F(TfliteTpuTest, RestartsTheProcessAfterAHang) {
  Supervisor watched = supervisor();
  const auto model = watched.load(options(500));
  ASSERT_TRUE(model.ok()) << model.status().message();
  ASSERT_TRUE(run(watched, model.value().id).ok());
  const pid_t first = watched.pid();

  order("hang");
  const Status hung = run(watched, model.value().id);
  EXPECT_EQ(hung.code(), Code::kInferenceFailed);
  EXPECT_NE(hung.message().find("took longer than 500 ms: the Edge TPU's process was killed"), std::string::npos);
  EXPECT_FALSE(alive(first));

  order("");
  EXPECT_TRUE(run(watched, model.value().id).ok());
  EXPECT_NE(watched.pid(), first);
}

TEST_F(TfliteTpuTest, RestartsTheProcessAfterAFailureAndAfterItsDeath) {
  Supervisor watched = supervisor();
  const auto model = watched.load(options());
  ASSERT_TRUE(model.ok()) << model.status().message();
  order("fail");
  const Status failed = run(watched, model.value().id);
  EXPECT_EQ(failed.code(), Code::kInferenceFailed);
  EXPECT_NE(failed.message().find("the fake device has failed"), std::string::npos) << failed.message();
  order("crash");
  const Status died = run(watched, model.value().id);
  EXPECT_EQ(died.code(), Code::kInferenceFailed);
  EXPECT_NE(died.message().find("which died of signal 6 (Aborted)"), std::string::npos) << died.message();
  order("");
  ASSERT_TRUE(run(watched, model.value().id).ok());
  kill(watched.pid(), SIGKILL);  // while it is idle
  std::this_thread::sleep_for(std::chrono::milliseconds(100));
  EXPECT_TRUE(run(watched, model.value().id).ok());
}

TEST_F(TfliteTpuTest, FailsTheModelThatUsesUpItsBudgetAndNoOther) {
  Supervisor watched = supervisor();
  const auto bad = watched.load(options(300));
  const auto good = watched.load(options());
  ASSERT_TRUE(bad.ok() && good.ok());
  for (std::size_t i = 0; i <= kRestartBudget; ++i) {
    order("hang");
    const Status hung = run(watched, bad.value().id);
    EXPECT_EQ(hung.code(), i < kRestartBudget ? Code::kInferenceFailed : Code::kDeviceUnavailable) << hung.message();
    order("");
    EXPECT_TRUE(run(watched, good.value().id).ok());
  }
  const pid_t last = watched.pid();
  for (int i = 0; i < 2; ++i) {
    expect_unavailable(run(watched, bad.value().id), "has failed 6 times within 60 s and is not tried again");
  }
  EXPECT_TRUE(run(watched, good.value().id).ok());
  EXPECT_EQ(watched.pid(), last);
  // Loading it anew is a new start.
  const auto again = watched.load(options());
  ASSERT_TRUE(again.ok());
  EXPECT_TRUE(run(watched, again.value().id).ok());
}

TEST_F(TfliteTpuTest, ServesTwoModelsFromTwoThreads) {
  Supervisor watched = supervisor();
  const auto first = watched.load(options());
  const auto second = watched.load(options());
  ASSERT_TRUE(first.ok() && second.ok());
  std::vector<std::thread> threads;
  for (const std::uint32_t id : {first.value().id, second.value().id}) {
    threads.emplace_back([&, id] {
      const std::vector<std::uint8_t> pixels(std::size_t(320) * 320 * 3);
      Bytes own_answer;
      std::vector<TensorView> own_outputs;
      for (int i = 0; i < 5; ++i) {
        EXPECT_TRUE(
            watched.run(id, {pixels.data(), ElementType::kUint8, {1, 320, 320, 3}}, own_answer, own_outputs).ok());
        EXPECT_EQ(own_outputs.size(), 4U);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
}

TEST_F(TfliteTpuTest, EndsTheProcessWithItsLastModel) {
  Supervisor watched = supervisor();
  const auto first = watched.load(options());
  const auto second = watched.load(options());
  ASSERT_TRUE(first.ok() && second.ok());
  const pid_t pid = watched.pid();
  watched.unload(first.value().id);
  EXPECT_TRUE(run(watched, second.value().id).ok());
  EXPECT_EQ(watched.pid(), pid);
  watched.unload(second.value().id);
  EXPECT_EQ(watched.pid(), 0);
  EXPECT_FALSE(alive(pid));
}

TEST_F(TfliteTpuTest, SaysThatItsProgramIsMissing) {
  Supervisor watched("/nonexistent/zmdetect-tpu-worker", "", "");
  const Status status = watched.load(options()).status();
  EXPECT_EQ(status.code(), Code::kBackendUnavailable);
  EXPECT_NE(status.message().find("/nonexistent/zmdetect-tpu-worker cannot be started"), std::string::npos);
}

TEST_F(TfliteTpuTest, DiesWithItsParentEvenWhileItHangs) {
  int pipe_ends[2];
  ASSERT_EQ(pipe(pipe_ends), 0);
  const pid_t parent = fork();
  if (parent == 0) {
    Supervisor watched = supervisor();
    const auto model = watched.load(options(60'000));
    const pid_t worker = watched.pid();
    order("hang");
    if (write(pipe_ends[1], &worker, sizeof worker) == sizeof worker) (void)run(watched, model.value().id);
    _exit(1);
  }
  pid_t worker = 0;
  ASSERT_EQ(read(pipe_ends[0], &worker, sizeof worker), ssize_t(sizeof worker));
  std::this_thread::sleep_for(std::chrono::milliseconds(300));  // into the inference
  EXPECT_TRUE(alive(worker));
  kill(parent, SIGKILL);
  waitpid(parent, nullptr, 0);
  for (int i = 0; i < 100 && alive(worker); ++i) std::this_thread::sleep_for(std::chrono::milliseconds(20));
  EXPECT_FALSE(alive(worker));
  close(pipe_ends[0]);
  close(pipe_ends[1]);
}

}  // namespace
}  // namespace zmdetect::tflite
