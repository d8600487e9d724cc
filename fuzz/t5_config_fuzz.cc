// The config.json of a Hugging Face T5 directory.
#include "inputs.h"
#include "model/config.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace peapod;
  fuzz::expect_an_error_at_most(
      [&] { (void)t5_config_from_json(std::string(fuzz::text_of(data, size)), "config.json"); });
  return 0;
}
