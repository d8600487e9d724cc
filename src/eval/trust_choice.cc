#include "eval/trust_choice.h"

#include "eval/metrics.h"

namespace peapod {
namespace {

// Tried one after the other, each beside the best of those before; the first beside a weight of 1.
constexpr double kFirstAppraisal = 0.5;
constexpr double kTrusts[] = {0.0, 0.3, 0.5, 0.7, 1.0};
constexpr double kAppraisals[] = {0.0, 0.3, 0.7, 1.0};
constexpr double kWeights[] = {0.5, 0.7, 1.5};

}  // namespace

std::optional<TrustChoice> choose_search_trust(PeapodModel& model, Task task, Precision precision,
                                               const EvaluationOptions& options,
                                               const std::function<bool()>& stop_requested) {
  const SearchTrust before = model.search_trust(task);
  const Answerer answerer(model, {.precision = precision, .explains = false});
  const auto protocol = task == Task::topn ? topn_ranks : sequential_ranks;
  TrustChoice best{.trust = before, .ndcg10 = -1};
  bool stopped = false;
  const auto try_out = [&](const SearchTrust& trust) {
    stopped = stopped || (stop_requested && stop_requested());
    if (stopped) return;
    model.set_search_trust(task, trust);
    const double ndcg10 = metric_mean(kChosenBy, protocol(model, answers_of(answerer), options));
    if (trust == kRecallAlone) best.recall_ndcg10 = ndcg10;
    if (ndcg10 > best.ndcg10) {
      best.trust = trust;
      best.ndcg10 = ndcg10;
    }
  };
  const bool appraises = model.network().config().appraises;
  try_out(kRecallAlone);
  for (const double trust : kTrusts) {
    const SearchTrust tried{.trust = trust, .appraisal = appraises ? kFirstAppraisal : 0.0};
    if (tried != kRecallAlone) try_out(tried);
  }
  const double trust = best.trust.trust;
  for (const double appraisal : kAppraisals) {
    if (appraises) try_out({.trust = trust, .appraisal = appraisal});
  }
  const SearchTrust chosen = best.trust;
  for (const double weight : kWeights) {
    if (chosen != kRecallAlone) try_out({.trust = chosen.trust, .appraisal = chosen.appraisal, .weight = weight});
  }
  try_out(kNetworkAlone);
  model.set_search_trust(task, stopped ? before : best.trust);
  if (stopped) return std::nullopt;
  return best;
}

}  // namespace peapod
