// The one exception type of the project. Library code throws it for anything that an input, a file or a request got
// wrong; `main` catches it. Our own bugs are asserts or std::logic_error, never an Error.
#pragma once

#include <exception>
#include <string>

namespace peapod {

class Error : public std::exception {
 public:
  // where:   file, `file:line` or field concerned, e.g. `reviews.jsonl:1482: field "overall"` or `task_share`; may be
  //          empty
  // problem: what was found and what was expected
  // remedy:  what to do about it; may be empty
  // Libraries name the settings that they are called with as fields, in snake_case: alone as `where`, in backticks
  // within `remedy`. The command line prints the flags of these names instead.
  Error(std::string where, std::string problem, std::string remedy = {});

  const char* what() const noexcept override { return message_.c_str(); }
  const std::string& where() const { return where_; }
  const std::string& problem() const { return problem_; }
  const std::string& remedy() const { return remedy_; }

 private:
  std::string where_;
  std::string problem_;
  std::string remedy_;
  std::string message_;  // `where: problem; remedy`
};

}  // namespace peapod
