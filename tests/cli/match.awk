# Compares b.out, b.err and `code` with b.want; exit 0 when they match, else prints what was expected and what came.

# An expected line as a pattern: parts between stars in part[1..parts].
function compile(s,    i, c, cur) {
    parts = 0; cur = ""
    for (i = 1; i <= length(s); i++) {
        c = substr(s, i, 1)
        if (c == "\\" && i < length(s) && index("*\\", substr(s, i + 1, 1))) { cur = cur substr(s, ++i, 1) }
        else if (c == "*") { part[++parts] = cur; cur = "" }
        else cur = cur c
    }
    part[++parts] = cur
}
function line_matches(want, got,    i, at, last) {
    compile(want)
    if (parts == 1) return got == part[1]
    if (substr(got, 1, length(part[1])) != part[1]) return 0
    got = substr(got, length(part[1]) + 1)
    for (i = 2; i < parts; i++) {
        at = index(got, part[i])
        if (part[i] != "" && !at) return 0
        if (part[i] != "") got = substr(got, at + length(part[i]))
    }
    last = part[parts]
    return length(got) >= length(last) && substr(got, length(got) - length(last) + 1) == last
}
# Lines i.. of w against lines j.. of g; the last "..." that failed is tried one line further.
function all_match(w, nw, g, ng,    i, j, back_i, back_j) {
    i = 1; j = 1; back_i = 0
    while (j <= ng || i <= nw) {
        if (i <= nw && w[i] == SKIP) { back_i = ++i; back_j = j; continue }
        if (i <= nw && j <= ng && line_matches(w[i], g[j])) { i++; j++; continue }
        if (!back_i || back_j > ng) return 0
        i = back_i; j = ++back_j
    }
    return 1
}
function read_lines(file, a,    n, s) {
    n = 0
    while ((getline s < file) > 0) a[++n] = s
    close(file)
    return n
}
function trim(a, n) { while (n > 0 && a[n] == "") n--; return n }
function unescape(s) { return s ~ /^\\([#$>!?]|\.\.\.)/ ? substr(s, 2) : s }
function show(tag, a, n,    i) { for (i = 1; i <= n; i++) print tag (a[i] == SKIP ? "..." : a[i]) }

BEGIN {
    SKIP = "\034" # stands for a line of three dots; no output line is that
    want_code = 0
    n = read_lines(b ".want", raw)
    for (i = 1; i <= n; i++) {
        if (raw[i] ~ /^!( |$)/) { nwe++; we[nwe] = substr(raw[i], 3); if (we[nwe] == "...") we[nwe] = SKIP }
        else if (raw[i] ~ /^\? /) want_code = substr(raw[i], 3) + 0
        else wo[++nwo] = raw[i] == "..." ? SKIP : unescape(raw[i])
    }
    nwo = trim(wo, nwo); nwe = trim(we, nwe)
    ngo = trim(go, read_lines(b ".out", go)); nge = trim(ge, read_lines(b ".err", ge))
    ok_out = all_match(wo, nwo, go, ngo); ok_err = all_match(we, nwe, ge, nge)
    if (ok_out && ok_err && code == want_code) exit 0
    if (code != want_code) print "exit status " code ", expected " want_code
    if (!ok_out) { print "--- expected on standard output"; show("- ", wo, nwo); print "+++ came"; show("+ ", go, ngo) }
    if (!ok_err) { print "--- expected on standard error"; show("- ", we, nwe); print "+++ came"; show("+ ", ge, nge) }
    exit 1
}
