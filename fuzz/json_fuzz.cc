// The way into JSON, and what rewrites Python literals as it.
#include <nlohmann/json.hpp>

#include "base/json.h"
#include "inputs.h"
#include "sources/python_literal.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace peapod;
  const std::string_view text = fuzz::text_of(data, size);
  nlohmann::json value;
  if (read_json(text, value).empty()) {
    (void)shown_json(value);
    // What was read can be written and is read the same again.
    nlohmann::json again;
    const std::string written = value.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
    if (!read_json(written, again).empty()) __builtin_trap();
  }
  nlohmann::ordered_json ordered;
  (void)read_json(text, ordered, {.max_bytes = 1000, .max_depth = 3, .unique_names = true});
  (void)read_json(json_of_python(text), value);
  return 0;
}
