// MovieLens as it has been distributed over the years: ratings, and behind a record separator films. The first byte
// says of which year.
#include "sources.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace peapod;
  if (size == 0) return 0;
  const std::vector<std::vector<std::string>> layouts = {
      {"u.data", "u.item"}, {"ratings.dat", "movies.dat"}, {"ratings.csv", "movies.csv"}};
  const size_t layout = data[0] % layouts.size();
  for (const auto& names : layouts) fuzz::folder().write_parts({}, names);
  fuzz::folder().write_parts(fuzz::text_of(data + 1, size - 1), layouts[layout]);
  fuzz::read_and_prepare(fuzz::folder().path(), {.format = SourceFormat::movielens, .min_rating = 2});
  return 0;
}
