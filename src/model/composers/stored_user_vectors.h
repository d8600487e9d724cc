// How the personal composers keep user vectors: their options, and their tensors beside the weights. Pure functions.
#pragma once

#include <string>
#include <vector>

#include "base/matrix.h"
#include "model/composer.h"
#include "prefs/user_vectors.h"

namespace peapod {

// Shows the options of the fit.
void visit_user_vectors(PmfOptions& options, SettingVisitor& visitor);

// item_factors [num_items, dim], user_mean and user_scale [dim]; views of `vectors`.
std::vector<NamedTensor> tensors_of(const UserVectors& vectors);

// Throw Error that names file and tensor where one is missing or has another shape.
UserVectors load_user_vectors(const PmfOptions& options, const StoredComposer& stored);
Matrix load_matrix(const StoredComposer& stored, const std::string& name, size_t rows, size_t cols);

}  // namespace peapod
