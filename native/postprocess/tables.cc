#include "postprocess/tables.h"

#include <algorithm>
#include <cmath>

namespace zmdetect {
namespace {

Status unexpected(const TensorView& tensor, const std::string& expected) {
  return Status(Code::kModelOutputInvalid,
                "the network answered " + shape_text(tensor.shape) + ", expected float32 with " + expected);
}

}  // namespace

Result<Table> table_of(const TensorView& tensor, int index, int columns, bool candidates_last, bool open_batch) {
  const std::vector<std::int64_t> shape = squeezed(tensor.shape, open_batch && tensor.shape.size() == 2);
  const std::size_t column_axis = candidates_last ? 1 : 2;
  if (tensor.type != ElementType::kFloat32 || shape.size() != 3 || index < 0 || index >= shape[0] ||
      shape[column_axis] != columns) {
    return unexpected(tensor, std::to_string(columns) + " columns");
  }
  const int count = static_cast<int>(shape[3 - column_axis]);
  const float* data = static_cast<const float*>(tensor.data) + std::ptrdiff_t(index) * count * columns;
  return Table{data, columns, count, candidates_last};
}

Result<Table> list_of(const TensorView& tensor, int index, int count) {
  std::int64_t values = 1;
  for (const std::int64_t side : tensor.shape) values *= side;
  if (tensor.type != ElementType::kFloat32 || index < 0 || values < std::int64_t(count) * (index + 1)) {
    return unexpected(tensor, std::to_string(count) + " rows");
  }
  return Table{static_cast<const float*>(tensor.data) + std::ptrdiff_t(index) * count, 1, count, false};
}

Result<Tables> tables_of(const Layout& layout, const std::vector<TensorView>& outputs, int index) {
  const TensorView& tensor = outputs.at(std::size_t(layout.output));
  // Rows that say which picture they belong to are one table for all.
  const int picture = layout.batch_column >= 0 ? 0 : index;
  const Result<Table> boxes = table_of(tensor, picture, layout.columns, layout.candidates_last, layout.open_batch);
  if (!boxes.ok()) return boxes.status();
  Tables tables{.boxes = boxes.value(), .scores = boxes.value()};
  switch (layout.kind) {
    case LayoutKind::kPair: {
      const Result<Table> scores = table_of(outputs.at(std::size_t(layout.scores)), index, layout.score_columns,
                                            layout.scores_last, layout.open_batch);
      if (!scores.ok()) return scores.status();
      if (scores.value().count != tables.boxes.count) {
        return unexpected(outputs[std::size_t(layout.scores)], std::to_string(tables.boxes.count) + " rows");
      }
      tables.scores = scores.value();
      tables.score_columns = layout.score_columns;
      return tables;
    }
    case LayoutKind::kSet: {
      const int rows = tables.boxes.count;
      const Result<Table> ids = list_of(outputs.at(std::size_t(layout.class_ids)), index, rows);
      if (!ids.ok()) return ids.status();
      tables.class_ids = ids.value();
      if (layout.scores >= 0) {
        const Result<Table> scores = list_of(outputs.at(std::size_t(layout.scores)), index, rows);
        if (!scores.ok()) return scores.status();
        tables.scores = scores.value();
      } else {
        tables.first_score = layout.score_column;
      }
      if (layout.count >= 0) {
        const Result<Table> count = list_of(outputs.at(std::size_t(layout.count)), index, 1);
        if (!count.ok()) return count.status();
        const float declared = count.value().at(0, 0);
        if (!(declared >= 0)) {
          return Status(Code::kModelOutputInvalid, "the network counts " + std::to_string(declared) + " objects");
        }
        tables.boxes.count = int(std::min(declared, float(rows)));
      }
      return tables;
    }
    case LayoutKind::kFinished:
      tables.class_ids = tables.boxes;
      tables.class_column = layout.class_column;
      tables.first_score = layout.score_column;
      return tables;
    default:
      tables.first_score = layout.score_column + (layout.objectness ? 1 : 0);
      tables.score_columns = layout.score_columns;
      return tables;
  }
}

}  // namespace zmdetect
