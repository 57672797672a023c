// A stand-in for libedgetpu: takes the edgetpu-custom-op nodes of a graph and does what the one word says that stands
// in the file named by ZMDETECT_FAKE_DELEGATE_ORDER, which is read anew at each step:
//   (nothing)   fill every output with the first byte of the input
//   no-device   creation yields no delegate          crash-open  the process aborts at creation
//   refuse      the graph is not accepted            hang-open   creation never returns
//   fail        an inference fails                   hang        an inference never returns
//   crash       the process aborts in an inference

#include <tensorflow/lite/c/common.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <fstream>
#include <string>
#include <vector>

#define EXPORT extern "C" __attribute__((visibility("default")))

namespace {

std::string order() {
  std::string word;
  if (const char* file = std::getenv("ZMDETECT_FAKE_DELEGATE_ORDER")) std::ifstream(file) >> word;
  return word;
}

[[noreturn]] void hang() {
  for (;;) pause();
}

TfLiteStatus invoke(TfLiteContext* context, TfLiteNode* node) {
  const std::string word = order();
  if (word == "hang") hang();
  if (word == "crash") std::abort();
  if (word == "fail") {
    context->ReportError(context, "the fake device has failed");
    return kTfLiteError;
  }
  // Weights may be among the inputs; the picture's tensor is one that changes.
  int value = 0;
  for (int i = 0; i < node->inputs->size; ++i) {
    const TfLiteTensor& input = context->tensors[node->inputs->data[i]];
    if (input.allocation_type == kTfLiteArenaRw && input.bytes > 0) value = input.data.uint8[0];
  }
  for (int i = 0; i < node->outputs->size; ++i) {
    TfLiteTensor& output = context->tensors[node->outputs->data[i]];
    std::memset(output.data.raw, value, output.bytes);
  }
  return kTfLiteOk;
}

TfLiteStatus prepare(TfLiteContext* context, TfLiteDelegate* delegate) {
  if (order() == "refuse") {
    context->ReportError(context, "the fake device refuses this graph");
    return kTfLiteDelegateError;
  }
  TfLiteIntArray* plan = nullptr;
  if (context->GetExecutionPlan(context, &plan) != kTfLiteOk) return kTfLiteError;
  std::vector<int> taken{0};  // a TfLiteIntArray: its size, then its elements
  for (int i = 0; i < plan->size; ++i) {
    TfLiteNode* node = nullptr;
    TfLiteRegistration* registration = nullptr;
    if (context->GetNodeAndRegistration(context, plan->data[i], &node, &registration) != kTfLiteOk) return kTfLiteError;
    const char* name = registration->custom_name;
    if (name != nullptr && std::strcmp(name, "edgetpu-custom-op") == 0) taken.push_back(plan->data[i]);
  }
  taken[0] = static_cast<int>(taken.size()) - 1;
  TfLiteRegistration kernel = {};
  kernel.invoke = invoke;
  kernel.custom_name = "FakeDelegate";
  kernel.version = 1;
  return context->ReplaceNodeSubsetsWithDelegateKernels(
      context, kernel, reinterpret_cast<const TfLiteIntArray*>(taken.data()), delegate);
}

struct Device {
  int type;
  const char* path;
};

}  // namespace

EXPORT TfLiteDelegate* tflite_plugin_create_delegate(char** /*keys*/, char** /*values*/, std::size_t /*count*/,
                                                     void (*report)(const char*)) {
  const std::string word = order();
  if (word == "hang-open") hang();
  if (word == "crash-open") std::abort();
  if (word == "no-device") {
    report("no fake device is plugged in");
    return nullptr;
  }
  auto* delegate = new TfLiteDelegate();
  delegate->Prepare = prepare;
  // Without this TensorFlow Lite would prepare the graph's nodes first, and knows no edgetpu-custom-op.
  delegate->flags = kTfLiteDelegateFlagsAllowDynamicTensors;
  return delegate;
}

EXPORT void tflite_plugin_destroy_delegate(TfLiteDelegate* delegate) { delete delegate; }

EXPORT const char* edgetpu_version() { return "fake delegate 1.0"; }

EXPORT Device* edgetpu_list_devices(std::size_t* count) {
  *count = 1;
  return new Device{1, "/dev/null"};
}

EXPORT void edgetpu_free_devices(Device* devices) { delete devices; }
