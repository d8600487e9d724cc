// Chooses how far the search trusts the network and how far what is recalled, for each ranking task, on validation
// targets after training. Not listening to the network is among the choices, so adding it cannot make the validation
// figures worse than those of recall alone.
#pragma once

#include <functional>

#include "base/task.h"
#include "eval/protocols.h"
#include "model/peapod_model.h"

namespace peapod {

struct TrustChoiceStep {
  Task task = Task::sequential;
  SearchTrust trust;
  double ndcg10 = 0;
};

// Sets the model's search trust. Looks at options.max_users users of options.split (a third as many of top-n, whose
// inputs are long). Does nothing for a model that recalls nothing or a data set without evaluated users. `report`,
// where given, is called with what was chosen for each task.
void choose_search_trust(PeapodModel& model, Precision precision, const EvaluationOptions& options,
                         const std::function<void(const TrustChoiceStep&)>& report = {});

}  // namespace peapod
