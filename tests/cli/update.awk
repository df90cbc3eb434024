# Writes a transcript anew: blocks with from/N.update (the exit status) get what came, all else stays.
function escape(s, start) {
    gsub(/\\/, "\\\\", s)
    gsub(/\*/, "\\*", s)
    if (start && s ~ /^([#$>!?]|\.\.\.$)/) s = "\\" s
    return s
}
function came(    s, code, file) {
    file = from "/" n ".out"
    while ((getline s < file) > 0) print escape(s, 1)
    close(file)
    file = from "/" n ".err"
    while ((getline s < file) > 0) print "! " escape(s, 0)
    close(file)
    if (code_of[n] != 0) print "? " code_of[n]
    written = 1
}
function flush_block() { if (n && fresh && !written) { came(); for (; blanks > 0; blanks--) print "" } blanks = 0 }
/^\$ / {
    flush_block()
    n++; written = 0; blanks = 0
    fresh = ((getline code_of[n] < (from "/" n ".update")) > 0)
    print; next
}
/^> / && n && !written { print; next }
# A comment inside a rewritten block stays, behind what came.
/^#/ { flush_block(); print; next }
n && fresh { if ($0 == "") blanks++; else blanks = 0; next }
{ print }
END { flush_block() }
