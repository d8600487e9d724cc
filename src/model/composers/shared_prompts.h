// The composer `shared-prompts` (PeaPOD §3.2, the default): heads weigh a set of shared prompts by the user's vector
// and mix the personal prompt from them. The weights show how the model reads a user (model/prompt_weights.h).
#pragma once

#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "model/composer.h"
#include "prefs/user_vectors.h"

namespace peapod {

class SharedPrompts final : public Composer {
 public:
  SharedPrompts(const ComposerOptions& options, UserVectors vectors);

  std::string_view name() const override { return kSharedPrompts; }
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
};

}  // namespace peapod
