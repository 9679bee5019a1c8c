#pragma once
// The words of the commands in transition_commands.h.

#include <CLI/CLI.hpp>
#include <functional>

#include "cli/transition_commands.h"

namespace understudy {

/// -f, --data and --port-base.
void add_where(CLI::App* command, Where& where);

/// Where the words are kept; they outlive the parse.
struct TransitionPlaces {
  Where& where;
  TransitionWords& words;
  ControlWords& control;
};

/// `chosen` becomes the command that was typed.
void add_transition_words(CLI::App& app, TransitionPlaces places, std::function<Exit()>& chosen);

}  // namespace understudy
