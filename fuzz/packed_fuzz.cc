// A packed file: gzip or Zstandard by its first bytes, else plain.
#include "inputs.h"
#include "sources/line_reader.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace peapod;
  const auto file = fuzz::folder().write("a", fuzz::text_of(data, size));
  fuzz::expect_an_error_at_most([&] {
    LineReader lines(file);
    uint64_t bytes = 0;
    for (std::string_view line; bytes < 100'000'000 && lines.next(line);) bytes += line.size() + 1;
  });
  return 0;
}
