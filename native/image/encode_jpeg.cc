#include "image/encode_jpeg.h"

#include <cstdio>
// jpeglib.h needs size_t and FILE from the headers above.
#include <jerror.h>
#include <jpeglib.h>

#include <csetjmp>
#include <string>

namespace zmdetect {
namespace {

// Everything that must survive libjpeg's longjmp lives here, in the caller of the function that calls setjmp; that one
// has no local variables with destructors.
struct Session {
  jpeg_compress_struct jpeg{};
  jpeg_error_mgr errors{};
  std::jmp_buf on_error;
  char message[JMSG_LENGTH_MAX] = "";
  unsigned char* data = nullptr;
  unsigned long size = 0;

  Session();
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;
};

[[noreturn]] void fail(j_common_ptr jpeg) {
  Session& session = *static_cast<Session*>(jpeg->client_data);
  session.errors.format_message(jpeg, session.message);
  std::longjmp(session.on_error, 1);
}

Session::Session() {
  jpeg.err = jpeg_std_error(&errors);
  jpeg.client_data = this;
  errors.error_exit = fail;
  errors.output_message = [](j_common_ptr) {};
}

Session::~Session() {
  jpeg_destroy_compress(&jpeg);
  std::free(data);
}

bool write(Session& s, const Image& image, int quality) {
  if (setjmp(s.on_error) != 0) return false;
  jpeg_create_compress(&s.jpeg);
  jpeg_mem_dest(&s.jpeg, &s.data, &s.size);
  s.jpeg.image_width = JDIMENSION(image.width);
  s.jpeg.image_height = JDIMENSION(image.height);
  s.jpeg.input_components = 3;
  s.jpeg.in_color_space = JCS_RGB;
  jpeg_set_defaults(&s.jpeg);
  jpeg_set_quality(&s.jpeg, quality, TRUE);
  s.jpeg.comp_info[0].h_samp_factor = 1;
  s.jpeg.comp_info[0].v_samp_factor = 1;
  jpeg_start_compress(&s.jpeg, TRUE);
  const std::size_t stride = std::size_t(image.width) * 3;
  while (s.jpeg.next_scanline < s.jpeg.image_height) {
    JSAMPROW row = image.pixels.get() + s.jpeg.next_scanline * stride;
    jpeg_write_scanlines(&s.jpeg, &row, 1);
  }
  jpeg_finish_compress(&s.jpeg);
  return true;
}

}  // namespace

Result<JpegFile> encode_jpeg(const Image& image, int quality) {
  if (image.width > JPEG_MAX_DIMENSION || image.height > JPEG_MAX_DIMENSION) {
    return Status(Code::kImageTooLarge, "a JPEG holds at most " + std::to_string(JPEG_MAX_DIMENSION) +
                                            " pixels on a side, this picture has " + std::to_string(image.width) +
                                            " x " + std::to_string(image.height));
  }
  Session session;
  if (!write(session, image, quality)) {
    const bool memory = session.errors.msg_code == JERR_OUT_OF_MEMORY;
    return Status(memory ? Code::kOutOfMemory : Code::kInternal, "JPEG encoder: " + std::string(session.message));
  }
  JpegFile file;
  file.data.reset(session.data);
  file.size = session.size;
  session.data = nullptr;
  return file;
}

}  // namespace zmdetect
