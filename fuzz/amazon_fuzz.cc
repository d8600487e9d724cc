// Reviews of Amazon, and behind the first record separator their metadata: JSON lines or Python literals.
#include "sources.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace peapod;
  fuzz::folder().write_parts(fuzz::text_of(data, size), {"Toys_5.json", "meta_Toys.json"});
  fuzz::read_and_prepare(fuzz::folder().path(), {.format = SourceFormat::amazon});
  return 0;
}
