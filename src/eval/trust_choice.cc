#include "eval/trust_choice.h"

#include "eval/metrics.h"

namespace peapod {
namespace {

constexpr double kTrusts[] = {0.0, 0.3, 0.5, 0.7, 1.0};  // beside a weight of 1
constexpr double kWeights[] = {0.0, 0.5, 0.7, 1.5};      // beside the best of these, if it is above 0

}  // namespace

void choose_search_trust(PeapodModel& model, Precision precision, const EvaluationOptions& options,
                         const std::function<void(const TrustChoiceStep&)>& report) {
  if (model.recall() == nullptr || model.dataset().evaluated_users().empty()) return;
  const Answerer answerer(model, {.precision = precision, .explains = false});
  for (const Task task : {Task::sequential, Task::topn}) {
    EvaluationOptions evaluation = options;
    if (task == Task::topn) evaluation.max_users = (options.max_users + 2) / 3;
    const auto protocol = task == Task::topn ? topn_ranks : sequential_ranks;
    TrustChoiceStep best{.task = task, .trust = {}, .ndcg10 = -1};
    const auto try_out = [&](const SearchTrust& trust) {
      model.set_search_trust(task, trust);
      const double ndcg10 = metric_mean(kChosenBy, protocol(model, answers_of(answerer), evaluation));
      if (ndcg10 > best.ndcg10) best = {task, trust, ndcg10};
    };
    for (const double trust : kTrusts) try_out({trust, 1.0});
    const double trust = best.trust.trust;
    for (const double weight : kWeights) {
      if (trust > 0.0) try_out({trust, weight});
    }
    model.set_search_trust(task, best.trust);
    if (report) report(best);
  }
}

}  // namespace peapod
