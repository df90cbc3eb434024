# One JSON document as lines "NAME path value", in its own order; numbers as they are written.
# Left out, unless `all` is set: the scenario's echo, the version, and what depends on the machine's clock and allocator.
function skip_space() { while (substr(s, at, 1) ~ /[ \t\n\r]/) at++ }
function text(    start) { # the string at `at`, without its quotes, escapes as they are
    start = ++at
    while (substr(s, at, 1) != "\"") at += substr(s, at, 1) == "\\" ? 2 : 1
    return substr(s, start, at++ - start)
}
function value(path,    c, key, i, start) {
    skip_space()
    c = substr(s, at, 1)
    if (c == "{" || c == "[") {
        at++
        for (i = 0; ; i++) {
            skip_space()
            if (substr(s, at, 1) ~ /[]}]/) { at++; return }
            if (substr(s, at, 1) == ",") { at++; skip_space() }
            if (c == "{") { key = text(); skip_space(); at++ } else key = i
            value(path == "" ? key : path "." key)
        }
    }
    if (c == "\"") { emit(path, "\"" text() "\""); return }
    start = at
    while (at <= length(s) && substr(s, at, 1) !~ /[],} \t\n\r]/) at++
    emit(path, substr(s, start, at - start))
}
function emit(path, v) {
    if (all || path !~ /^(scenario(\..*)?|version|sim\.wall_s|sim\.peak_rss_mib)$/) print name, path, v
}
{ s = s $0 "\n" }
END { at = 1; value("") }
