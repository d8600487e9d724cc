// `peapod prepare`: raw files -> prepared directory.
#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/files.h"
#include "base/output_lock.h"
#include "base/progress.h"
#include "cli/commands.h"
#include "cli/flags.h"
#include "cli/measurement.h"
#include "cli/output.h"
#include "cli/terminal.h"
#include "data/item_ids.h"
#include "data/preparation.h"
#include "prefs/item_codes.h"
#include "sources/raw_log.h"
#include "sources/source_reader.h"

namespace peapod::cli {
namespace {

struct PrepareFlags {
  std::vector<std::string> sources;
  std::string out;
  std::string items;
  std::string format = "auto";
  std::string ids = "collaborative";
  std::string split{name_of(SplitRule::leave_one_out)};
  std::string repeats{name_of(Repeats::merge)};
  std::vector<std::string> event_weights;
  ReadOptions read;
  PreparationOptions preparation;
};

std::string count(uint64_t number) { return readable_count(static_cast<double>(number)); }

std::string shown_rejects(const Rejects& rejects) {
  constexpr size_t kShown = 8;
  const std::vector<RejectReason> reasons = rejects.reasons();
  std::string text;
  uint64_t shown = 0;
  for (const RejectReason& reason : std::span(reasons).first(std::min(kShown, reasons.size()))) {
    const std::string lines = reason.count == 1
                                  ? fmt::format("1 {}: ", reason.first.unit)
                                  : fmt::format("{} {}s, the first: ", count(reason.count), reason.first.unit);
    text += fmt::format("{:<14}{}{}\n", text.empty() ? "rejected" : "", lines, describe(reason.first));
    shown += reason.count;
  }
  if (shown < rejects.count()) text += fmt::format("{:<14}{} for other reasons\n", "", count(rejects.count() - shown));
  return text;
}

// What became of interactions with items that their users had had before, and what would suit so many of them.
std::string shown_repeats(const PreparedData& data) {
  constexpr double kMany = 0.1;
  const SourceSummary& read = data.source;
  if (read.repeats == 0) return {};
  const double share = static_cast<double>(read.repeats) / static_cast<double>(read.interactions);
  const bool kept = data.repeats == Repeats::keep;
  std::string text =
      fmt::format("repeats       {} of {} interactions ({:.1f} %) are with an item that the user had before: {}\n",
                  count(read.repeats), count(read.interactions), 100 * share,
                  kept ? "kept, and such items are recommended too" : "left out, and only new items are recommended");
  if (share >= kMany && !kept) {
    text += "              people come back to the same items here: --repeats keep learns and recommends that too\n";
  }
  if (share < kMany && kept) {
    text += "              people seldom come back to the same items here: --repeats merge recommends new ones alone\n";
  }
  return text;
}

// What the filter costs; nothing where it leaves out nothing.
std::string shown_filter(const PreparedData& data) {
  SourceSummary read = data.source;
  if (data.repeats == Repeats::merge) read.interactions -= read.repeats;
  if (read.interactions == data.num_interactions()) return {};
  return fmt::format("left out      {} of {} interactions, {} of {} users and {} of {} items, which have fewer\n",
                     count(read.interactions - data.num_interactions()), count(read.interactions),
                     count(read.users - data.users.size()), count(read.users), count(read.items - data.items.size()),
                     count(read.items));
}

std::string summary_of(const PreparedData& data, const Rejects& rejects, const PrepareFlags& flags) {
  const auto core = [](uint32_t least, const char* what) {
    return least <= 1 ? std::string() : fmt::format(" (each has {} {} or more)", least, what);
  };
  std::string text = fmt::format("data set      {} ({})\n", data.name, name_of(data.format));
  for (const std::string& line : data.source.reading) {
    text += fmt::format("{:<14}{}\n", &line == data.source.reading.data() ? "read" : "", line);
  }
  text += fmt::format("users         {}{}\n", data.users.size(), core(data.min_user, "interactions"));
  text += fmt::format("items         {}{}\n", data.items.size(), core(data.min_item, "interactions"));
  text += fmt::format("interactions  {}\n", data.num_interactions());
  text += shown_repeats(data);
  text += shown_filter(data);
  text += fmt::format("explanations  {}\n", data.explanations.size());
  if (data.split == SplitRule::none) {
    text += "held out      nothing: `train` needs --max-steps or --time-limit, `evaluate` has nothing to measure\n";
  }
  if (data.num_explanations_of_held_out > 0) {
    text += fmt::format("left out      {} training explanations of validation or test items\n",
                        data.num_explanations_of_held_out);
  }
  if (data.num_explanations_of_dropped > 0) {
    text += fmt::format("left out      {} explanations of users or items with too few interactions\n",
                        data.num_explanations_of_dropped);
  }
  text += shown_rejects(rejects);
  text += fmt::format("item ids      {}\n", flags.ids);
  if (flags.ids == name_of(IdScheme::sequential)) {
    text +=
        "              Warning: these numbers follow the order of first appearance, test items included. They\n"
        "              give answers away; results on them compare only with papers that did the same.\n";
  }
  return text + fmt::format("written to    {}\n", flags.out);
}

// Shows how far reading has come: the share of a file's bytes, of which gzip hides the number of rows; else the rows.
RawLog read_with_bar(PrepareFlags& flags) {
  std::optional<Progress> bar;
  flags.read.progress = [&](uint64_t rows, double share) {
    if (share > 0) {
      if (!bar) bar.emplace(progress_output(), "reading", 100.0, "%");
      bar->update(100 * share, count(rows) + " rows");
    } else {
      if (!bar) bar.emplace(progress_output(), "reading", 0.0, "rows");
      bar->update(static_cast<double>(rows));
    }
  };
  RawLog log = read_source(flags.sources.front(), flags.read);
  if (bar) bar->finish();
  return log;
}

void prepare_data(PrepareFlags& flags) {
  require_replaceable(flags.out, Dataset::file_names());
  const IdScheme scheme = kIdSchemes.parse(flags.ids);
  flags.read.format = kSourceFormats.parse(flags.format);
  flags.read.items = flags.items;
  flags.read.event_weights = event_weights_of(flags.event_weights);
  if (!flags.items.empty() && !std::filesystem::is_regular_file(flags.items)) {
    throw Error(flags.items, "is no file", "name a table of items with `--items`");
  }
  const OutputLock lock(flags.out, Dataset::file_names(), "`peapod prepare`");
  flags.preparation.split = kSplitRules.parse(flags.split);
  flags.preparation.repeats = kRepeats.parse(flags.repeats);
  flags.read.more.assign(flags.sources.begin() + 1, flags.sources.end());
  RawLog log = read_with_bar(flags);
  const Rejects rejects = log.rejects;
  const PreparedData data = prepare(std::move(log), flags.preparation);
  std::vector<std::string> texts;
  for (const ItemInfo& item : data.items) texts.push_back(item_text(item.title, item.categories));
  const ItemIds ids = assign_item_ids(
      scheme, {.train = data.train_histories(), .all = data.histories(), .num_items = data.num_items(), .texts = texts},
      flags.preparation.seed);
  write_dataset(flags.out, data, ids);
  const Dataset written = Dataset::open(flags.out);
  const TargetCounts targets = count_targets(written, written.evaluated_users(), Split::test);
  print(summary_of(data, rejects, flags) + sentences_on(targets, "note          "));
}

}  // namespace

void add_prepare(CLI::App& app) {
  CLI::App* command = app.add_subcommand("prepare", "Turn raw interactions into a data set to train and evaluate on");
  const auto flags = std::make_shared<PrepareFlags>();
  command
      ->add_option("source", flags->sources,
                   "File or folder with the raw data, of tables also several files; - for a table on standard input; "
                   "sqlite:FILE or postgresql://user@host/name for a database")
      ->type_name("SOURCE")
      ->required();
  command->add_option("--out", flags->out, "Directory to write; a prepared one is replaced")->required();
  command->add_option("--format", flags->format, "Format of the source")
      ->check(CLI::IsMember(kSourceFormats.names()))
      ->capture_default_str();
  command->add_option("--query", flags->read.query, "SELECT of a database, whose rows are the table")
      ->type_name("SQL")
      ->check(name_check("a SELECT"));
  for (size_t role = 0; role < kColumnRoles.size(); ++role) {
    command
        ->add_option(fmt::format("--{}", kColumnRoles[role]), flags->read.columns[role],
                     "Column of a table: its name, or its position from 1 [by the usual names]")
        ->type_name("COLUMN");
  }
  const RealRange ratings;
  command->add_option("--min-rating", flags->read.min_rating, "Leave out rows with a lower rating")
      ->type_name(shown_in_help(ratings))
      ->check(number_check(ratings));
  command
      ->add_option(
          "--event-weight", flags->event_weights,
          "What rows count by their event, 0 to 1: a row makes an interaction where those of its user and item "
          "come to 1; events that are not named are left out")
      ->type_name("EVENT=WEIGHT")
      ->delimiter(',')
      ->allow_extra_args(false);
  command
      ->add_option("--items", flags->items, "Table of items beside it, for titles, categories, prices and availability")
      ->type_name("FILE");
  command->add_option("--ids", flags->ids, "How items are named to the model; sequential leaks test items")
      ->check(CLI::IsMember(kIdSchemes.names()))
      ->capture_default_str();
  command
      ->add_option("--split", flags->split,
                   "What is held out of each user: the last two items, or nothing, for data too small for that")
      ->check(CLI::IsMember(kSplitRules.names()))
      ->capture_default_str();
  command
      ->add_option("--repeats", flags->repeats,
                   "What counts where a user comes back to an item: the first time, or every time; with keep, what "
                   "somebody has had is recommended too")
      ->check(CLI::IsMember(kRepeats.names()))
      ->capture_default_str();
  add_number(*command, "--min-user", flags->preparation.min_user, kAnyCount,
             "Leave out users with fewer interactions [tables 1, pod 0, others 5]");
  add_number(*command, "--min-item", flags->preparation.min_item, kAnyCount,
             "Leave out items with fewer interactions [tables 2, pod 0, others 5]");
  add_number(*command, "--seed", flags->preparation.seed, kAnySeed,
             "Seed of negatives, ids and the order of equal times");
  command->add_option("--name", flags->preparation.name, "Name of the data set [from the source]");
  add_number(*command, "--max-bad-lines", flags->read.max_bad_lines_percent, RealRange{0, 100},
             "Percent of a file's lines that may be unusable");
  command->callback([flags] { prepare_data(*flags); });
}

}  // namespace peapod::cli
