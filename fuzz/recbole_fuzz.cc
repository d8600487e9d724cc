// RecBole's atomic files: interactions, and behind a record separator items.
#include "sources.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace peapod;
  fuzz::folder().write_parts(fuzz::text_of(data, size), {"a.inter", "a.item"});
  fuzz::read_and_prepare(fuzz::folder().path(), {.format = SourceFormat::recbole});
  return 0;
}
