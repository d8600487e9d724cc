// A table of items, delimited or JSON lines as the first byte has it, beside a log of five items.
#include "sources.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace peapod;
  const auto log = fuzz::folder().write("log.csv", "user,item\na,1\na,2\nb,3\nb,tea\nb,milk\n");
  const std::string_view input = fuzz::text_of(data, size);
  ReadOptions options{.format = SourceFormat::csv};
  options.items = fuzz::folder().write(input.starts_with('{') ? "items.jsonl" : "items.csv", input);
  fuzz::read_and_prepare(log, options);
  return 0;
}
