# cmake -DOUT=x.c -DTABLE=page_files -DFILES=a;b -P Embed.cmake — files as one table of base/embed.h
# (gcc 12 has no #embed).
set(arrays "")
set(rows "")
set(count 0)
foreach(path IN LISTS FILES)
    get_filename_component(name "${path}" NAME)
    file(READ "${path}" hex HEX)
    string(REGEX REPLACE "(..)" "0x\\1," bytes "${hex}")
    string(APPEND arrays "static const unsigned char file_${count}[] = {${bytes}};\n")
    string(APPEND rows "    { \"${name}\", { (const char *)file_${count}, sizeof(file_${count}) } },\n")
    math(EXPR count "${count} + 1")
endforeach()
file(WRITE "${OUT}" "#include \"base/embed.h\"\n\n${arrays}\nextern const struct embedded ${TABLE}[];\nconst struct embedded ${TABLE}[] = {\n${rows}    { 0 },\n};\n")
