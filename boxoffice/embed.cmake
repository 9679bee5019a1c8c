# Writes OUTPUT, a C++ file with the content of all files in FOLDER/templates and FOLDER/static.
# Run as a script: cmake -DFOLDER=... -DOUTPUT=... -P embed.cmake
function(embed folder name into)
  set(text "std::span<const Asset> ${name}() {\n  static constexpr Asset kAll[] = {\n")
  file(GLOB files ${folder}/*)
  list(SORT files)
  foreach(file ${files})
    get_filename_component(base ${file} NAME)
    file(SHA256 ${file} hash)
    string(SUBSTRING ${hash} 0 12 hash)
    file(READ ${file} content)
    string(APPEND text "      {\"${base}\", \"${hash}\", R\"EMBEDDED(${content})EMBEDDED\"},\n")
  endforeach()
  set(${into} "${text}  };\n  return kAll;\n}\n" PARENT_SCOPE)
endfunction()

embed(${FOLDER}/templates templates templates)
embed(${FOLDER}/static static_files static_files)
file(WRITE ${OUTPUT} "// Written by embed.cmake.\n#include \"assets.h\"\n\n"
  "namespace understudy::boxoffice {\n\n${templates}\n${static_files}\n}\n")
