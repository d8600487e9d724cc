// Chooses how far the search trusts the network and how far what is recalled, for a ranking task, on validation targets
// after training. The network alone and recall alone are among the choices: for the users that are looked at, adding
// either to the other makes nothing worse.
#pragma once

#include <functional>
#include <optional>

#include "base/task.h"
#include "eval/protocols.h"
#include "model/peapod_model.h"

namespace peapod {

struct TrustChoice {
  SearchTrust trust;
  double ndcg10 = 0;         // of the users that were looked at
  double recall_ndcg10 = 0;  // of the same, by what is recalled alone
};

// Sets the model's trust for sequential or topn and returns it; nothing where `stop_requested` (may be empty) says so
// first: the trust is what it was then. Looks at options.max_users users of options.split. REQUIRES: a model that
// recalls and a data set with evaluated users.
std::optional<TrustChoice> choose_search_trust(PeapodModel& model, Task task, Precision precision,
                                               const EvaluationOptions& options,
                                               const std::function<bool()>& stop_requested = {});

}  // namespace peapod
