#include "base/error.h"

#include <utility>

namespace peapod {

Error::Error(std::string where, std::string problem, std::string remedy)
    : where_(std::move(where)), problem_(std::move(problem)), remedy_(std::move(remedy)) {
  if (!where_.empty()) message_ = where_ + ": ";
  message_ += problem_;
  if (!remedy_.empty()) message_ += "; " + remedy_;
}

}  // namespace peapod
