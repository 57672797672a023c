// Writes the published Darknet detectors from tables of their layers (facts, not the files), with weights from a
// random generator. It counts channels and values on its own, as a second opinion on the importer's counting.
#pragma once

#include <algorithm>
#include <cmath>
#include <random>
#include <string>
#include <vector>

namespace zmdetect::testing {

/// Grows a .cfg and its values layer by layer. Every function returns the new layer's number, as `route` counts them.
class NetworkWriter {
 public:
  /// Divides the filters of every layer but the detecting ones, so that a test runs the same topology with few values.
  /// `with_values` false: only counts them.
  explicit NetworkWriter(int divisor, bool with_values) : divisor_(divisor), with_values_(with_values) {}

  const std::string& cfg() const { return cfg_; }
  const std::vector<float>& values() const { return values_; }
  std::size_t count() const { return count_; }

  int convolution(int filters, int size, int stride = 1, const std::string& activation = "leaky") {
    return convolve(filters / divisor_, size, stride, activation, true);
  }

  int maxpool(int size, int stride) { return add("maxpool", {{"size", size}, {"stride", stride}}, channels_.back()); }
  int upsample() { return add("upsample", {{"stride", 2}}, channels_.back()); }

  int shortcut(int from) { return add("shortcut", {{"from", from}}, channels_.back()); }

  int route(const std::vector<int>& layers) {
    int channels = 0;
    std::string list;
    for (const int layer : layers) {
      channels += at(layer);
      if (!list.empty()) list += ',';
      list += std::to_string(layer);
    }
    return add("route", {}, channels, "layers=" + list + "\n");
  }

  /// The second half of the last layer's channels.
  int route_second_half() {
    return add("route", {{"layers", -1}, {"groups", 2}, {"group_id", 1}}, channels_.back() / 2);
  }

  /// The convolution without batch normalisation and its [yolo], for 80 classes.
  void detect(const std::string& mask, const std::string& anchors, const std::string& options = "",
              const std::string& activation = "linear") {
    convolve(3 * 85, 1, 1, activation, false);
    add("yolo", {{"classes", 80}, {"num", int(std::count(anchors.begin(), anchors.end(), ',') + 1) / 2}}, 0,
        "mask=" + mask + "\nanchors=" + anchors + "\n" + options);
  }

 private:
  struct Option {
    const char* name;
    int value;
  };

  int at(int layer) const { return channels_.at(std::size_t(layer < 0 ? int(channels_.size()) + layer : layer)); }

  int add(const char* type, const std::vector<Option>& options, int channels, const std::string& text = "") {
    cfg_.append("[").append(type).append("]\n");
    for (const Option& option : options) {
      cfg_.append(option.name).append("=").append(std::to_string(option.value)).append("\n");
    }
    cfg_ += text;
    channels_.push_back(channels);
    return int(channels_.size()) - 1;
  }

  int convolve(int filters, int size, int stride, const std::string& activation, bool normalized) {
    const int inputs = channels_.empty() ? 3 : channels_.back();
    const int window = inputs * size * size;
    fill(filters, 0.0F, 0.1F);  // biases
    if (normalized) {
      fill(filters, 1.0F, 0.1F);  // scales
      fill(filters, 0.0F, 0.1F);  // means
      fill(filters, 1.0F, 0.1F);  // variances
    }
    // Less spread than He et al. (2015) ask for, because the shortcuts of 23 blocks add up.
    fill(filters * window, 0.0F, std::sqrt(2.0F / float(window)));
    return add(
        "convolutional",
        {{"batch_normalize", int(normalized)}, {"filters", filters}, {"size", size}, {"stride", stride}, {"pad", 1}},
        filters, "activation=" + activation + "\n");
  }

  /// Adds values spread evenly over middle +- reach.
  void fill(int count, float middle, float reach) {
    count_ += std::size_t(count);
    for (int i = 0; with_values_ && i < count; ++i) {
      values_.push_back(middle + reach * (float(random_()) / float(std::mt19937::max()) * 2 - 1));
    }
  }

  int divisor_;
  bool with_values_;
  std::string cfg_ = "[net]\nwidth=416\nheight=416\nchannels=3\n";
  std::vector<float> values_;
  std::size_t count_ = 0;
  std::vector<int> channels_;  // of every layer
  std::mt19937 random_{2024};
};

inline const char* const kAnchors3 = "10,13, 16,30, 33,23, 30,61, 62,45, 59,119, 116,90, 156,198, 373,326";
inline const char* const kAnchors4 = "12,16, 19,36, 40,28, 36,75, 76,55, 72,146, 142,110, 192,243, 459,401";
inline const char* const kAnchorsTiny = "10,14, 23,27, 37,58, 81,82, 135,169, 344,319";

/// Darknet-53 and three scales (Redmon and Farhadi 2018).
inline void write_yolov3(NetworkWriter& net) {
  net.convolution(32, 3);
  int stage_end[5] = {};
  const int repeats[] = {1, 2, 8, 8, 4};
  for (int stage = 0; stage < 5; ++stage) {
    const int filters = 64 << stage;
    net.convolution(filters, 3, 2);
    for (int i = 0; i < repeats[stage]; ++i) {
      net.convolution(filters / 2, 1);
      net.convolution(filters, 3);
      stage_end[stage] = net.shortcut(-3);
    }
  }
  const char* masks[] = {"6,7,8", "3,4,5", "0,1,2"};
  for (int scale = 0; scale < 3; ++scale) {
    const int filters = 512 >> scale;
    if (scale > 0) {
      net.route({-4});
      net.convolution(filters, 1);
      net.upsample();
      net.route({-1, stage_end[4 - scale]});
    }
    for (int i = 0; i < 3; ++i) {
      net.convolution(filters, 1);
      net.convolution(2 * filters, 3);
    }
    net.detect(masks[scale], kAnchors3);
  }
}

inline void write_yolov3_tiny(NetworkWriter& net) {
  int fifth = 0;
  for (const int filters : {16, 32, 64, 128, 256}) {
    fifth = net.convolution(filters, 3);
    net.maxpool(2, 2);
  }
  net.convolution(512, 3);
  net.maxpool(2, 1);
  net.convolution(1024, 3);
  net.convolution(256, 1);
  net.convolution(512, 3);
  net.detect("3,4,5", kAnchorsTiny);
  net.route({-4});
  net.convolution(128, 1);
  net.upsample();
  net.route({-1, fifth});
  net.convolution(256, 3);
  net.detect("0,1,2", kAnchorsTiny);
}

/// Three pools of growing windows over the last layer, joined with it (He et al. 2015), as in YOLOv4 and v7.
inline void write_pyramid_pools(NetworkWriter& net) {
  net.maxpool(5, 1);
  net.route({-2});
  net.maxpool(9, 1);
  net.route({-4});
  net.maxpool(13, 1);
  net.route({-1, -3, -5, -6});
}

/// CSPDarknet-53, pyramid pools, path aggregation (Bochkovskiy et al. 2020).
inline void write_yolov4(NetworkWriter& net) {
  net.convolution(32, 3, 1, "mish");
  int stage_end[5] = {};
  const int repeats[] = {1, 2, 8, 8, 4};
  for (int stage = 0; stage < 5; ++stage) {
    const int filters = 64 << stage;
    const int half = stage == 0 ? 64 : filters / 2;
    net.convolution(filters, 3, 2, "mish");
    net.convolution(half, 1, 1, "mish");
    net.route({-2});
    net.convolution(half, 1, 1, "mish");
    for (int i = 0; i < repeats[stage]; ++i) {
      net.convolution(stage == 0 ? 32 : half, 1, 1, "mish");
      net.convolution(half, 3, 1, "mish");
      net.shortcut(-3);
    }
    net.convolution(half, 1, 1, "mish");
    net.route({-1, -3 * repeats[stage] - 4});
    stage_end[stage] = net.convolution(filters, 1, 1, "mish");
  }
  const auto alternate = [&](int filters, int times) {
    int last = 0;
    for (int i = 0; i < times; ++i) last = i % 2 == 0 ? net.convolution(filters, 1) : net.convolution(2 * filters, 3);
    return last;
  };
  alternate(512, 3);
  write_pyramid_pools(net);
  const int coarse = alternate(512, 3);
  const auto finer = [&](int filters, int backbone) {
    net.convolution(filters, 1);
    net.upsample();
    net.route({backbone});
    net.convolution(filters, 1);
    net.route({-1, -3});
    return alternate(filters, 5);
  };
  const int middle = finer(256, stage_end[3]);
  finer(128, stage_end[2]);
  net.convolution(256, 3);
  net.detect("0,1,2", kAnchors4, "scale_x_y=1.2\n");
  const auto coarser = [&](int filters, int lateral) {
    net.route({-4});
    net.convolution(filters, 3, 2);
    net.route({-1, lateral});
    alternate(filters, 5);
    net.convolution(2 * filters, 3);
  };
  coarser(256, middle);
  net.detect("3,4,5", kAnchors4, "scale_x_y=1.1\n");
  coarser(512, coarse);
  net.detect("6,7,8", kAnchors4, "scale_x_y=1.05\n");
}

inline void write_yolov4_tiny(NetworkWriter& net) {
  net.convolution(32, 3, 2);
  net.convolution(64, 3, 2);
  int lateral = 0;
  for (const int filters : {64, 128, 256}) {
    net.convolution(filters, 3);
    net.route_second_half();
    net.convolution(filters / 2, 3);
    net.convolution(filters / 2, 3);
    net.route({-1, -2});
    lateral = net.convolution(filters, 1);
    net.route({-6, -1});
    net.maxpool(2, 2);
  }
  net.convolution(512, 3);
  net.convolution(256, 1);
  net.convolution(512, 3);
  net.detect("3,4,5", kAnchorsTiny, "scale_x_y=1.05\n");
  net.route({-4});
  net.convolution(128, 1);
  net.upsample();
  net.route({-1, lateral});
  net.convolution(256, 3);
  net.detect("1,2,3", kAnchorsTiny, "scale_x_y=1.05\n");
}

/// ELAN blocks, pyramid pools, new_coords (Wang et al. 2022, the Darknet edition).
inline void write_yolov7_tiny(NetworkWriter& net) {
  const auto block = [&](int filters) {
    net.convolution(filters, 1);
    net.route({-2});
    net.convolution(filters, 1);
    net.convolution(filters, 3);
    net.convolution(filters, 3);
    net.route({-5, -3, -2, -1});
    return net.convolution(2 * filters, 1);
  };
  net.convolution(32, 3, 2);
  net.convolution(64, 3, 2);
  int stage_end[4] = {};
  for (int stage = 0; stage < 4; ++stage) {
    if (stage > 0) net.maxpool(2, 2);
    stage_end[stage] = block(32 << stage);
  }
  net.convolution(256, 1);
  net.route({-2});
  net.convolution(256, 1);
  write_pyramid_pools(net);
  net.convolution(256, 1);
  net.route({-10, -1});
  const int coarse = net.convolution(256, 1);
  const auto finer = [&](int filters, int backbone) {
    net.convolution(filters, 1);
    net.upsample();
    net.route({backbone});
    net.convolution(filters, 1);
    net.route({-1, -3});
    return block(filters / 2);
  };
  const auto coarser = [&](int filters, int lateral) {
    net.convolution(filters, 3, 2);
    net.route({-1, lateral});
    return block(filters / 2);
  };
  const int middle = finer(128, stage_end[2]);
  const int scales[] = {finer(64, stage_end[1]), coarser(128, middle), coarser(256, coarse)};
  const char* masks[] = {"0,1,2", "3,4,5", "6,7,8"};
  for (int i = 0; i < 3; ++i) {
    net.route({scales[i]});
    net.convolution(128 << i, 3);
    net.detect(masks[i], kAnchors3, "scale_x_y=2.0\nnew_coords=1\n", "logistic");
  }
}

}  // namespace zmdetect::testing
