#include "eval/training_curve.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <sstream>
#include <string_view>

#include "base/checksum.h"
#include "base/error.h"
#include "base/files.h"
#include "base/json.h"

namespace peapod {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::string_view kValid = "valid.";
constexpr const char* kRemedy = "copy the file again, or remove it: there are no curves of training then";

TrainingPoint point_of(const Json& line, const std::string& where) {
  const auto number = [&](const char* field) {
    const auto found = line.find(field);
    if (found == line.end() || !found->is_number()) {
      throw Error(fmt::format("{}: field \"{}\"", where, field), "expected a number", kRemedy);
    }
    return found->get<double>();
  };
  TrainingPoint point{.step = number("step"), .minutes = number("minutes"), .loss = number("loss"), .metrics = {}};
  point.best = line.value("best", Json(false)) == true;
  for (const auto& [key, value] : line.items()) {
    if (key.starts_with(kValid) && value.is_number()) {
      point.metrics.emplace_back(key.substr(kValid.size()), value.get<double>());
    }
  }
  return point;
}

}  // namespace

std::vector<TrainingPoint> read_training_curve(const std::filesystem::path& file) {
  std::vector<TrainingPoint> points;
  if (!std::filesystem::exists(file)) return points;
  std::istringstream lines(read_file(file));
  size_t number = 0;
  for (std::string text; std::getline(lines, text);) {
    const std::string where = fmt::format("{}:{}", file.string(), ++number);
    const std::string fault = seal_fault(text);
    if (!fault.empty()) throw Error(where, fault, kRemedy);
    const Json line = parse_json_object<Json>(text, where, kRemedy);
    const TrainingPoint point = point_of(line, where);
    while (!points.empty() && points.back().step >= point.step) points.pop_back();
    points.push_back(point);
  }
  return points;
}

}  // namespace peapod
