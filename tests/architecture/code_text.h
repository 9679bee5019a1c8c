#pragma once
// C++ text looked at without a compiler: without its comments and literals, and function by
// function.

#include <string>
#include <vector>

namespace understudy::architecture {

/// The same text, line for line, with comments and the insides of string and character literals
/// blanked. #include lines keep their targets out too.
[[nodiscard]] std::string code_only(const std::string& text);

/// What starts at an opening brace outside any other function and is called like one.
struct Function {
  std::string head;  ///< its declaration, shortened
  int line = 0;      ///< where the declaration starts
  int lines = 0;     ///< from there to the closing brace
};

/// By braces alone: a block whose head has a parameter list and no `=` is a function; namespaces
/// and classes are looked into, functions and initialisers are not.
[[nodiscard]] std::vector<Function> functions_in(const std::string& text);

}  // namespace understudy::architecture
