// JPEG through libjpeg-turbo, with the choices of OpenCV's imdecode(IMREAD_COLOR) and so with its pixels.
#include <cstddef>
#include <cstdio>
// jpeglib.h needs size_t and FILE from the two above.
#include <jpeglib.h>

#include <csetjmp>
#include <cstring>
#include <string_view>
#include <vector>

#include "image/byte_reader.h"
#include "input_limits.h"

namespace zmdetect {

namespace {

constexpr char kFormat[] = "JPEG";

// A progressive picture may hold any number of scans, and each one walks over all coefficients: a file of some
// hundred kilobytes can keep a core busy for minutes. Encoders write about ten.
constexpr int kMaxScans = limits::kJpegScans;

// Arithmetic coding packs any number of decisions into a byte, so an empty scan costs as much as a full one.
constexpr std::int64_t kArithmeticWeight = 8;

// Everything that must survive libjpeg's longjmp lives here, in the caller of the functions that call setjmp; these
// have no local variables with destructors.
struct Session {
  jpeg_decompress_struct jpeg{};
  jpeg_error_mgr errors{};
  jpeg_source_mgr source{};
  jpeg_progress_mgr progress{};
  const StopCheck& stop;
  Status stopped;
  bool reading_scans = false;
  std::int64_t scan_samples = 0;
  std::jmp_buf on_error;
  char message[JMSG_LENGTH_MAX] = "";
  Image image;
  std::vector<JSAMPLE> cmyk_row;

  Session(Bytes bytes, const StopCheck& stop);
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

// Samples in one row of the scan's coding units.
std::int64_t row_samples(const jpeg_decompress_struct& jpeg) {
  std::int64_t samples = 0;
  for (int i = 0; i < jpeg.comps_in_scan; ++i) {
    const jpeg_component_info& component = *jpeg.cur_comp_info[i];
    samples += std::int64_t(component.width_in_blocks) * component.v_samp_factor * DCTSIZE2;
  }
  return jpeg.arith_code ? samples * kArithmeticWeight : samples;
}

// libjpeg calls this before every row of coding units of every scan, and before every row of pixels.
void watch(j_common_ptr common) {
  const jpeg_decompress_struct& jpeg = *reinterpret_cast<j_decompress_ptr>(common);
  Session& s = session_of(common);
  s.stopped = s.stop();
  if (s.reading_scans) s.scan_samples += row_samples(jpeg);
  if (jpeg.input_scan_number > kMaxScans) {
    std::snprintf(s.message, sizeof s.message, "more than %d scans", kMaxScans);
  } else if (s.scan_samples > limits::kJpegScanSamples) {
    std::snprintf(s.message, sizeof s.message, "its scans hold more than %lld samples",
                  static_cast<long long>(limits::kJpegScanSamples));
  } else if (s.stopped.ok()) {
    return;
  }
  std::longjmp(s.on_error, 1);
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

Session::Session(Bytes bytes, const StopCheck& stop_check) : stop(stop_check) {
  jpeg.err = jpeg_std_error(&errors);
  jpeg.client_data = this;
  errors.error_exit = fail;
  errors.emit_message = [](j_common_ptr, int) {};
  errors.output_message = [](j_common_ptr) {};
  progress.progress_monitor = watch;
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
  s.reading_scans = true;
  const bool started = jpeg_start_decompress(&s.jpeg);
  s.reading_scans = false;
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

}  // namespace

// libjpeg would keep the segments for us, in a list whose end it looks for each time: quadratic in their number.
JpegSegments read_jpeg_segments(Bytes jpeg) {
  constexpr std::string_view kExif("Exif\0\0", 6);
  const ByteReader reader(jpeg, /*big_endian=*/true);
  JpegSegments segments;
  for (std::size_t at = 2; at + 4 <= jpeg.size();) {
    if (jpeg[at] != 0xFF || jpeg[at + 1] == 0xFF || jpeg[at + 1] == 0) {  // filling, or bytes of no segment
      ++at;
      continue;
    }
    const int marker = jpeg[at + 1];
    if (marker == 0xD9 || marker == 0xDA) break;                 // end of the picture, start of a scan
    if (marker == 0x01 || (marker >= 0xD0 && marker <= 0xD8)) {  // markers without a length
      at += 2;
      continue;
    }
    const std::size_t length = reader.u16(at + 2);  // counts its own two bytes
    const std::size_t payload = at + 4;
    if (length < 2 || payload + length - 2 > jpeg.size()) break;
    ++segments.count;
    const Bytes data = jpeg.subspan(payload, length - 2);
    if (marker == JPEG_APP0 + 1 && segments.exif.empty() && data.size() > kExif.size() &&
        std::memcmp(data.data(), kExif.data(), kExif.size()) == 0) {
      segments.exif = data.subspan(kExif.size());
    }
    at = payload + length - 2;
  }
  return segments;
}

Result<StoredImage> decode_jpeg(Bytes bytes, const DecodeLimits& limits, const StopCheck& stop) {
  const JpegSegments segments = read_jpeg_segments(bytes);
  if (segments.count > std::size_t(limits::kJpegSegments)) {
    return undecodable(kFormat, "more than " + std::to_string(limits::kJpegSegments) + " segments before the picture");
  }
  Session session(bytes, stop);
  if (!read_header(session)) return undecodable(kFormat, session.message);
  const jpeg_decompress_struct& jpeg = session.jpeg;
  ZMD_RETURN_IF_ERROR(check_size(kFormat, jpeg.image_width, jpeg.image_height, limits));
  session.image = allocate_image(int(jpeg.image_width), int(jpeg.image_height));
  if (jpeg.num_components == 4) session.cmyk_row.resize(std::size_t(jpeg.image_width) * 4);
  const bool complete = read_pixels(session, limits.fast_jpeg);
  ZMD_RETURN_IF_ERROR(session.stopped);
  if (!complete) return undecodable(kFormat, session.message);
  return StoredImage{std::move(session.image), exif_orientation(segments.exif)};
}

}  // namespace zmdetect
