// From a network's class numbers to labels, where the two are numbered differently.
#pragma once

#include <optional>
#include <vector>

namespace zmdetect {

/// The label of each of a network's `ids` class numbers, -1 where there is none; empty where they are the same. COCO
/// has 80 classes with ids from 1 to 90: a network that is trained on the ids has 90 or 91 numbers. Nothing where the
/// two counts do not fit.
std::optional<std::vector<int>> labels_of_columns(int ids, int labels);

/// The same for networks that answer with ids which begin at 1: COCO's where there are 80 labels; the ids themselves
/// where there are 91 labels.
std::vector<int> labels_of_ids_from_one(int labels);

}  // namespace zmdetect
