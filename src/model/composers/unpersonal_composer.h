// The composers without a personal prompt: `task-only`, which has the task's vectors alone (POD, Li et al. 2023), and
// `none`, which has nothing in front of the text. For comparison with the personal ones.
#pragma once

#include "model/composer.h"

namespace peapod {

class UnpersonalComposer final : public Composer {
 public:
  explicit UnpersonalComposer(bool has_task_prompts) : Composer({}), has_task_prompts_(has_task_prompts) {}

  std::string_view name() const override { return has_task_prompts_ ? kTaskOnly : kNoPrompts; }
  bool has_task_prompts() const override { return has_task_prompts_; }
  ComposerUser see(uint32_t, std::span<const uint32_t>) const override { return {}; }
  std::unique_ptr<ComposerLayer<float>> layer(size_t, Parameters<float>&) const override { return nullptr; }
  std::unique_ptr<ComposerLayer<double>> layer(size_t, Parameters<double>&) const override { return nullptr; }

  static void visit(ComposerOptions&, SettingVisitor&) {}
  template <bool kHasTaskPrompts>
  static std::unique_ptr<const Composer> fit(const ComposerOptions&, const TrainingPart&) {
    return std::make_unique<UnpersonalComposer>(kHasTaskPrompts);
  }
  template <bool kHasTaskPrompts>
  static std::unique_ptr<const Composer> load(const ComposerOptions&, const StoredComposer&) {
    return std::make_unique<UnpersonalComposer>(kHasTaskPrompts);
  }

 private:
  bool has_task_prompts_;
};

}  // namespace peapod
