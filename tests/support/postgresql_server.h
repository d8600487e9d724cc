// For tests: a PostgreSQL server of their own, from Debian's package `postgresql`. It is reached by a socket in a
// scratch folder, over no network, and ends with the object; should the test be killed, the kernel ends the server.
#pragma once

#include <grp.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "support/scratch_folder.h"

namespace peapod {

class PostgresqlServer {
 public:
  // The folder of the server's programs; empty where they are not installed.
  static std::filesystem::path programs() {
    std::error_code ignored;
    for (const auto& version : std::filesystem::directory_iterator("/usr/lib/postgresql", ignored)) {
      if (std::filesystem::exists(version.path() / "bin/initdb")) return version.path() / "bin";
    }
    return {};
  }

  // Starts a server with the database `shop` of the user `owner`. Requires programs(). The user `guest` has to give a
  // password, nobody else has.
  PostgresqlServer() {
    if (::geteuid() == 0 && ::chown(folder_.path().c_str(), kNobody, kNobody) != 0) {
      throw std::runtime_error("cannot give the folder away");
    }
    const std::string data = (folder_.path() / "data").string();
    wait_for(begin({"initdb", "-D", data, "-U", "owner", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"}),
             "initdb");
    std::ofstream(data + "/pg_hba.conf") << "local all guest scram-sha-256\nlocal all all trust\n";
    // Durability costs time and is of no use here. A time zone and a style of dates that nobody expects are.
    server_ = begin({"postgres", "-D", data, "-k", folder_.path().string(), "-c", "listen_addresses=", "-c",
                     "fsync=off", "-c", "datestyle=German", "-c", "timezone=Asia/Kolkata", "-c", "lc_messages=C"});
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    while (run_sql("SELECT 1", "postgres") != 0) {
      if (std::chrono::steady_clock::now() > end) {
        stop();
        throw std::runtime_error("the server does not start: " + log());
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
    }
    sql("CREATE DATABASE shop", "postgres");
  }
  PostgresqlServer(const PostgresqlServer&) = delete;
  PostgresqlServer& operator=(const PostgresqlServer&) = delete;
  ~PostgresqlServer() { stop(); }

  // Runs statements; throws where one fails.
  void sql(const std::string& statements, const std::string& database = "shop") {
    if (run_sql(statements, database) != 0) throw std::runtime_error("psql: " + log());
  }

  // The socket's folder stands as a parameter. user: also `name:password`.
  std::string url(const std::string& user = "owner", const std::string& database = "shop") const {
    return "postgresql://" + user + "@/" + database + "?host=" + folder_.path().string();
  }

  // Ends the server at once, in the midst of whatever it does.
  void stop() {
    if (server_ <= 0) return;
    ::kill(server_, SIGQUIT);
    ::waitpid(server_, nullptr, 0);
    server_ = 0;
  }

 private:
  static constexpr uid_t kNobody = 65534;  // the server refuses to run as root

  int run_sql(const std::string& statements, const std::string& database) {
    const std::string file = folder_.write("statements.sql", statements).string();
    return status_of(begin({"psql", "-h", folder_.path().string(), "-U", "owner", "-d", database, "-q", "-X", "-v",
                            "ON_ERROR_STOP=1", "-f", file}));
  }

  std::string log() const {
    std::ifstream in(folder_.path() / "log");
    return {std::istreambuf_iterator<char>(in), {}};
  }

  // Starts a program of PostgreSQL's that ends with this process; what it prints goes to log().
  pid_t begin(std::vector<std::string> words) {
    words.front() = (programs() / words.front()).string();
    const std::string log = (folder_.path() / "log").string();
    std::vector<char*> arguments;
    for (std::string& word : words) arguments.push_back(word.data());
    arguments.push_back(nullptr);
    const pid_t child = ::fork();
    if (child != 0) return child;
    const bool free =
        ::geteuid() != 0 || (::setgroups(0, nullptr) == 0 && ::setgid(kNobody) == 0 && ::setuid(kNobody) == 0);
    // Behind the change of user, which takes the signal back.
    if (free && ::prctl(PR_SET_PDEATHSIG, SIGQUIT) == 0 && ::chdir("/") == 0 &&
        std::freopen(log.c_str(), "a", stdout) != nullptr && ::dup2(STDOUT_FILENO, STDERR_FILENO) >= 0) {
      ::execv(arguments.front(), arguments.data());
    }
    ::_exit(127);
  }

  static int status_of(pid_t child) {
    int status = 0;
    ::waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }
  void wait_for(pid_t child, const char* what) const {
    if (status_of(child) != 0) throw std::runtime_error(std::string(what) + " failed: " + log());
  }

  ScratchFolder folder_;
  pid_t server_ = 0;
};

}  // namespace peapod
