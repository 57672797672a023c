// Tensors as tables of one picture. Private to postprocess.
#pragma once

#include <cstddef>
#include <vector>

#include "postprocess/layout.h"

namespace zmdetect {

/// Candidates of one picture as columns, whichever way they lie in memory.
struct Table {
  const float* data = nullptr;
  int columns = 0;
  int count = 0;
  bool candidates_last = false;

  float at(int candidate, int column) const {
    return candidates_last ? data[std::ptrdiff_t(column) * count + candidate]
                           : data[std::ptrdiff_t(candidate) * columns + column];
  }
};

/// Picture `index` of a tensor that must be float32 [batch, ...] with so many columns; sides of 1 between the batch
/// and the last side do not count. Without a batch side (`open_batch`) there is one picture.
Result<Table> table_of(const TensorView& tensor, int index, int columns, bool candidates_last, bool open_batch);

/// Picture `index` of a float32 tensor with one number for each of `count` rows.
Result<Table> list_of(const TensorView& tensor, int index, int count);

/// The boxes of picture `index`, and its scores: the class scores of a candidate, or the one score of a finished row.
struct Tables {
  Table boxes;
  Table scores;
  int first_score = 0;
  int score_columns = 1;
  Table class_ids;       // kSet; kFinished: that of the boxes
  int class_column = 0;  // of class_ids
};

/// Of kRows, kCells, kPair, kFinished and kSet.
Result<Tables> tables_of(const Layout& layout, const std::vector<TensorView>& outputs, int index);

}  // namespace zmdetect
