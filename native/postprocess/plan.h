// A model's plan: how it is fed and how its answer is read. Made once, when the model is prepared.
#pragma once

#include "postprocess/layout.h"
#include "postprocess/picture_input.h"
#include "postprocess/ssd.h"

namespace zmdetect {

struct PlanOptions {
  int classes = 0;      // number of labels; 0 for models whose ids need no list
  int input_width = 0;  // pixels; 0 = the file's own, or what an open one was exported for, or 640
  int input_height = 0;
  std::string layout = {};         // LayoutHints::layout
  BoxUnit boxes = BoxUnit::kAuto;  // LayoutHints::boxes
  PictureHints picture = {};
};

struct ModelPlan {
  InputPlan input;
  Layout layout;
  SsdLayout ssd;                            // kSsd only
  std::vector<Quantisation> quantisations;  // of the outputs
  bool dynamic_batch = false;
  int fixed_batch = 1;  // pictures in every inference, where the file fixes their number

  /// Shape of an input tensor that holds `batch` slots.
  std::vector<std::int64_t> input_shape(int batch) const;
  ElementType input_type() const;
};

/// The plan by what the file declares. Where it leaves shapes open, or more than one layout fits, the layout is the
/// likeliest one until `settle_plan` has seen an answer. Errors: kModelLayoutUnknown with what was seen: an input that
/// is no picture, a size that the file rules out, outputs that no layout describes.
Result<ModelPlan> plan_model(const ModelInfo& info, const PlanOptions& options);

/// The plan by what the network answered to a picture that was fed by `plan`. Errors: kModelLayoutUnknown.
Result<ModelPlan> settle_plan(const ModelPlan& plan, const ModelInfo& info, const PlanOptions& options,
                              const std::vector<TensorView>& outputs);

/// Memory that reading answers of one instance needs again and again.
struct ReadBuffers {
  std::vector<std::vector<float>> floats;
  Found found;
};

/// Detections of picture `index` of a batch answer, with scores of at least `min_confidence`.
/// Errors: kModelOutputInvalid.
Result<Answer> read_answer(const ModelPlan& plan, const std::vector<TensorView>& outputs, int index,
                           const Placement& placement, double min_confidence, ReadBuffers& buffers);

}  // namespace zmdetect
