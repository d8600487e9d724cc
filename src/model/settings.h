// Named settings that are stored: whoever has some shows them to a visitor, one after the other, in one function that
// serves writing as well as reading. Visitors are in model/description.cc. Plain interface; one thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace peapod {

class SettingVisitor {
 public:
  virtual ~SettingVisitor() = default;
  virtual void size(std::string_view name, size_t& value) = 0;    // 1 to 4,096: of something that memory is taken for
  virtual void number(std::string_view name, double& value) = 0;  // above 0
  virtual void seed(std::string_view name, uint64_t& value) = 0;
};

}  // namespace peapod
