# The law of includes. Input: lines "FILE:LINE:#include ..." of the whole tree; variable `files`: a file that lists
# every file. Prints "FILE:LINE: what is wrong".
#
#   policies/policy.h   only the C library; everyone may include it
#   policies/*/*.c      policy.h and nothing else; nobody includes a policy
#   base <- models, traces <- sim <- reports <- validate <- lib <- cli; models and traces do not know each other
#   third parties       each in its own file or room
function room_of(f) { return index(f, "/") ? substr(f, 1, index(f, "/") - 1) : "" }
function complain(why) { print file ":" line ": " why }

# a/b/../c -> a/c
function normal(p,    n, i, part, out, k) {
    n = split(p, part, "/"); k = 0
    for (i = 1; i <= n; i++) {
        if (part[i] == "." || part[i] == "") continue
        if (part[i] == ".." && k > 0) { k--; continue }
        out_part[++k] = part[i]
    }
    out = out_part[1]
    for (i = 2; i <= k; i++) out = out "/" out_part[i]
    return out
}
function resolve(name,    dir) {
    dir = file
    sub(/[^\/]*$/, "", dir)
    if (normal(dir name) in exists) return normal(dir name)
    if (normal(name) in exists) return normal(name)
    return ""
}

BEGIN {
    while ((getline f < files) > 0) exists[f] = 1
    below["base"] = " base "
    below["models"] = " base models "
    below["traces"] = " base traces "
    below["sim"] = " base models traces sim "
    below["reports"] = " base models traces sim reports "
    below["validate"] = " base models traces sim reports validate "
    below["lib"] = " base models traces sim reports validate lib "
    below["cli"] = " base models traces sim reports validate lib cli "
    below["tests"] = " base models traces sim reports validate lib cli tests "
    # The only files that may include a third party's header, as patterns.
    only["gsl/"] = "^(base/random\\.c|reports/stats\\.c|validate/fitting\\.c)$"
    only["sqlite3.h"] = "^(reports/|tests/)"
    only["cjson/"] = "^base/doc\\.c$"
    only["cJSON.h"] = "^base/doc\\.c$"
    only["xxhash.h"] = "^base/"
    only["zlib.h"] = "^base/(lines|pack)\\.c$"
    only["zstd.h"] = "^base/(lines|pack)\\.c$"
    only["cuda"] = "^(validate/probe/[^/]*\\.cuh?$|tests/probe/fake/)"
    only["cublas"] = "^(validate/probe/[^/]*\\.cuh?$|tests/probe/fake/)"
    only["nv"] = "^(validate/probe/[^/]*\\.cuh?$|tests/probe/fake/)"
    only["cupti"] = "^(validate/probe/[^/]*\\.cuh?$|tests/probe/fake/)"
    only["cmocka.h"] = "^tests/"
}
{
    file = $0; sub(/:.*/, "", file)
    rest = substr($0, length(file) + 2)
    line = rest; sub(/:.*/, "", line)
    text = substr(rest, length(line) + 2)
    room = room_of(file)
    system_header = text ~ /^[ \t]*#[ \t]*include[ \t]*</
    name = text
    if (!sub(/^[ \t]*#[ \t]*include[ \t]*[<"]/, "", name)) { complain("an include that is no file's name"); next }
    sub(/[>"].*/, "", name)

    if (system_header) {
        if (room == "policies" && file != "policies/policy.h") { complain("a policy includes policy.h and nothing else, not <" name ">"); next }
        for (prefix in only)
            if (index(name, prefix) == 1 && file !~ only[prefix]) complain("<" name "> does not belong into this file")
        next
    }
    if (file == "policies/policy.h") { complain("policy.h includes only the C library"); next }
    target = resolve(name)
    if (target == "") { complain("\"" name "\" is not in the tree"); next }
    if (target == "policies/policy.h") next
    if (room == "policies") { complain("a policy includes policy.h and nothing else, not \"" name "\""); next }
    if (room_of(target) == "policies") { complain("nothing includes a policy"); next }
    if (file ~ /^validate\/.*\.cuh?$/ && room_of(target) != "validate") { complain("the probe stands alone: only validate/ headers"); next }
    if (target ~ /\.c$/ && room != "tests") { complain("a .c file is not for including"); next }
    if (!(room in below)) { complain("the folder \"" room "\" has no place in the house"); next }
    if (!index(below[room], " " room_of(target) " ")) complain(room " may not include " room_of(target))
}
