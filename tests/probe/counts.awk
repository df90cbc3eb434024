# counts.awk - compares what oclgrind counted of each kernel with the line "count ..." that gable-probe-host prints after it.
# Prints TAP.
function value(key,    i, kv) {
    for (i = 1; i <= NF; i++) if (split($i, kv, "=") == 2 && kv[1] == key) return kv[2]
    return ""
}
function bytes() { match($0, /\([0-9]+ bytes\)/); return substr($0, RSTART + 1, RLENGTH - 8) + 0 }
function must(what, got, want) {
    if (got + 0 != want + 0) wrong = wrong sprintf("#   %s: counted %d, formula %d\n", what, got, want)
}
/^Instructions executed for kernel/ { kernel = $5; gsub(/[':]/, "", kernel); loads = stores = fma = 0 }
/- load global \(/ { loads = bytes() }
/- store global \(/ { stores = bytes() }
/- call _Z3fmafff\(\)/ { fma = $1 }
/^count / {
    name = $0; sub(/.*# /, "", name)
    wrong = ""
    if (kernel != $2) wrong = "#   the emulator counted " kernel "\n"
    must("multiply-adds", fma, value("fma"))
    must("bytes read", loads, value("loads"))
    must("bytes written", stores, value("stores"))
    exact = value("exact")
    if (exact ~ /F/) must("FLOPs needed", 2 * fma, value("flops"))
    if (exact ~ /T/) must("FLOPs of whole tiles", 2 * fma, value("tile_flops"))
    if (exact ~ /B/) must("bytes needed", loads + stores - value("aside"), value("bytes"))
    printf "%s %d - counted: %s%s\n%s", wrong == "" ? "ok" : "not ok", ++n, name, exact == "" ? "" : " (formula exact: " exact ")", wrong
    if (wrong != "") failed = 1
    kernel = ""
}
END { print "1.." n; exit failed || !n }
