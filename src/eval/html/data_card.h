// The page that `inspect --html` writes of a prepared data set: how large it is, how interactions spread over users,
// items and time, what was read and rejected, whether it gives test items away, and a few users and items. One
// self-contained HTML document, light and dark. Pure function; the same data set gives the same page.
#pragma once

#include <string>

#include "data/dataset.h"

namespace peapod::html {

std::string data_card(const Dataset& data);

}  // namespace peapod::html
