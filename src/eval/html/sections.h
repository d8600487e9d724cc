// The sections of the page (eval/html/page.h), each with its heading; empty where there is nothing to show. Pure
// functions that use all threads.
#pragma once

#include <string>
#include <vector>

#include "eval/html/page.h"

namespace peapod::html {

// Names and colours of methods, as charts show them.
std::string legend(const std::vector<std::string>& names);

std::string glance_section(const PageContents& contents);       // NDCG@10 of every method, and the nearest rival
std::string metrics_section(const PageContents& contents);      // all metrics of all methods, with intervals
std::string differences_section(const PageContents& contents);  // the model minus each other method
std::string explanations_section(const PageContents& contents);
std::string breakdown_section(const PageContents& contents);  // by history length and target popularity
std::string training_section(const PageContents& contents);
std::string users_section(const PageContents& contents);

}  // namespace peapod::html
