// Output layouts: which tensors a detector answers with, and what their numbers mean.
#pragma once

#include <string>
#include <vector>

#include "backends/backend.h"
#include "image/input.h"
#include "postprocess/detection.h"
#include "postprocess/grids.h"
#include "postprocess/picture_input.h"

namespace zmdetect {

/// How candidates lie in the tensors.
enum class LayoutKind {
  kRows,       // one tensor: box, perhaps an objectness, one score per class (YOLO v5 to v12, Ultralytics' RT-DETR)
  kCells,      // YOLOX: the same, centre and log size relative to a cell of a grid
  kDistances,  // NanoDet: scores, and a distribution of the distance to each side from a point of a grid
  kPlanes,     // RTMDet's heads: for each stride a map of logits and one of distances
  kPair,       // one tensor of boxes and one of scores per class (DETR, YOLO-NAS, SSD)
  kFinished,   // one tensor of finished detections: box, score and class in a row
  kSet,        // finished detections in several tensors: boxes, scores, classes, perhaps a count
  kDarknet,    // rows of our own Darknet importer, and of OpenCV's: relative boxes, finished scores
  kSsd,        // the four outputs of TFLite_Detection_PostProcess
};

/// What the four numbers of a box are.
enum class BoxForm {
  kCentre,      // cx, cy, w, h
  kCorners,     // x1, y1, x2, y2
  kRowCorners,  // y1, x1, y2, x2
  kCornerSize,  // x1, y1, w, h
};

/// What the numbers of a box count: parts of the input's side, or its pixels.
enum class BoxUnit { kAuto, kNormalised, kPixels };

enum class ScoreForm { kProbability, kLogit, kSoftmax };

/// How much stands behind a reading of the outputs.
enum class Trust {
  kGuessed,  // the shape allows it
  kCounted,  // the number of candidates is the number of cells of this input's grids
  kSaid,     // the file's metadata or the names of its outputs say it
};

/// How to read one model's answer. Decided once, at load; never guessed per frame.
struct Layout {
  LayoutKind kind = LayoutKind::kRows;
  std::string name;        // as /models shows it, for example "yolov8"
  std::string decided_by;  // which rule chose it, for example "metadata end2end"
  Trust trust = Trust::kGuessed;
  Feed feed;
  std::string behind;  // name of the reading that values must rule out first; empty: none

  int output = 0;      // index of the tensor of boxes, or of everything
  int scores = -1;     // kPair, kSet: index of the scores
  int class_ids = -1;  // kSet: index of the classes
  int count = -1;      // kSet: index of how many rows count

  int columns = 0;               // of the tensor `output`
  bool candidates_last = false;  // [batch, columns, candidates] instead of [batch, candidates, columns]
  bool scores_last = false;      // likewise of the scores of kPair
  bool open_batch = false;       // the tensors have no batch dimension: one picture only

  BoxForm form = BoxForm::kCentre;
  BoxUnit unit = BoxUnit::kPixels;
  int box_column = 0;     // of the first of the four
  int score_column = 4;   // kFinished; of the objectness, else of the first class
  int class_column = 5;   // kFinished
  int batch_column = -1;  // kFinished: number of the picture
  bool objectness = false;
  bool objectness_is_one = false;  // YOLO v6 fills the column

  ScoreForm score_form = ScoreForm::kProbability;
  int score_columns = 0;  // scores per candidate, background included
  int background = -1;    // the column of "nothing"; -1: none

  int classes = 0;             // number of labels
  std::vector<int> labels_of;  // the label of each id of the network, -1 where it has none; empty: the id itself

  Grids grids;             // kCells, kDistances, kPlanes
  int bins = 0;            // kDistances: of a distribution
  std::vector<int> heads;  // kPlanes, kDistances in several tensors: scores and distances of each stride in turn
  bool in_cells = false;   // kPlanes: distances count cells instead of pixels
};

/// What recognition may look at besides the file.
struct LayoutHints {
  int classes = 0;      // number of labels; 0 when none are known
  int input_width = 0;  // pixels
  int input_height = 0;
  std::string layout = {};         // the setting `layout`: a name of the table; empty: decided by the file
  BoxUnit boxes = BoxUnit::kAuto;  // the setting `boxes`
  bool interleaved = false;        // the input is [batch, height, width, channels]: TensorFlow's habits are likely
};

/// Every reading that the file's metadata, names, types and shapes allow, most trusted first. Errors:
/// kModelLayoutUnknown with what was seen, and the setting that decides where one does.
Result<std::vector<Layout>> readings_of(const ModelInfo& info, const LayoutHints& hints);

/// The most trusted reading, without a look at values.
Result<Layout> recognise_layout(const ModelInfo& info, const LayoutHints& hints);

/// Decides between readings by what the network answered to the sample picture: `outputs`, all float32, in the order
/// of the model's. Errors: kModelLayoutUnknown that names the readings which are left and the setting that decides.
Result<Layout> settle_layout(const std::vector<Layout>& readings, const std::vector<TensorView>& outputs,
                             const LayoutHints& hints);

/// Candidates of one picture, and how many more there would be if their boxes were possible.
struct Found {
  std::vector<Candidate> candidates;
  int impossible = 0;
};

/// Reads picture `index` of a batch answer of one of the float layouts (kRows to kSet) and appends candidates with
/// scores of at least `threshold`, in original pixels. Boxes that are no numbers, inside out, or far outside the
/// picture, and scores above 1, are counted and left out. Errors: kModelOutputInvalid when a tensor is not what the
/// layout promised.
Status decode_candidates(const Layout& layout, const std::vector<TensorView>& outputs, int index,
                         const Placement& placement, float threshold, Found& found);

/// "the network has 80 classes", where its shapes say so and the number of labels is another one; else empty.
std::string class_count_text(const ModelInfo& info, const LayoutHints& hints);

/// The shape with a batch side in front (added where there are two sides, or none is the batch: `open_batch`) and
/// without sides of 1 between the batch and the last side.
std::vector<std::int64_t> squeezed(std::vector<std::int64_t> shape, bool open_batch);

/// "[1,84,8400]", a symbolic dimension as "?".
std::string shape_text(const std::vector<std::int64_t>& shape);

/// Every name that the setting `layout` takes, in the order of the documentation.
const std::vector<std::string>& layout_names();

}  // namespace zmdetect
