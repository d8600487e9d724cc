#include "cli/terminal.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <iostream>

namespace peapod::cli {

ProgressOutput progress_output() {
  winsize size{};
  const bool wide = ::isatty(STDERR_FILENO) != 0 && ::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col >= 80;
  return {
      .stream = &std::cerr, .style = wide ? ProgressOutput::Style::bar : ProgressOutput::Style::lines, .seconds = {}};
}

}  // namespace peapod::cli
