// The files of POD, between record separators.
#include "sources.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace peapod;
  fuzz::folder().write_parts(fuzz::text_of(data, size),
                             {"sequential.txt", "names.txt", "datamaps.json", "explanation.json"});
  fuzz::read_and_prepare(fuzz::folder().path(), {.format = SourceFormat::pod});
  return 0;
}
