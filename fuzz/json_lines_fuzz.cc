// A table of interactions as JSON lines.
#include "sources.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace peapod;
  fuzz::read_and_prepare(fuzz::folder().write("a.jsonl", fuzz::text_of(data, size)), {.format = SourceFormat::jsonl});
  return 0;
}
