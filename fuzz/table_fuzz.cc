// A delimited table of interactions.
#include "sources.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace peapod;
  const auto file = fuzz::folder().write("a.csv", fuzz::text_of(data, size));
  fuzz::read_and_prepare(file, {.format = SourceFormat::csv});
  fuzz::read_and_prepare(file, {.format = SourceFormat::csv, .event_weights = {{"purchase", 1}, {"view", 0.5}}});
  return 0;
}
