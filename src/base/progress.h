// Tells a waiting person how far a long job is: a bar with speed and time left on a terminal, a plain line every ten
// seconds elsewhere (logs, CI). Prints only to the stream it is given, which only the command line does.
// One thread at a time.
#pragma once

#include <functional>
#include <iosfwd>
#include <string>
#include <string_view>

namespace peapod {

struct ProgressOutput {
  enum class Style {
    lines,  // a line when a job starts, every kSecondsBetweenLines and when it ends
    bar,    // one line, redrawn in place
  };
  static constexpr double kSecondsBetweenLines = 10;
  static constexpr double kSecondsBetweenRedraws = 0.1;

  std::ostream* stream = nullptr;        // must outlive the Progress; null prints nothing
  Style style = Style::lines;            // `bar` needs a terminal of at least 80 columns
  std::function<double()> seconds = {};  // a clock that never runs backwards; empty: the steady clock
};

class Progress {
 public:
  // what:  names the job, e.g. "training"
  // total: amount of work in `unit`s; 0 where it is not known, which leaves out the bar, the share and the time left
  // unit:  plural, e.g. "steps"
  Progress(ProgressOutput output, std::string what, double total, std::string unit);
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;
  // Ends the line of an unfinished bar, so that an error message does not land on it.
  ~Progress();

  // Work done so far, including what an earlier run did; `note` stands at the end of the line, e.g. "loss 3.21".
  // The first call marks the start: speed is measured from there. Cheap enough to call after every step.
  void update(double done, std::string_view note = {});

  // Prints the last state as a line that stays, with the time taken. Further calls do nothing.
  void finish();

 private:
  void print(bool last);
  std::string line(double now, bool last) const;

  ProgressOutput output_;
  std::string what_;
  double total_;
  std::string unit_;
  std::string note_;
  double done_ = 0;
  double start_done_ = 0;
  double start_seconds_ = 0;
  double printed_seconds_ = 0;
  size_t printed_width_ = 0;  // of the bar on the screen, to blank what a shorter one leaves
  bool started_ = false;
  bool finished_ = false;
};

// A length of time as people write it: "0.4 s", "12 s", "3:07", "1:02:45".
std::string readable_seconds(double seconds);

// A count with three significant digits or all digits before the point, and commas: "0.25", "12.3", "1,234".
std::string readable_count(double count);

}  // namespace peapod
