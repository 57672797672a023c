// GIF, first frame only: our own walk over the blocks, Leptonica (giflib) for the LZW data.
#include <algorithm>
#include <array>
#include <vector>

#include "image/byte_reader.h"
#include "image/leptonica.h"

namespace zmdetect {

namespace {

constexpr char kFormat[] = "GIF";
constexpr std::uint8_t kExtension = 0x21;
constexpr std::uint8_t kGraphicControl = 0xF9;
constexpr std::uint8_t kImageBlock = 0x2C;
constexpr std::uint8_t kTrailer = 0x3B;

// GIF89a, sections 18 to 26: positions in the file, sizes in pixels.
struct Layout {
  int width = 0;  // of the canvas
  int height = 0;
  std::size_t blocks = 0;  // where header and global colour table end
  std::size_t frame = 0;   // first image block
  std::size_t frame_end = 0;
  int left = 0;
  int top = 0;
  int frame_width = 0;
  int frame_height = 0;
  int transparent = -1;  // colour index, -1 for none
  bool colours_known = false;
  std::array<std::uint8_t, 3> background{};
};

std::size_t colour_table_bytes(std::uint32_t flags) { return (flags & 0x80) != 0 ? 3U << ((flags & 7) + 1) : 0; }

// The end of a chain of sub-blocks (length byte, data, ..., zero), or past the file if it is cut.
std::size_t end_of_sub_blocks(const ByteReader& reader, std::size_t at, std::size_t file_size) {
  while (at < file_size) {
    const std::size_t length = reader.u8(at);
    at += 1 + length;
    if (length == 0) return at;
  }
  return file_size + 1;
}

void read_screen(const ByteReader& reader, Layout& layout) {
  constexpr std::size_t kHeader = 13;
  layout.width = int(reader.u16(6));
  layout.height = int(reader.u16(8));
  const std::uint32_t flags = reader.u8(10);
  const std::uint32_t background = reader.u8(11);
  const std::size_t table = colour_table_bytes(flags);
  layout.blocks = kHeader + table;
  layout.colours_known = table > 0;
  if (background * 3 < table) {
    for (unsigned c = 0; c < 3; ++c) layout.background[c] = std::uint8_t(reader.u8(kHeader + background * 3 + c));
  }
}

void read_frame(const ByteReader& reader, std::size_t at, Layout& layout) {
  layout.frame = at;
  layout.left = int(reader.u16(at + 1));
  layout.top = int(reader.u16(at + 3));
  layout.frame_width = int(reader.u16(at + 5));
  layout.frame_height = int(reader.u16(at + 7));
}

// Walks to the trailer, since OpenCV rejects a GIF whose later frames are cut off, too.
bool read_layout(Bytes bytes, Layout& layout) {
  constexpr std::size_t kDescriptor = 10;
  const ByteReader reader(bytes);
  read_screen(reader, layout);
  for (std::size_t at = layout.blocks; at < bytes.size();) {
    const std::uint32_t block = reader.u8(at);
    if (block == kTrailer) return layout.frame != 0;
    if (block == kExtension) {
      if (layout.frame == 0 && reader.u8(at + 1) == kGraphicControl) {
        const bool has_transparent = (reader.u8(at + 3) & 1) != 0;
        layout.transparent = has_transparent ? int(reader.u8(at + 6)) : -1;
      }
      at = end_of_sub_blocks(reader, at + 2, bytes.size());
    } else if (block == kImageBlock) {
      const std::uint32_t flags = reader.u8(at + kDescriptor - 1);
      const std::size_t data = at + kDescriptor + colour_table_bytes(flags) + 1;  // after the LZW code size
      const std::size_t end = end_of_sub_blocks(reader, data, bytes.size());
      if (layout.frame == 0) {
        read_frame(reader, at, layout);
        layout.colours_known = layout.colours_known || (flags & 0x80) != 0;
        layout.frame_end = end;
      }
      at = end;
    } else {
      return false;
    }
  }
  return false;
}

// giflib unpacks every frame of a file, each of a size of its own. It gets to see the first one alone.
std::vector<std::uint8_t> only_first_frame(Bytes bytes, const Layout& layout) {
  std::vector<std::uint8_t> gif(bytes.begin(), bytes.begin() + std::ptrdiff_t(layout.blocks));
  gif.insert(gif.end(), bytes.begin() + std::ptrdiff_t(layout.frame), bytes.begin() + std::ptrdiff_t(layout.frame_end));
  gif.push_back(kTrailer);
  return gif;
}

}  // namespace

Result<StoredImage> decode_gif(Bytes bytes, const DecodeLimits& limits, const StopCheck& stop) {
  Layout layout;
  if (!read_layout(bytes, layout)) return undecodable(kFormat, "premature end of data or an unknown block");
  ZMD_RETURN_IF_ERROR(check_size(kFormat, std::uint64_t(layout.width), std::uint64_t(layout.height), limits));
  if (layout.frame_width == 0 || layout.frame_height == 0 || layout.left + layout.frame_width > layout.width ||
      layout.top + layout.frame_height > layout.height) {
    return undecodable(kFormat, "the first frame does not lie on the canvas");
  }
  if (!layout.colours_known) return undecodable(kFormat, "no colour table");

  silence_leptonica();
  const std::vector<std::uint8_t> gif = only_first_frame(bytes, layout);
  const PixPtr stored(pixReadMemGif(gif.data(), gif.size()));
  if (stored == nullptr) return undecodable(kFormat, "broken picture data");
  const PixPtr frame(pixConvertTo8(stored.get(), TRUE));
  if (frame == nullptr) throw std::bad_alloc();
  PIXCMAP* const colours = pixGetColormap(frame.get());
  const int colour_count = pixcmapGetCount(colours);

  // Around the frame and through its transparent pixels one sees the background colour.
  ZMD_RETURN_IF_ERROR(stop());
  Image image = allocate_image(layout.width, layout.height);
  for (std::size_t i = 0; i < image.bytes(); ++i) image.pixels[i] = layout.background[i % 3];
  for (int y = 0; y < layout.frame_height; ++y) {
    ZMD_RETURN_IF_ERROR(stop());
    l_uint32* const line = pixGetData(frame.get()) + std::size_t(y) * std::size_t(pixGetWpl(frame.get()));
    std::uint8_t* out =
        image.pixels.get() + (std::size_t(layout.top + y) * std::size_t(layout.width) + std::size_t(layout.left)) * 3;
    for (int x = 0; x < layout.frame_width; ++x, out += 3) {
      const int index = GET_DATA_BYTE(line, x);
      if (index == layout.transparent) continue;
      l_int32 red = 0;
      l_int32 green = 0;
      l_int32 blue = 0;
      if (index >= colour_count || pixcmapGetColor(colours, index, &red, &green, &blue) != 0) {
        return undecodable(kFormat, "a pixel has a colour outside the table");
      }
      out[0] = std::uint8_t(red);
      out[1] = std::uint8_t(green);
      out[2] = std::uint8_t(blue);
    }
  }
  return StoredImage{std::move(image), 1};
}

}  // namespace zmdetect
