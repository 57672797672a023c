// Backends that fail half-way, are opened twice, or are unloaded while they work. The backend is the tests' own
// (fake_backend/), and each test says by the model's path where it is to fail.
#include <gtest/gtest.h>

#include <dlfcn.h>

#include <set>
#include <thread>

#include "backends/loader.h"
#include "engine/engine.h"
#include "tests/darknet_support.h"
#include "tests/fake_backend/fake_backend.h"

namespace zmdetect {
namespace {

using testing::FakeCounts;
using testing::grey_image;
using testing::Later;
using testing::TemporaryFolder;

using Opened = Result<std::shared_ptr<Model>>;

class BackendFailures : public ::testing::Test {
 protected:
  void TearDown() override {
    engine->close();
    engine.reset();
    EXPECT_EQ(counts().models, 0) << "a model was left behind";
    EXPECT_EQ(counts().instances, 0) << "an instance was left behind";
  }

  /// A function of the backend beside its entry.
  template <typename Function>
  static Function function(const char* name) {
    // Opened already by the loader: this only asks for it again.
    void* const library = dlopen(ZMDETECT_FAKE_BACKENDS "/zmdetect_fake.so", RTLD_NOW | RTLD_LOCAL);
    EXPECT_NE(library, nullptr) << dlerror();
    return reinterpret_cast<Function>(dlsym(library, name));
  }
  static FakeCounts counts() { return function<testing::FakeCountsOf>("zmdetect_fake_counts")(); }
  static void fail_next_run(Code code) { function<testing::FakeFail>("zmdetect_fake_fail")(static_cast<int>(code)); }

  Opened open(const std::string& command) const {
    Later<Opened> later;
    engine->open({.backend = "fake", .load = {.path = command}}, later.callback());
    return later.get();
  }

  Result<Prepared> prepare(const std::shared_ptr<Model>& model, int instances = 1) const {
    Later<Result<Prepared>> later;
    engine->prepare(model, {.plan = {.classes = 1}, .instances = instances}, later.callback());
    return later.get();
  }

  void close(const std::shared_ptr<Model>& model) const {
    Later<bool> closed;
    engine->close_model(model, [done = closed.callback()] { done(true); });
    EXPECT_TRUE(closed.get());
  }

  static void submit(const std::shared_ptr<Model>& model, Later<Result<DetectResult>>& later) {
    model->submit({.image = grey_image(64, 48), .ticket = std::make_shared<Ticket>(), .done = later.callback()});
  }

  static Status detect(const std::shared_ptr<Model>& model) {
    Later<Result<DetectResult>> later;
    submit(model, later);
    return later.get().status();
  }

  std::shared_ptr<Engine> engine =
      Engine::create({.backend_folder = ZMDETECT_FAKE_BACKENDS, .decode_threads = 1, .max_images = 2});
};

TEST_F(BackendFailures, AFailureInLoadIsThatModelsAlone) {
  const Opened sound = open("sound");
  ASSERT_TRUE(prepare(sound.value()).ok());
  const Opened broken = open("load:1");
  EXPECT_EQ(broken.status().code(), Code::kModelUnreadable);
  EXPECT_EQ(broken.status().message(), "told to fail in load 1");
  EXPECT_TRUE(detect(sound.value()).ok());
}

TEST_F(BackendFailures, AFailureToMakeAnInstanceFailsThePreparation) {
  const Opened sound = open("sound");
  ASSERT_TRUE(prepare(sound.value()).ok());
  for (const int which : {1, 2}) {
    const Opened broken = open("create:" + std::to_string(which));
    ASSERT_TRUE(broken.ok());
    const Status status = prepare(broken.value(), 2).status();
    EXPECT_EQ(status.code(), Code::kOutOfMemory) << "instance " << which;
    EXPECT_EQ(status.message(), "told to fail in create_instance " + std::to_string(which));
    close(broken.value());
  }
  EXPECT_TRUE(detect(sound.value()).ok());
}

TEST_F(BackendFailures, AModelWhoseFirstRunFailsIsNotReady) {
  const Opened broken = open("run:1");
  ASSERT_TRUE(broken.ok());
  EXPECT_EQ(prepare(broken.value()).status().code(), Code::kInferenceFailed);
  close(broken.value());
}

TEST_F(BackendFailures, AFailureInALaterRunIsThatRequestsAlone) {
  const Opened model = open("sound");
  const Result<Prepared> prepared = prepare(model.value());
  ASSERT_TRUE(prepared.ok()) << prepared.status().message();
  for (const Code code : {Code::kInferenceFailed, Code::kOutOfMemory, Code::kDeviceUnavailable}) {
    EXPECT_TRUE(detect(model.value()).ok());
    fail_next_run(code);
    EXPECT_EQ(detect(model.value()).code(), code);
    EXPECT_TRUE(detect(model.value()).ok());
  }
}

TEST_F(BackendFailures, UnloadingAModelInUseWaitsForItsRunAndFailsWhatWaits) {
  const Opened model = open("delay_ms:60");
  ASSERT_TRUE(prepare(model.value()).ok());
  std::vector<Later<Result<DetectResult>>> later(6);
  for (auto& one : later) submit(model.value(), one);
  std::this_thread::sleep_for(std::chrono::milliseconds(30));
  close(model.value());
  int finished = 0;
  int refused = 0;
  for (auto& one : later) {
    const Status status = one.get().status();
    finished += status.ok() ? 1 : 0;
    refused += status.code() == Code::kEngineClosed ? 1 : 0;
  }
  EXPECT_GE(finished, 1) << "the running inference is finished";
  EXPECT_GE(refused, 1) << "what waited is refused";
  EXPECT_EQ(finished + refused, 6);
  EXPECT_EQ(detect(model.value()).code(), Code::kEngineClosed);
}

TEST_F(BackendFailures, AModelMayBeLoadedAgainAfterItWasUnloaded) {
  for (int round = 0; round < 3; ++round) {
    const Opened model = open("sound");
    ASSERT_TRUE(prepare(model.value()).ok()) << round;
    EXPECT_TRUE(detect(model.value()).ok()) << round;
    close(model.value());
  }
}

TEST_F(BackendFailures, ManyThreadsOpenABackendOnce) {
  ASSERT_TRUE(open("sound").ok());
  std::mutex mutex;
  std::set<Backend*> seen;
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&] {
      const Result<Backend*> backend = open_backend(ZMDETECT_FAKE_BACKENDS, "fake");
      ASSERT_TRUE(backend.ok()) << backend.status().message();
      const std::lock_guard lock(mutex);
      seen.insert(backend.value());
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(seen.size(), 1U);
  EXPECT_EQ(counts().entries, 1);
}

TEST(BackendLoader, RefusesALibraryThatIsNoBackend) {
  const Status status = open_backend(ZMDETECT_FAKE_BACKENDS, "nobackend").status();
  EXPECT_EQ(status.code(), Code::kBackendUnavailable);
  EXPECT_NE(status.message().find("is not a zmdetect backend"), std::string::npos) << status.message();
}

TEST(BackendLoader, FindsALibraryThatIsInstalledWhileTheProcessRuns) {
  const TemporaryFolder folder;
  EXPECT_EQ(open_backend(folder.file(""), "fake").status().code(), Code::kBackendUnavailable);
  std::filesystem::copy_file(ZMDETECT_FAKE_BACKENDS "/zmdetect_fake.so", folder.file("zmdetect_fake.so"));
  const Result<Backend*> backend = open_backend(folder.file(""), "fake");
  ASSERT_TRUE(backend.ok()) << backend.status().message();
  EXPECT_STREQ(backend.value()->name(), "fake");
}

}  // namespace
}  // namespace zmdetect
