// Where the program's progress goes: standard error, a bar where that is a terminal.
#pragma once

#include "base/progress.h"

namespace peapod::cli {

ProgressOutput progress_output();

}  // namespace peapod::cli
