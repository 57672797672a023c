// JPEG through libjpeg-turbo, with the choices of OpenCV's imdecode(IMREAD_COLOR) and so with its pixels.
#include <cstddef>
#include <cstdio>
// jpeglib.h needs size_t and FILE from the two above.
#include <jpeglib.h>

#include <csetjmp>
#include <cstring>
#include <vector>

#include "image/formats.h"
#include "input_limits.h"

namespace zmdetect {

namespace {

constexpr char kFormat[] = "JPEG";

// A progressive picture may hold any number of scans, and each one walks over all coefficients: a file of some
// hundred kilobytes can keep a core busy for minutes. Encoders write about ten.
constexpr int kMaxScans = limits::kJpegScans;

// Everything that must survive libjpeg's longjmp lives here, in the caller of the functions that call setjmp; these
// have no local variables with destructors.
struct Session {
  jpeg_decompress_struct jpeg{};
  jpeg_error_mgr errors{};
  jpeg_source_mgr source{};
  jpeg_progress_mgr progress{};
  std::jmp_buf on_error;
  char message[JMSG_LENGTH_MAX] = "";
  Image image;
  std::vector<JSAMPLE> cmyk_row;

  explicit Session(Bytes bytes);
  ~Session() { jpeg_destroy_decompress(&jpeg); }
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;
};

Session& session_of(j_common_ptr jpeg) { return *static_cast<Session*>(jpeg->client_data); }

[[noreturn]] void fail(j_common_ptr jpeg) {
  Session& session = session_of(jpeg);
  session.errors.format_message(jpeg, session.message);
  std::longjmp(session.on_error, 1);
}

void count_scans(j_common_ptr jpeg) {
  if (reinterpret_cast<j_decompress_ptr>(jpeg)->input_scan_number <= kMaxScans) return;
  Session& session = session_of(jpeg);
  std::snprintf(session.message, sizeof session.message, "more than %d scans", kMaxScans);
  std::longjmp(session.on_error, 1);
}

// The source has no more bytes than it began with. To say so (instead of inserting an end marker, as libjpeg's own
// memory source does) suspends the decoder, and that is how OpenCV 4.14 comes to reject truncated pictures, while it
// accepts every fault inside the data that libjpeg only warns of.
boolean no_more_bytes(j_decompress_ptr) { return FALSE; }

void skip_bytes(j_decompress_ptr jpeg, long count) {
  if (count <= 0) return;
  jpeg_source_mgr& source = *jpeg->src;
  const std::size_t skipped = std::min(std::size_t(count), source.bytes_in_buffer);
  source.next_input_byte += skipped;
  source.bytes_in_buffer -= skipped;
}

Session::Session(Bytes bytes) {
  jpeg.err = jpeg_std_error(&errors);
  jpeg.client_data = this;
  errors.error_exit = fail;
  errors.emit_message = [](j_common_ptr, int) {};
  errors.output_message = [](j_common_ptr) {};
  progress.progress_monitor = count_scans;
  source.next_input_byte = bytes.data();
  source.bytes_in_buffer = bytes.size();
  source.init_source = [](j_decompress_ptr) {};
  source.fill_input_buffer = no_more_bytes;
  source.skip_input_data = skip_bytes;
  source.resync_to_restart = jpeg_resync_to_restart;
  source.term_source = [](j_decompress_ptr) {};
}

bool read_header(Session& s) {
  if (setjmp(s.on_error) != 0) return false;
  jpeg_create_decompress(&s.jpeg);
  s.jpeg.src = &s.source;
  s.jpeg.progress = &s.progress;
  jpeg_save_markers(&s.jpeg, JPEG_APP0 + 1, 0xFFFF);
  if (jpeg_read_header(&s.jpeg, TRUE) == JPEG_HEADER_OK) return true;
  std::strcpy(s.message, "premature end of data in the header");
  return false;
}

// OpenCV takes every four-component picture for Adobe's inverted CMYK, whether a marker says so or not.
void cmyk_row_to_rgb(const JSAMPLE* cmyk, std::uint8_t* rgb, int width) {
  for (int x = 0; x < width; ++x, cmyk += 4, rgb += 3) {
    const int k = cmyk[3];
    for (int c = 0; c < 3; ++c) rgb[c] = std::uint8_t(k - ((255 - cmyk[c]) * k >> 8));
  }
}

// Fills s.image, which is allocated. libjpeg's defaults are what OpenCV uses: ISLOW DCT, fancy upsampling.
bool read_pixels(Session& s, bool fast) {
  if (setjmp(s.on_error) != 0) return false;
  if (fast) {
    s.jpeg.dct_method = JDCT_IFAST;
    s.jpeg.do_fancy_upsampling = FALSE;
  }
  const bool four = s.jpeg.num_components == 4;
  s.jpeg.out_color_space = four ? JCS_CMYK : JCS_EXT_RGB;
  // False when the source ran dry within a picture of many scans; reading its first row then fails as well.
  const bool started = jpeg_start_decompress(&s.jpeg);
  const std::size_t stride = std::size_t(s.image.width) * 3;
  for (int y = 0; y < s.image.height; ++y) {
    std::uint8_t* const row = s.image.pixels.get() + std::size_t(y) * stride;
    JSAMPLE* target = four ? s.cmyk_row.data() : row;
    if (!started || jpeg_read_scanlines(&s.jpeg, &target, 1) != 1) {
      std::snprintf(s.message, sizeof s.message, "premature end of data at row %d of %d", y, s.image.height);
      return false;
    }
    if (four) cmyk_row_to_rgb(s.cmyk_row.data(), row, s.image.width);
  }
  return true;
}

int orientation_of(const jpeg_decompress_struct& jpeg) {
  constexpr char kExif[] = "Exif\0";  // and the zero that ends the literal
  constexpr std::size_t kExifSize = 6;
  for (jpeg_saved_marker_ptr marker = jpeg.marker_list; marker != nullptr; marker = marker->next) {
    const Bytes data(marker->data, marker->data_length);
    if (data.size() > kExifSize && std::memcmp(data.data(), kExif, kExifSize) == 0) {
      return exif_orientation(data.subspan(kExifSize));
    }
  }
  return 1;
}

}  // namespace

Result<StoredImage> decode_jpeg(Bytes bytes, const DecodeLimits& limits) {
  Session session(bytes);
  if (!read_header(session)) return undecodable(kFormat, session.message);
  const jpeg_decompress_struct& jpeg = session.jpeg;
  ZMD_RETURN_IF_ERROR(check_size(kFormat, jpeg.image_width, jpeg.image_height, limits));
  session.image = allocate_image(int(jpeg.image_width), int(jpeg.image_height));
  if (jpeg.num_components == 4) session.cmyk_row.resize(std::size_t(jpeg.image_width) * 4);
  const int orientation = orientation_of(jpeg);
  if (!read_pixels(session, limits.fast_jpeg)) return undecodable(kFormat, session.message);
  return StoredImage{std::move(session.image), orientation};
}

}  // namespace zmdetect
