// A safetensors file and all its values.
#include "inputs.h"
#include "model/safetensors.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace peapod;
  const auto file = fuzz::folder().write("model.safetensors", fuzz::text_of(data, size));
  fuzz::expect_an_error_at_most([&] {
    const SafetensorsFile stored = SafetensorsFile::open(file);
    double sum = 0;
    for (const std::string& name : stored.names()) {
      for (const float value : stored.read_f32(name)) sum += value;
    }
    volatile double kept = sum;  // the values are read
    (void)kept;
  });
  return 0;
}
