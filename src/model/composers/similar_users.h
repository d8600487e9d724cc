// The composer `similar-users` (PeaPOD §3.3, and the authors' code): the user's vector attends to those of the most
// similar training users, and a linear layer makes the personal prompt of what it finds.
#pragma once

#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "base/matrix.h"
#include "model/composer.h"
#include "prefs/neighbours.h"
#include "prefs/user_vectors.h"

namespace peapod {

class SimilarUsers final : public Composer {
 public:
  // `table` [training users, user_dim] holds their vectors. Throws Error for fewer than two users.
  SimilarUsers(const ComposerOptions& options, UserVectors vectors, Matrix table);

  std::string_view name() const override { return kSimilarUsers; }
  size_t length() const override { return options().prompt_length; }
  ComposerUser see(uint32_t known_as, std::span<const uint32_t> profile) const override;
  std::unique_ptr<ComposerLayer<float>> layer(size_t d_model, Parameters<float>& parameters) const override;
  std::unique_ptr<ComposerLayer<double>> layer(size_t d_model, Parameters<double>& parameters) const override;
  std::vector<NamedTensor> tensors() const override;

  static void visit(ComposerOptions& options, SettingVisitor& visitor);
  static std::unique_ptr<const Composer> fit(const ComposerOptions& options, const TrainingPart& training);
  static std::unique_ptr<const Composer> load(const ComposerOptions& options, const StoredComposer& stored);

 private:
  UserVectors vectors_;
  Matrix table_;
  NeighbourIndex nearest_;  // refers to table_
};

}  // namespace peapod
