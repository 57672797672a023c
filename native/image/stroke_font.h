// A small font of lines: every printable ASCII character, drawn at any size without a font file.
#pragma once

#include <string_view>

#include "image/draw.h"

namespace zmdetect {

/// The width in pixels of one line of UTF-8 text whose capitals are `cap_height` pixels high.
double text_width(std::string_view text, double cap_height);

/// Draws one line of UTF-8 text; `at` is the left end of the capitals' top edge. Descenders reach cap_height / 4 below
/// the baseline. What the font does not have is drawn as a hollow box. Throws std::bad_alloc.
void draw_text(Image& image, std::string_view text, Point at, double cap_height, Colour colour);

}  // namespace zmdetect
