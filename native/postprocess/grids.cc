#include "postprocess/grids.h"

namespace zmdetect {

int cells_along(int side, int stride, bool round_up) { return (side + (round_up ? stride - 1 : 0)) / stride; }

std::int64_t candidates_of(const Grids& grids, int width, int height) {
  std::int64_t cells = 0;
  for (const int stride : grids.strides) {
    cells += std::int64_t(cells_along(width, stride, grids.round_up)) * cells_along(height, stride, grids.round_up);
  }
  return cells * grids.per_cell;
}

std::optional<Grids> grids_of(std::int64_t candidates, int width, int height) {
  static const std::vector<std::vector<int>> kStrides = {
      {8, 16, 32}, {8, 16, 32, 64}, {4, 8, 16, 32}, {16, 32}, {4, 8, 16}};
  if (candidates < 1) return std::nullopt;
  for (const int per_cell : {1, 3}) {
    for (const auto& strides : kStrides) {
      for (const bool round_up : {false, true}) {
        Grids grids{.strides = strides, .per_cell = per_cell, .round_up = round_up};
        if (candidates_of(grids, width, height) == candidates) return grids;
      }
    }
  }
  return std::nullopt;
}

int grid_cells(int input_width, int input_height) {
  return int(candidates_of({.strides = {8, 16, 32}}, input_width, input_height));
}

}  // namespace zmdetect
