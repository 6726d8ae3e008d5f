# Run by embed.cmake: FILE, HEADER.
file(READ ${FILE} text)
string(REGEX REPLACE "(^|\n)#[^\n]*" "\\1" text "${text}")
string(REGEX REPLACE "[ \n]+" " " text "${text}")
string(REPLACE "\\" "\\\\" text "${text}")
string(REPLACE "\"" "\\\"" text "${text}")
string(REPLACE "; def " ";\"\n    \" def " text "${text}")
file(WRITE ${HEADER} "/* Made from prelude.jq. */\n#pragma once\nstatic const char tp_prelude[] =\n    \"${text}\";\n")
