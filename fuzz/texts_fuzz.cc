// Single values: times, prices, availability, names, titles, reviews.
#include "inputs.h"
#include "sources/plain_text.h"
#include "sources/price_text.h"
#include "sources/time_text.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace peapod;
  const std::string_view text = fuzz::text_of(data, size);
  std::string problem;
  for (const TimeUnit unit : {TimeUnit::seconds, TimeUnit::milliseconds, TimeUnit::microseconds}) {
    const auto time = parse_time(text, unit, problem);
    if (time && !(*time > -1e10 && *time < 1e10)) __builtin_trap();
    if (!time && problem.empty()) __builtin_trap();
  }
  const auto price = price_in(text);
  if (price && !(*price >= 0 && *price < 1e300)) __builtin_trap();
  (void)availability_in(text);
  const std::string name = clean_name(text);
  if (clean_name(name).size() > name.size()) __builtin_trap();
  (void)clean_title(text);
  (void)plain_text(text);
  (void)clean_categories({std::string(text), name});
  return 0;
}
