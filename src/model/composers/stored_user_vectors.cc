#include "model/composers/stored_user_vectors.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "base/error.h"

namespace peapod {
namespace {

constexpr const char* kFactors = "item_factors";
constexpr const char* kMean = "user_mean";
constexpr const char* kScale = "user_scale";

}  // namespace

void visit_user_vectors(PmfOptions& options, SettingVisitor& visitor) {
  visitor.size("user_dim", options.dim);
  visitor.size("pmf_sweeps", options.sweeps);
  visitor.number("pmf_confidence", options.confidence);
  visitor.number("pmf_regularisation", options.regularisation);
  visitor.seed("pmf_seed", options.seed);
}

std::vector<NamedTensor> tensors_of(const UserVectors& vectors) {
  const Matrix& factors = vectors.item_factors();
  const Standardiser& standardiser = vectors.standardiser();
  return {{kFactors, {factors.rows, factors.cols}, factors.values},
          {kMean, {standardiser.mean.size()}, standardiser.mean},
          {kScale, {standardiser.scale.size()}, standardiser.scale}};
}

namespace {

std::vector<float> load_finite(const StoredComposer& stored, const std::string& name) {
  std::vector<float> values = stored.file.read_f32(name);
  if (!std::ranges::all_of(values, [](float value) { return std::isfinite(value); })) {
    throw Error(stored.where + ": tensor \"" + name + "\"", "holds values that are not finite",
                "train the model again");
  }
  return values;
}

}  // namespace

Matrix load_matrix(const StoredComposer& stored, const std::string& name, size_t rows, size_t cols) {
  const auto shape = stored.file.shape(name);
  if (shape.size() != 2 || shape[0] != rows || shape[1] != cols) {
    throw Error(stored.where + ": tensor \"" + name + "\"", fmt::format("does not have the shape [{}, {}]", rows, cols),
                "train the model again");
  }
  Matrix matrix(rows, cols);
  matrix.values = load_finite(stored, name);
  return matrix;
}

UserVectors load_user_vectors(const PmfOptions& options, const StoredComposer& stored) {
  Matrix factors = load_matrix(stored, kFactors, stored.num_items, options.dim);
  Standardiser standardiser{load_finite(stored, kMean), load_finite(stored, kScale)};
  if (standardiser.mean.size() != options.dim || standardiser.scale.size() != options.dim) {
    throw Error(stored.where, "the standardisation of user vectors has another size than user_dim",
                "train the model again");
  }
  return UserVectors::from_parts(std::move(factors), std::move(standardiser), options);
}

}  // namespace peapod
