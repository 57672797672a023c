// The grids of a detector: candidates come from cells of 8, 16, 32 pixels.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

namespace zmdetect {

struct Grids {
  std::vector<int> strides;  // pixels of a cell, in the order of the candidates
  int per_cell = 1;          // candidates of a cell
  bool round_up = false;     // a cell that is cut off by the edge counts
};

/// Cells of `side` pixels along a side.
int cells_along(int side, int stride, bool round_up);

/// Candidates of all grids together.
std::int64_t candidates_of(const Grids& grids, int width, int height);

/// The grids that so many candidates come from on an input of this size: strides 8, 16, 32, with a finer (4) or a
/// coarser one (64), or the two of small networks (16, 32); one candidate a cell or three.
std::optional<Grids> grids_of(std::int64_t candidates, int width, int height);

/// Cells of the usual grids: the sum over strides 8, 16 and 32 of (width / stride) * (height / stride).
int grid_cells(int input_width, int input_height);

}  // namespace zmdetect
